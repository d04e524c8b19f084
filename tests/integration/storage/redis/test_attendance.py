"""Who takes part in something."""

from storage.redis.client import Client
from storage.redis.leases import RedisLeases
from tests.support.redis_keys import all_keys
from tests.support.wait import eventually

LONG_MS = 60_000


async def test_instances_are_counted_until_they_leave_or_fall_silent(redis: Client) -> None:
    one, two, three = (RedisLeases(redis, name) for name in "abc")
    assert [await one.attend("pools", LONG_MS), await two.attend("pools", LONG_MS)] == [1, 2]
    assert await one.attend("pools", LONG_MS) == 2
    assert await one.attend("sweeps", LONG_MS) == 1
    assert await three.attend("pools", 50) == 3

    async def without_three() -> bool:
        return await one.attend("pools", LONG_MS) == 2

    await eventually(without_three)
    assert await two.attend("pools", 0) == 1


async def test_a_count_that_nobody_renews_is_forgotten(redis: Client) -> None:
    await RedisLeases(redis, "a").attend("pools", 1)

    async def forgotten() -> bool:
        return await all_keys(redis) == set()

    await eventually(forgotten)
