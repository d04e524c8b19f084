import pytest

from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.users.model import Rating
from tests.support.accounts import Accounts


async def test_the_public_view_of_a_user_holds_nothing_private(accounts: Accounts) -> None:
    user = await accounts.users.create(username="Ada", display_name="Ada L", email="ada@example.test")
    assert {
        "id": user.id,
        "username": "Ada",
        "displayName": "Ada L",
        "karma": 0,
        "createdAt": user.created_at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{user.created_at.microsecond // 1000:03}Z",
    } == accounts.users.public(user).wire()


async def test_users_see_their_own_settings_but_no_hash_or_key(accounts: Accounts) -> None:
    user = await accounts.users.create(
        username="Ada", display_name="Ada", email="ada@example.test", password_hash="hash"
    )
    me = (await accounts.own_accounts.me(user)).wire()
    assert {"email", "emailVerified", "guest", "roles", "status", "preferences", "gameProfiles"} < set(me)
    assert not {"passwordHash", "emailKey", "usernameKey", "version"} & set(me)


async def test_a_user_that_does_not_exist_is_not_found(accounts: Accounts) -> None:
    with pytest.raises(NotFound):
        await accounts.users.get(UserId("nobody"))
    assert await accounts.users.get_many([UserId("nobody")]) == {}


async def test_many_users_are_read_at_once(accounts: Accounts) -> None:
    users = [await accounts.users.create(username=name, display_name=name) for name in ("ada", "bob")]
    assert {user.id: user for user in users} == await accounts.users.get_many([UserId(user.id) for user in users])


@pytest.mark.parametrize(("rating", "ordinal"), [(Rating(), 0), (Rating.of(1800, 100), 1500)])
def test_the_ordinal_lies_three_deviations_below_the_estimate(rating: Rating, ordinal: float) -> None:
    assert ordinal == rating.ordinal


async def test_the_highest_role_counts(accounts: Accounts) -> None:
    user = await accounts.users.create(username="ada", display_name="Ada", roles=("admin", "user"))
    assert user.role == "admin"
