"""A Redis that is full answers as one that is away, and serves again once there is memory."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from domain.core.errors import Unavailable
from domain.core.ids import MatchId, UserId
from domain.core.limits import Limit
from domain.presence.told import Told
from storage.redis.client import Client
from storage.redis.deadlines import RedisDeadlines
from storage.redis.factory import open_redis
from storage.redis.leases import RedisLeases
from storage.redis.presence import RedisPresence
from storage.redis.rate_limits import RedisRateLimits
from storage.redis.streams import RedisStreams
from storage.redis.tickets import RedisTicketPool
from storage.redis.told import RedisTold
from tests.support.builders import NOON, a_pool_entry
from tests.support.connections import connect
from tests.support.pools import waiting
from tests.support.services import Server, redis_server

TIMEOUT_S = 0.3


async def append(redis: Client, stream: str) -> None:
    async with RedisStreams(redis, size=10, age_s=600) as streams:
        await streams.append(stream, b"{}", id="1")


WRITES: dict[str, Callable[[Client], Awaitable[object]]] = {
    "deadlines": lambda redis: RedisDeadlines(redis).set("grace", "ann", NOON),
    "last told": lambda redis: RedisTold(redis).tell({UserId("ann"): Told("online", NOON)}, "1"),
    "leases": lambda redis: RedisLeases(redis, "one").acquire("tick", 60_000),
    "presence": lambda redis: connect(RedisPresence(redis, "one"), [UserId("ann")]),
    "rate limits": lambda redis: RedisRateLimits(redis).take("ann", Limit(5, 1)),
    "streams": lambda redis: append(redis, "lobby:1"),
    "tickets": lambda redis: RedisTicketPool(redis).add(a_pool_entry()),
}
"""Something of every structure that takes memory."""


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A Redis for the tests of this file alone, to be filled."""
    with redis_server() as server:
        yield server


@pytest.fixture
async def redis(own_server: Server) -> AsyncIterator[Client]:
    """A client of it; it has memory before and after the test."""
    async with open_redis(own_server.url, timeout_s=TIMEOUT_S) as client:
        await client.flushall()
        yield client
        await client.config_set("maxmemory", "0")


@pytest.mark.parametrize("structure", WRITES)
async def test_a_full_redis_is_unavailable_in_time_and_then_serves_again(redis: Client, structure: str) -> None:
    write = WRITES[structure]
    await redis.config_set("maxmemory-policy", "noeviction")
    await redis.config_set("maxmemory", "1")
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await write(redis)
    assert TIMEOUT_S <= time.monotonic() - start < TIMEOUT_S + 2
    assert "maxmemory" in str(caught.value.__cause__)
    await redis.config_set("maxmemory", "0")
    await write(redis)
    assert await redis.dbsize() > 0


async def test_who_waits_when_redis_fills_up_can_be_matched_or_forgotten(redis: Client) -> None:
    """What only moves or frees what is there goes on, so no claim is left half done."""
    pool, entries = RedisTicketPool(redis), [a_pool_entry(), a_pool_entry()]
    for entry in entries:
        await pool.add(entry)
    await redis.config_set("maxmemory", "1")
    (key,) = await pool.pools()
    assert entries == await waiting(pool, key)
    assert await pool.claim(MatchId("m"), [entries[0].ticket_id], NOON)
    await pool.release(MatchId("m"), [entries[0].ticket_id])
    assert entries == await waiting(pool, key)
    await pool.remove([entry.ticket_id for entry in entries])
    assert await pool.pools() == []
