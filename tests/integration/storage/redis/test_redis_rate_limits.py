"""Rate limits: a burst, refilled evenly, the same for all instances."""

import asyncio
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import storage.redis
from domain.core.limits import Limit
from storage.redis.client import Client, Script
from storage.redis.rate_limits import RedisRateLimits
from tests.support.redis_keys import all_keys, wipe
from tests.support.wait import eventually

HOURLY = Limit(count=5, per_s=3600)


async def test_a_burst_then_a_wait(redis: Client) -> None:
    """The whole count may be spent at once; the next has to wait for one to come back."""
    limits = RedisRateLimits(redis)
    assert [await limits.take("ip", HOURLY) for _ in range(5)] == [0] * 5
    assert 719_000 < await limits.take("ip", HOURLY) <= 720_000


async def test_a_refusal_costs_nothing(redis: Client) -> None:
    """Asking in vain does not make the wait longer."""
    limits = RedisRateLimits(redis)
    await limits.take("ip", HOURLY, cost=5)
    waits = [await limits.take("ip", HOURLY) for _ in range(20)]
    assert waits == sorted(waits, reverse=True)


async def test_it_comes_back(redis: Client) -> None:
    """After the wait it named, a spent limit allows again."""
    limits, limit = RedisRateLimits(redis), Limit(count=1, per_s=0.1)
    assert await limits.take("ip", limit) == 0
    wait_ms = await limits.take("ip", limit)
    assert 0 < wait_ms <= 100
    await asyncio.sleep(wait_ms / 1000)
    assert await limits.take("ip", limit) == 0


async def test_cost_above_the_count(redis: Client) -> None:
    """What costs more than the whole burst spends the burst, rather than never passing."""
    limits = RedisRateLimits(redis)
    assert await limits.take("ip", HOURLY, cost=9) == 0
    assert await limits.take("ip", HOURLY) > 0


async def test_a_crowd_gets_no_more_than_the_count(redis: Client) -> None:
    """Of many takes at once exactly the count passes."""
    limits = RedisRateLimits(redis)
    waits = await asyncio.gather(*(limits.take("ip", HOURLY) for _ in range(60)))
    assert waits.count(0) == 5


async def test_keys_are_separate_and_can_be_reset(redis: Client) -> None:
    """One key's spending is not another's, and a reset forgets it."""
    limits = RedisRateLimits(redis)
    await limits.take("a", HOURLY, cost=5)
    assert await limits.take("b", HOURLY) == 0
    assert await limits.take("a", HOURLY) > 0
    await limits.reset("a")
    assert await limits.take("a", HOURLY) == 0


async def test_keys_expire_by_themselves(redis: Client) -> None:
    """Nothing is kept for a limit that is full again."""
    await RedisRateLimits(redis).take("ip", Limit(count=10, per_s=3), cost=10)
    assert len(await all_keys(redis)) == 1

    async def is_empty() -> bool:
        return await all_keys(redis) == set()

    await eventually(is_empty)


@pytest.fixture
def script() -> str:
    """The script with a clock of our own in place of Redis's: its last argument, in microseconds."""
    text = (Path(storage.redis.__file__).parent / "lua" / "gcra.lua").read_text()
    clock, ours = "redis.call('TIME')", "{ math.floor(ARGV[4] / 1000000), ARGV[4] % 1000000 }"
    assert text.count(clock) == 1
    return text.replace(clock, ours)


# Long intervals: the key must not expire by the real clock while the test's own runs ahead of it.
INTERVALS = st.integers(20_000_000, 90_000_000)
TAKES = st.lists(st.tuples(st.integers(0, 200_000_000), st.integers(1, 4)), max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(interval=INTERVALS, count=st.integers(4, 6), takes=TAKES)
async def test_gcra(redis: Client, script: str, interval: int, count: int, takes: list[tuple[int, int]]) -> None:
    """Every answer is that of the equivalent leaky bucket (ITU-T I.371), to the millisecond."""
    await wipe(redis)
    run = Script(redis, script)
    now, level = 1_767_225_600_000_000, 0
    for pause, cost in takes:
        now, level = now + pause, max(0, level - pause)
        overflow = level + (cost - count) * interval
        if overflow <= 0:
            level += cost * interval
        wait_ms = max(0, math.ceil(overflow / 1000))
        assert await run(keys=["key"], args=[interval, count, cost, now]) == [wait_ms, level]
