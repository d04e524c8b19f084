"""A lease has one holder at a time, for a bounded time."""

import asyncio

from storage.redis.client import Client
from storage.redis.leases import RedisLeases
from tests.support.wait import eventually

LONG_MS = 60_000


async def test_one_of_many_gets_it(redis: Client) -> None:
    """Of instances that ask at once one is told yes."""
    instances = [RedisLeases(redis, f"instance-{n}") for n in range(20)]
    answers = await asyncio.gather(*(instance.acquire("tick", LONG_MS) for instance in instances))
    assert answers.count(True) == 1


async def test_the_holder_renews(redis: Client) -> None:
    """Asking again prolongs the holder's lease, and nobody else's."""
    holder, other = RedisLeases(redis, "a"), RedisLeases(redis, "b")
    assert await holder.acquire("tick", 1000)
    assert await holder.acquire("tick", LONG_MS)
    assert not await other.acquire("tick", 1)
    assert await redis.pttl("maoga:lease:tick") > 1000


async def test_it_lapses(redis: Client) -> None:
    """A lease that is not renewed is free after its time."""
    assert await RedisLeases(redis, "a").acquire("tick", 50)
    await eventually(lambda: RedisLeases(redis, "b").acquire("tick", LONG_MS))


async def test_only_the_holder_releases(redis: Client) -> None:
    """A release by somebody else changes nothing; the holder's frees the lease at once."""
    holder, other = RedisLeases(redis, "a"), RedisLeases(redis, "b")
    await holder.acquire("tick", LONG_MS)
    await other.release("tick")
    assert not await other.acquire("tick", LONG_MS)
    await holder.release("tick")
    assert await other.acquire("tick", LONG_MS)


async def test_names_are_separate(redis: Client) -> None:
    """Leases of different names have nothing to do with each other."""
    assert await RedisLeases(redis, "a").acquire("tick", LONG_MS)
    assert await RedisLeases(redis, "b").acquire("sweep", LONG_MS)
