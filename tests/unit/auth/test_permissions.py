"""Roles and what they may do."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from domain.auth.model import Principal
from domain.core.errors import Forbidden
from domain.core.ids import SessionId, UserId
from domain.users.model import ROLES, Role
from domain.users.permissions import GRANTS, PERMISSIONS


def principal(role: Role) -> Principal:
    """Somebody of that role."""
    return Principal(UserId("u"), SessionId("s"), role, datetime(2030, 1, 1, tzinfo=UTC))


def test_a_higher_role_may_all_that_a_lower_one_may() -> None:
    grants = [GRANTS[role] for role in ROLES]
    assert all(lower <= higher for lower, higher in pairwise(grants))
    assert GRANTS["admin"] == set(PERMISSIONS)


@pytest.mark.parametrize("role", ROLES)
def test_who_lacks_a_permission_is_refused(role: Role) -> None:
    for permission in PERMISSIONS:
        if permission in GRANTS[role]:
            principal(role).demand(permission)
        else:
            with pytest.raises(Forbidden):
                principal(role).demand(permission)
