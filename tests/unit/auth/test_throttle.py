"""Pauses after failed logins: they grow, they end, and strangers cannot use them against the owner of an account."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.auth.auth import InvalidCredentials
from domain.auth.throttle import LoginThrottle, Pauses, ThrottleConfig
from domain.core.errors import RateLimited
from storage.redis.factory import open_redis
from storage.redis.failures import RedisFailures
from tests.support.accounts import Accounts
from tests.unit.auth.acts import HOME as CHANGER
from tests.unit.auth.acts import NEW, ask, change, reset

HOME, AWAY = "192.0.2.1", "198.51.100.1"
CHANGED_AT = CHANGER.address


@pytest.fixture(params=["embedded", "servers"])
async def failures(request: pytest.FixtureRequest) -> AsyncIterator[RedisFailures]:
    url = "memory://" if request.param == "embedded" else request.getfixturevalue("redis_url")
    redis = open_redis(url, timeout_s=5)
    yield RedisFailures(redis)
    await redis.aclose()


async def wrong(accounts: Accounts, address: str) -> None:
    with pytest.raises(InvalidCredentials):
        await accounts.login("ada", "wrong", address=address)


async def test_each_failure_beyond_the_allowed_ones_doubles_the_pause_up_to_the_longest(
    failures: RedisFailures,
) -> None:
    pauses = Pauses(after=3, first_s=60, most_s=400)
    for _ in range(3):
        assert await failures.count("a", pauses) == 0
    for pause_ms in (60_000, 120_000, 240_000, 400_000, 400_000):
        assert pause_ms - 30_000 < await failures.count("a", pauses) <= pause_ms
        await failures._redis.hdel("maoga:failures:a", "until")  # as when the pause is over
        assert await failures.count("a", pauses) == 0


async def test_a_pause_counts_nothing(failures: RedisFailures) -> None:
    pauses = Pauses(after=1, first_s=30, most_s=60)
    assert await failures.wait("a", pauses) == 0
    assert await failures.count("a", pauses) == 0
    waits = [await failures.count("a", pauses) for _ in range(20)]
    assert all(0 < wait <= 30_000 for wait in waits)
    assert 0 < await failures.wait("a", pauses) <= 30_000
    await failures.forget("a")
    assert await failures.wait("a", pauses) == 0


async def test_failures_are_forgotten_after_a_while(failures: RedisFailures) -> None:
    pauses = Pauses(after=2, first_s=0.1, most_s=0.2)
    for _ in range(3):
        assert await failures.count("a", pauses) == 0
        await asyncio.sleep(0.25)


async def test_failures_at_once_are_counted_one_by_one(failures: RedisFailures) -> None:
    pauses = Pauses(after=5, first_s=60, most_s=900)
    waits = await asyncio.gather(*(failures.count("a", pauses) for _ in range(50)))
    assert waits.count(0) == 5


async def test_strangers_cannot_lock_the_owner_out_where_they_have_logged_in_before(accounts: Accounts) -> None:
    await accounts.register("ada")
    await accounts.login("ada", address=HOME)
    for n in range(5):
        await wrong(accounts, f"198.51.100.{n}")
    with pytest.raises(RateLimited):
        await accounts.login("ada", address=AWAY)
    await accounts.login("ada", address=HOME)
    await accounts.login("ada@example.test", address=HOME)
    with pytest.raises(RateLimited):
        await accounts.login("ada", address=AWAY)


async def test_the_owners_place_has_its_own_count_which_is_no_larger(accounts: Accounts) -> None:
    await accounts.register("ada")
    await accounts.login("ada", address=HOME)
    for _ in range(5):
        await wrong(accounts, HOME)
    with pytest.raises(RateLimited):
        await accounts.login("ada", address=HOME)
    await accounts.login("ada", address=AWAY)


async def test_a_place_of_one_account_is_none_of_another(accounts: Accounts) -> None:
    for name in ("ada", "bob"):
        await accounts.register(name)
    await accounts.login("bob", address=AWAY)
    for n in range(5):
        await wrong(accounts, f"203.0.113.{n}")
    with pytest.raises(RateLimited):
        await accounts.login("ada", address=AWAY)


async def test_all_names_of_an_account_share_one_count_of_which_nobody_is_told(accounts: Accounts) -> None:
    """Who has used up one name learns at the other what a stranger's name would have told, and no password is right."""
    await accounts.register("ada")
    for _ in range(5):
        await wrong(accounts, AWAY)
    for name in ("ada@example.test", "nobody@example.test"):
        for _ in range(5):
            with pytest.raises(InvalidCredentials):
                await accounts.login(name, address=AWAY)
        with pytest.raises(RateLimited):
            await accounts.login(name, address=AWAY)


async def test_the_right_password_forgets_the_failures_under_every_name(accounts: Accounts) -> None:
    await accounts.register("ada")
    for _ in range(4):
        await wrong(accounts, AWAY)
    await accounts.login("ada@example.test", address=AWAY)
    for _ in range(4):
        with pytest.raises(InvalidCredentials):
            await accounts.login("ada@example.test", "wrong", address=AWAY)
    await accounts.login("ada@example.test", address=AWAY)


@pytest.mark.parametrize("how", ["change", "reset"])
async def test_another_password_forgets_the_places_of_its_owner(accounts: Accounts, how: str) -> None:
    """A thief who has logged in somewhere has no count of their own there any more."""
    session = await accounts.register("ada")
    await accounts.login("ada", address=AWAY)
    if how == "change":
        await change(accounts, session)
    else:
        await ask(accounts)
        await reset(accounts, await accounts.mailed_code())
    for n in range(5):
        await wrong(accounts, f"203.0.113.{n}")
    with pytest.raises(RateLimited):
        await accounts.login("ada", NEW, address=AWAY)
    if how == "change":
        await accounts.login("ada", NEW, address=CHANGED_AT)


async def test_no_pauses_are_made_where_none_are_wanted() -> None:
    redis = open_redis("memory://", timeout_s=5)
    throttle = LoginThrottle(RedisFailures(redis), ThrottleConfig(account=None, address=None))
    for _ in range(50):
        assert await throttle.attempt("ada", None, HOME)
        await throttle.failed(HOME)
    await redis.aclose()
