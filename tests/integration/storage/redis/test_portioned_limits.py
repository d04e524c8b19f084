"""Limits taken in portions: few questions to Redis, and hardly more let through."""

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.errors import Unavailable
from domain.core.limits import Limit, RateLimits, Spent
from domain.core.portions import LEAST_COUNT, MOST_KEPT, SHARES, PortionedLimits
from storage.redis.client import Client
from storage.redis.rate_limits import RedisRateLimits
from tests.support.redis_keys import wipe

HOURLY = Limit(count=600, per_s=36_000)
SECONDLY = Limit(count=100, per_s=1)


@pytest.fixture
def url(redis_url: str) -> str:
    """A real server only: that the store counts right everywhere, others test."""
    return redis_url


class Counting(RedisRateLimits):
    """Counts the questions to Redis; `away` says that it does not answer."""

    questions = 0
    away = False

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Spent:
        self.questions += 1
        if self.away:
            await asyncio.sleep(0.01)
            raise Unavailable
        return await super().spend(key, limit, cost)


async def _passed(limits: RateLimits, limit: Limit, times: int) -> int:
    waits = await asyncio.gather(*(limits.take("ann", limit) for _ in range(times)))
    return waits.count(0)


async def test_one_instance_lets_exactly_the_count_through(redis: Client) -> None:
    assert await _passed(PortionedLimits(RedisRateLimits(redis)), HOURLY, 700) == 600


async def test_a_busy_caller_seldom_asks_redis(redis: Client) -> None:
    """The portions double while the caller is quick: 1, 2, 4, 8, 16, 32 and the tenth of 600, which is 60."""
    store = Counting(redis)
    limits = PortionedLimits(store)
    for _ in range(500):
        assert await limits.take("ann", HOURLY) == 0
    assert store.questions <= 30


async def test_who_is_far_below_the_limit_asks_redis_once_a_second(redis: Client) -> None:
    """The limit is back long before a portion is spent, and it lasts all the same."""
    store, high = Counting(redis), Limit(count=600_000, per_s=60)
    limits, until = PortionedLimits(store), time.monotonic() + 1.5
    for _ in range(20):
        assert await limits.take("ann", high) == 0
    grown = store.questions
    while time.monotonic() < until:
        assert await limits.take("ann", high) == 0
        await asyncio.sleep(0.002)
    assert store.questions - grown <= 10


async def test_small_limits_are_counted_one_by_one(redis: Client) -> None:
    """Two instances let exactly the count through."""
    store = Counting(redis)
    one, other = PortionedLimits(store), PortionedLimits(RedisRateLimits(redis))
    small = Limit(count=LEAST_COUNT - 1, per_s=36_000)
    assert [await _passed(one, small, 60), await _passed(other, small, 60)] == [60, 39]
    assert store.questions == 60


async def test_every_answer_says_what_is_left(redis: Client) -> None:
    limits = PortionedLimits(RedisRateLimits(redis))
    for spent in range(1, 101):
        said = await limits.spend("ann", HOURLY)
        assert said and (said.limit, said.wait_ms, said.remaining) == (HOURLY, 0, 600 - spent)
        assert 0 <= spent * 60_000 - said.reset_ms < 60_000, "60 s for each one spent"


async def test_the_last_ones_go_one_by_one(redis: Client) -> None:
    """Who is refused a portion still gets what there is, and then the store's own refusal."""
    limits = PortionedLimits(RedisRateLimits(redis))
    await RedisRateLimits(redis).take("ann", HOURLY, cost=590)
    assert await _passed(limits, HOURLY, 50) == 10
    refusal = await limits.spend("ann", HOURLY)
    assert refusal and refusal.remaining == 0
    assert 0 < refusal.wait_ms <= 60_000


async def test_a_reset_forgets_the_portion(redis: Client) -> None:
    limits = PortionedLimits(RedisRateLimits(redis))
    assert await _passed(limits, HOURLY, 700) == 600
    await limits.reset("ann")
    assert await _passed(limits, HOURLY, 700) == 600


async def test_a_portion_counts_no_more_once_redis_has_all_back(redis: Client) -> None:
    """A pause does not save up a portion to be spent on top of the whole limit."""
    store = Counting(redis)
    limits, quick = PortionedLimits(store), Limit(count=1000, per_s=0.5)
    assert await _passed(limits, quick, 50) == 50
    assert limits._portions["ann"].left
    await asyncio.sleep(1.1)
    asked = store.questions
    assert await limits.take("ann", quick) == 0
    assert store.questions == asked + 1


async def test_all_who_wait_for_a_portion_learn_that_redis_is_away(redis: Client) -> None:
    """Together, after one question, and not one after the other; and it goes on once Redis is back."""
    store = Counting(redis)
    limits, store.away = PortionedLimits(store), True
    answers = await asyncio.gather(*(limits.take("ann", HOURLY) for _ in range(32)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert store.questions == 1
    store.away = False
    assert await limits.take("ann", HOURLY) == 0


async def test_who_gives_up_waiting_takes_the_portion_from_nobody(redis: Client) -> None:
    limits = PortionedLimits(RedisRateLimits(redis))
    first, second = (asyncio.create_task(limits.take("ann", HOURLY)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 0
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_the_callers_remembered_are_bounded(redis: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.core.portions.MOST_KEPT", 3)
    limits = PortionedLimits(RedisRateLimits(redis))
    for n in range(10):
        await limits.take(f"caller-{n}", HOURLY)
    assert len(limits._portions) == 3 < MOST_KEPT


ROUNDS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(0, 30)), min_size=3, max_size=10)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=ROUNDS)
async def test_two_instances_let_at_most_a_portion_each_on_top(
    redis: Client, rounds: list[tuple[int, int, int]]
) -> None:
    """In any stretch of time: the count, what comes back meanwhile, and a tenth of the count for each instance.

    rounds: requests to the one, to the other, and a pause in milliseconds.
    """
    await wipe(redis)
    one, other = PortionedLimits(RedisRateLimits(redis)), PortionedLimits(RedisRateLimits(redis))
    passed: list[tuple[float, float, int]] = []
    for to_one, to_other, pause_ms in rounds:
        begun = time.monotonic()
        parts = await asyncio.gather(_passed(one, SECONDLY, to_one), _passed(other, SECONDLY, to_other))
        passed.append((begun, time.monotonic(), sum(parts)))
        await asyncio.sleep(pause_ms / 1000)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            stretch_s = passed[last][1] - passed[first][0]
            most = SECONDLY.count * (1 + stretch_s / SECONDLY.per_s + 2 / SHARES) + 1
            assert sum(count for _, _, count in passed[first : last + 1]) <= most


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.booleans(), min_size=480, max_size=480))
async def test_who_keeps_well_below_the_limit_is_never_refused(redis: Client, turns: list[bool]) -> None:
    """Whichever of two instances is asked: only a portion of each is out of the other's reach."""
    await wipe(redis)
    instances = [PortionedLimits(RedisRateLimits(redis)) for _ in range(2)]
    assert [await instances[turn].take("ann", HOURLY) for turn in turns] == [0] * len(turns)
