"""Pools are spread over the workers, and move on when a worker is gone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from domain.core.clock import SystemClock
from domain.core.ids import GameId
from domain.matchmaking.ownership import LEASE_MS, Ownership
from domain.matchmaking.pool import PoolKey
from storage.redis.factory import open_redis
from storage.redis.leases import RedisLeases
from tests.support.wait import eventually

POOLS = [PoolKey(GameId(f"game-{number}"), "casual") for number in range(7)]
Hire = Callable[[str], Ownership]


@pytest.fixture
async def hire(redis_url: str) -> AsyncIterator[Hire]:
    """Makes workers by name."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(redis_url, timeout_s=5))
        yield lambda name: Ownership(RedisLeases(redis, name), SystemClock())


async def rounds(*workers: Ownership, count: int = 3) -> list[list[PoolKey]]:
    """What each worker serves after some ticks and beats."""
    served: list[list[PoolKey]] = []
    for _ in range(count):
        for worker in workers:
            await worker.beat()
        served = [await worker.update(POOLS) for worker in workers]
    return served


async def test_one_worker_serves_every_pool(hire: Hire) -> None:
    assert await rounds(hire("a")) == [POOLS]


async def test_workers_share_the_pools_evenly(hire: Hire) -> None:
    """Those who come later get their part; no pool has two owners, and none is left out."""
    a, b, c = hire("a"), hire("b"), hire("c")
    await rounds(a)
    served = await rounds(a, b, c)
    assert sorted(key for keys in served for key in keys) == POOLS
    assert {len(keys) for keys in served} <= {1, 2, 3}
    for worker, keys in zip((a, b, c), served, strict=True):
        assert all(worker.holds(key) == (key in keys) for key in POOLS)


async def test_the_pools_of_a_worker_that_stops_move_at_once(hire: Hire) -> None:
    a, b = hire("a"), hire("b")
    await rounds(a, b)
    await a.release()
    assert not any(map(a.holds, POOLS))
    assert await rounds(b, count=1) == [POOLS]


async def test_the_pools_of_a_worker_that_dies_move_when_its_lease_is_over(hire: Hire) -> None:
    a, b = hire("a"), hire("b")
    await rounds(a, b)

    async def all_with_b() -> bool:
        return await rounds(b, count=1) == [POOLS]

    assert not await all_with_b()
    await eventually(all_with_b, timeout=3 * LEASE_MS / 1000)
    assert not any(map(a.holds, POOLS))


async def test_beats_keep_the_pools_whatever_the_ticks_do(hire: Hire) -> None:
    """A worker that beats through a long tick is not robbed."""
    a, b = hire("a"), hire("b")
    (mine, _) = await rounds(a, b)
    before = SystemClock().now()

    async def two_leases_later() -> bool:
        await a.beat()
        assert not set(await b.update(POOLS)) & set(mine)
        return (SystemClock().now() - before).total_seconds() * 1000 > 1.2 * LEASE_MS

    await eventually(two_leases_later, timeout=10)
    assert all(map(a.holds, mine))
