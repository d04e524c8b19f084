"""Roles are given and taken by administrators, of whom there is always one left."""

import asyncio

import pytest

from domain.audit.audit import Audit
from domain.audit.model import AUDIT, Actor
from domain.auth.model import Principal, SessionView
from domain.auth.roles import OwnRoles, Roles, SetRoles
from domain.auth.tokens import TokenRevoked
from domain.core.collection import StorageConflict
from domain.core.errors import Forbidden, NotFound
from domain.core.ids import UserId, new_id
from domain.users.model import Role
from tests.support.accounts import Accounts

NOBODY = UserId("nobody")


@pytest.fixture
def roles(accounts: Accounts) -> Roles:
    return Roles(accounts.database, accounts.users, accounts.auth, Audit(accounts.clock, new_id))


async def an_admin(accounts: Accounts, username: str) -> Principal:
    session = await accounts.register(username)
    await accounts.change_user(session.user.id, {"$set": {"roles": ["admin"]}})
    accounts.clock.advance(1)
    return await accounts.auth.authenticate(session.access_token)


async def give(roles: Roles, by: Principal, to: SessionView | Principal, *given: Role) -> None:
    user = to.user_id if isinstance(to, Principal) else to.user.id
    await roles.set(by, Actor(kind="user", id=by.user_id), UserId(user), SetRoles(roles=list(given)))


async def test_who_rises_stays_logged_in_and_has_the_role_within_a_second(accounts: Accounts, roles: Roles) -> None:
    admin, ada = await an_admin(accounts, "ruth"), await accounts.register("ada")
    elsewhere = accounts.another_instance()
    assert (await elsewhere.authenticate(ada.access_token)).role == "user"
    await give(roles, admin, ada, "user", "moderator")
    accounts.clock.advance(1)
    assert (await elsewhere.authenticate(ada.access_token)).role == "moderator"
    assert accounts.publisher.told == []


async def test_who_falls_is_logged_out_everywhere(accounts: Accounts, roles: Roles) -> None:
    admin, ada = await an_admin(accounts, "ruth"), await an_admin(accounts, "ada")
    session = await accounts.login("ada")
    elsewhere = accounts.another_instance()
    assert (await elsewhere.authenticate(session.access_token)).role == "admin"
    await give(roles, admin, ada, "user")
    accounts.clock.advance(1)
    with pytest.raises(TokenRevoked):
        await elsewhere.authenticate(session.access_token)
    assert accounts.publisher.told == [(ada.user_id, None, "roles_changed")]
    assert (await accounts.login("ada")).user.roles == ("user",)


async def test_a_fall_cut_off_half_way_is_mended_by_doing_it_again(accounts: Accounts, roles: Roles) -> None:
    admin, ada = await an_admin(accounts, "ruth"), await accounts.register("ada")
    await give(roles, admin, ada, "user")
    assert accounts.publisher.told == [(ada.user.id, None, "roles_changed")]


async def test_nobody_changes_their_own_roles(accounts: Accounts, roles: Roles) -> None:
    admin = await an_admin(accounts, "ruth")
    with pytest.raises(OwnRoles):
        await give(roles, admin, admin, "user")
    assert (await accounts.users.get(admin.user_id)).role == "admin"


async def test_of_two_who_demote_each_other_one_stays(accounts: Accounts, roles: Roles) -> None:
    for round_ in range(10):
        one, other = await an_admin(accounts, f"one-{round_}"), await an_admin(accounts, f"other-{round_}")
        outcomes = await asyncio.gather(
            give(roles, one, other, "user"), give(roles, other, one, "user"), return_exceptions=True
        )
        left = [(await accounts.users.get(who.user_id)).role for who in (one, other)]
        assert sorted(left) == ["admin", "user"]
        assert [type(outcome) for outcome in outcomes if outcome] in ([Forbidden], [StorageConflict])


async def test_a_role_lost_a_moment_ago_gives_none(accounts: Accounts, roles: Roles) -> None:
    """The session may be believed for a second; the rule reads the account."""
    former, ada = await an_admin(accounts, "former"), await accounts.register("ada")
    await accounts.change_user(former.user_id, {"$set": {"roles": ["user"]}})
    with pytest.raises(Forbidden):
        await give(roles, former, ada, "admin")


async def test_a_user_who_is_not_there_has_no_roles(accounts: Accounts, roles: Roles) -> None:
    admin = await an_admin(accounts, "ruth")
    with pytest.raises(NotFound):
        await roles.set(admin, Actor(kind="user", id=admin.user_id), NOBODY, SetRoles(roles=["user"]))


async def test_it_is_on_record(accounts: Accounts, roles: Roles) -> None:
    admin, ada = await an_admin(accounts, "ruth"), await accounts.register("ada")
    await give(roles, admin, ada, "moderator")
    entries = await accounts.database.collection(AUDIT).find({"target": f"user:{ada.user.id}"}, limit=10)
    found = [(e.action, e.actor_id, e.before, e.after) for e in entries if e.action == "user.roles_set"]
    assert found == [("user.roles_set", admin.user_id, {"roles": ["user"]}, {"roles": ["moderator"]})]
