"""A request with a key is done once, whoever retries it, wherever, and whatever died in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.core.errors import RateLimited
from domain.core.idempotency import KEEP_S, LEASE_S, Answered, Attempt, Idempotency, KeyInUse, KeyReused
from maoga.core import SPECS
from storage.documents.sqlite import SqliteDatabase
from storage.redis.factory import open_redis
from storage.redis.rate_limits import RedisRateLimits
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def kept(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Idempotency]:
    database = SqliteDatabase(tmp_path / "maoga.db", SPECS, clock=clock)
    await database.open()
    redis = open_redis("memory://", timeout_s=5)
    yield Idempotency(database, RedisRateLimits(redis), clock)
    await redis.aclose()
    await database.close()


async def test_one_user_has_a_thousand_keys_a_day_and_a_machine_any_number(kept: Idempotency) -> None:
    for n in range(1000):
        await begin(kept, key=f"{n}")
    with pytest.raises(RateLimited):
        await begin(kept, key="another")
    await begin(kept, owner="user:2")
    for n in range(1001):
        await begin(kept, owner="key:1", key=f"{n}")


async def begin(kept: Idempotency, *, owner: str = "user:1", key: str = "k", fingerprint: str = "f") -> Attempt:
    """Begins a request that nobody has answered."""
    begun = await kept.begin(owner, "POST /lobbies", key, fingerprint)
    assert isinstance(begun, Attempt)
    return begun


async def test_a_retry_gets_the_answer_for_a_day(kept: Idempotency, clock: ManualClock) -> None:
    await kept.finish(await begin(kept), 201, '{"a":1}')
    clock.advance(KEEP_S - 1)
    assert await kept.begin("user:1", "POST /lobbies", "k", "f") == Answered(201, '{"a":1}')
    clock.advance(2)
    await begin(kept)


async def test_an_answer_without_a_body_is_kept_as_well(kept: Idempotency) -> None:
    await kept.finish(await begin(kept), 204, None)
    assert await kept.begin("user:1", "POST /lobbies", "k", "f") == Answered(204, None)


async def test_another_request_with_the_key_is_refused(kept: Idempotency) -> None:
    await begin(kept)
    with pytest.raises(KeyReused):
        await begin(kept, fingerprint="other")


async def test_keys_of_others_are_other_keys(kept: Idempotency) -> None:
    await begin(kept)
    await begin(kept, owner="user:2")
    await begin(kept, key="k2")
    assert isinstance(await kept.begin("user:1", "POST /blocks", "k", "f"), Attempt)


async def test_of_many_at_once_one_does_the_work(kept: Idempotency) -> None:
    outcomes = await asyncio.gather(*(begin(kept) for _ in range(20)), return_exceptions=True)
    assert len([outcome for outcome in outcomes if isinstance(outcome, Attempt)]) == 1
    assert all(isinstance(outcome, Attempt | KeyInUse) for outcome in outcomes)


async def test_who_gave_up_lets_the_next_one_try(kept: Idempotency) -> None:
    await kept.give_up(await begin(kept))
    await begin(kept)
    with pytest.raises(KeyInUse):
        await begin(kept)


async def test_after_a_crash_one_takes_over_and_the_dead_have_no_say(kept: Idempotency, clock: ManualClock) -> None:
    """A crash between the write and the answer leaves the key taken for `LEASE_S`."""
    dead = await begin(kept)
    clock.advance(LEASE_S - 0.001)
    with pytest.raises(KeyInUse):
        await begin(kept)
    clock.advance(0.001)
    outcomes = await asyncio.gather(*(begin(kept) for _ in range(10)), return_exceptions=True)
    (heir,) = [outcome for outcome in outcomes if isinstance(outcome, Attempt)]
    await kept.finish(dead, 201, '"late"')
    await kept.give_up(dead)
    await kept.finish(heir, 201, '"mine"')
    assert await kept.begin("user:1", "POST /lobbies", "k", "f") == Answered(201, '"mine"')
