"""Takes a person out of a document that others need as well. Pure."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from domain.core.ids import UserId
from domain.core.model import Document
from domain.users.model import User

D = TypeVar("D", bound=Document)

ERASED = UserId("erased")
"""Who stands where somebody stood who is gone."""

TELLING = frozenset(
    {
        *("username", "display_name", "displayName", "name", "from_name", "fromName", "host_name", "lobby_name"),
        *("address", "reason", "description", "before", "after"),
    }
)
"""What an object that names a person may say of them, by its fields."""


def traces_of(user: User) -> re.Pattern[str]:
    """What finds the user in a text: the id, which is nobody else's, or the whole address."""
    addresses = "|".join(re.escape(one) for one in (user.email, user.email_key) if one)
    whole = rf"|(?<![\w.%+-])(?:{addresses})(?![\w-])" if addresses else ""
    return re.compile(re.escape(user.id) + whole)


def without(document: D, user: User) -> D:
    """The document with nobody where it named the user, and without what its parts that named them say of them."""
    return type(document).model_validate(_cleaned(document.model_dump(), traces_of(user)), by_name=True, by_alias=False)


def _cleaned(value: Any, traces: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return traces.sub(ERASED, value)
    if isinstance(value, Mapping):
        is_about = any(isinstance(one, str) and traces.search(one) for one in value.values())
        told = TELLING if is_about else ()
        return {
            _cleaned(key, traces): _untold(one) if key in told else _cleaned(one, traces) for key, one in value.items()
        }
    if isinstance(value, tuple | list):
        return type(value)(_cleaned(one, traces) for one in value)
    return value


def _untold(value: Any) -> str | None:
    return ERASED if isinstance(value, str) else None
