"""Streams: numbered without a hole, delivered everywhere in one order, and honest about what was missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from domain.core.errors import Unavailable
from domain.core.streams import Delivery, Gap
from storage.redis import streams as streams_module
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.streams import Streams
from tests.support.services import redis_server
from tests.support.wait import eventually

LOBBY, CHAT = "lobby:1", "chat:1"


@pytest.fixture(params=["redis", "memory"])
def url(request: pytest.FixtureRequest) -> str:
    """Where an empty Redis is; not yet a cluster."""
    return "memory://" if request.param == "memory" else str(request.getfixturevalue("redis_url"))


async def consume(streams: Streams, received: list[Delivery | Gap]) -> None:
    async for one in streams.listen():
        received.append(one)  # noqa: PERF401 - a comprehension would never come to an end


@asynccontextmanager
async def listening(streams: Streams) -> AsyncIterator[list[Delivery | Gap]]:
    """What a consumer receives, from a live subscription on."""
    received: list[Delivery | Gap] = []
    task = asyncio.create_task(consume(streams, received))
    try:
        async with asyncio.timeout(5):
            await streams.ready()
        yield received
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


async def is_ready(streams: Streams) -> bool:
    """Whether `ready` returns at once."""
    try:
        async with asyncio.timeout(0):
            await streams.ready()
    except TimeoutError:
        return False
    return True


async def until(received: list[Delivery | Gap], packet: bytes) -> list[Delivery | Gap]:
    """What was received up to and with `packet`."""
    await eventually(lambda: any(isinstance(one, Delivery) and one.packet == packet for one in received))
    return received


async def test_every_instance_receives_in_order(redis: Client) -> None:
    """Durable, transient and control packets reach all listeners whole, in the order they were published."""
    streams, other = Streams(redis), Streams(redis)
    async with listening(streams) as here, listening(other) as there:
        first = await streams.append(LOBBY, b"\x00 bin\n\xff", durable=True)
        assert await streams.append(LOBBY, b"typing", durable=False) is None
        await streams.control(b"kick\nann")
        second = await other.append(LOBBY, b"", durable=True)
        await streams.control(b"end")
        expected = [
            Delivery(LOBBY, first, b"\x00 bin\n\xff"),
            Delivery(LOBBY, None, b"typing"),
            Delivery(None, None, b"kick\nann"),
            Delivery(LOBBY, second, b""),
            Delivery(None, None, b"end"),
        ]
        assert await until(here, b"end") == expected
        assert await until(there, b"end") == expected


async def test_numbers_have_no_hole(redis: Client) -> None:
    """Many appends at once are numbered 1, 2, 3, ... in one epoch, and delivered in that order."""
    streams = Streams(redis)
    async with listening(streams) as received:
        given = await asyncio.gather(*(streams.append(LOBBY, b"x", durable=True) for _ in range(100)))
        await streams.control(b"end")
        delivered = [one.position for one in await until(received, b"end") if isinstance(one, Delivery)][:-1]
    assert [position.seq for position in delivered if position] == list(range(1, 101))
    assert sorted(given, key=lambda position: position.seq if position else 0) == delivered
    assert len({position.epoch for position in delivered if position}) == 1


async def test_positions(redis: Client) -> None:
    """A position is that of the last durable packet; a stream that never had one starts at 0 and stays there."""
    streams = Streams(redis)
    last = await streams.append(LOBBY, b"x", durable=True)
    await streams.append(LOBBY, b"typing", durable=False)
    positions = await streams.positions([LOBBY, CHAT])
    assert positions[LOBBY] == last
    assert positions[CHAT].seq == 0
    assert await streams.positions([CHAT, LOBBY]) == positions
    assert await streams.positions([]) == {}


async def test_the_first_packet_follows_the_position(redis: Client) -> None:
    """A stream that was asked for its position before its first packet keeps the epoch it said."""
    streams = Streams(redis)
    start = (await streams.positions([CHAT]))[CHAT]
    first = await streams.append(CHAT, b"x", durable=True)
    assert first is not None
    assert (first.epoch, first.seq) == (start.epoch, 1)
    assert first.at >= start.at


async def test_at_is_the_time_of_redis(redis: Client) -> None:
    """`at` is in Unix milliseconds, by the one clock that all instances share."""
    position = await Streams(redis).append(LOBBY, b"x", durable=True)
    now_s, now_us = await redis.time()
    assert position is not None
    assert 0 <= now_s * 1000 + now_us // 1000 - position.at < 5000


async def test_thousands_of_positions(redis: Client) -> None:
    """The positions of all the streams of an instance can be asked for at once."""
    names = [f"lobby:{n}" for n in range(1200)]
    await Streams(redis).append("lobby:1100", b"x", durable=True)
    positions = await Streams(redis).positions(names)
    assert [name for name, position in positions.items() if position.seq] == ["lobby:1100"]
    assert list(positions) == names


async def test_a_lost_head_starts_a_new_epoch(redis: Client) -> None:
    """After a loss of Redis the old positions cannot be mistaken for new ones."""
    streams = Streams(redis)
    before = await streams.append(LOBBY, b"x", durable=True)
    await redis.flushall()
    after = await streams.append(LOBBY, b"x", durable=True)
    assert before is not None
    assert after is not None
    assert after.epoch != before.epoch
    assert after.seq == 1


async def test_heads_are_kept_a_day_after_their_last_use(redis: Client) -> None:
    """An append and a question for the position each keep the head for 24 h more."""
    streams = Streams(redis)
    await streams.append(LOBBY, b"x", durable=True)
    (key,) = await redis.keys()
    for use in (streams.positions([LOBBY]), streams.append(LOBBY, b"x", durable=True)):
        await redis.expire(key, 60)
        await use
        assert 86_000 < await redis.ttl(key) <= 86_400


async def test_databases_do_not_hear_each_other(redis_url: str) -> None:
    """Two deployments in two databases of one Redis are apart, although pub/sub knows no databases."""
    one, other = (open_redis(urlsplit(redis_url)._replace(path=path).geturl(), timeout_s=5) for path in ("/0", "/1"))
    async with one, other, listening(Streams(one)) as received:
        await Streams(other).control(b"other")
        await Streams(one).control(b"own")
        assert await until(received, b"own") == [Delivery(None, None, b"own")]


async def test_a_closed_listener_is_no_longer_ready(redis: Client) -> None:
    """`ready` speaks of a live subscription only."""
    streams = Streams(redis)
    async with listening(streams):
        assert await is_ready(streams)
    assert not await is_ready(streams)


async def test_a_restart_is_a_gap() -> None:
    """When Redis comes back the listener says that something is missing, before anything else, and goes on."""
    with redis_server() as server:
        async with open_redis(server.url, timeout_s=1) as redis:
            streams = Streams(redis)
            async with listening(streams) as received:
                await streams.control(b"before")
                await until(received, b"before")
                server.kill()
                with pytest.raises(Unavailable):
                    await streams.append(LOBBY, b"lost", durable=True)
                server.restart()
                await eventually(lambda: Gap() in received)
                await streams.append(LOBBY, b"after", durable=True)
                packets = [one.packet if isinstance(one, Delivery) else one for one in await until(received, b"after")]
                assert packets == [b"before", Gap(), b"after"]


async def test_a_dropped_connection_is_a_gap(redis_url: str) -> None:
    """A subscription that Redis cuts off (a consumer too slow, a failover) is replaced, and the gap told."""
    async with open_redis(redis_url, timeout_s=5) as redis:
        streams = Streams(redis)
        async with listening(streams) as received:
            await redis.client_kill_filter(_type="pubsub")
            await eventually(lambda: received == [Gap()])
            await streams.control(b"after")
            assert await until(received, b"after") == [Gap(), Delivery(None, None, b"after")]


async def test_a_silent_subscription_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stays open but dead is found out, though it never reports an error."""
    monkeypatch.setattr(streams_module, "QUIET_S", 0.1)
    with redis_server() as server:
        async with open_redis(server.url, timeout_s=0.3) as redis:
            streams = Streams(redis)

            async def is_lost() -> bool:
                return not await is_ready(streams)

            async with listening(streams) as received:
                server.pause()
                await eventually(is_lost)
                server.resume()
                await eventually(lambda: Gap() in received)


async def test_a_quiet_subscription_is_kept(redis: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription with nothing to deliver answers its pings: no gap, nothing delivered but the packets."""
    monkeypatch.setattr(streams_module, "QUIET_S", 0.01)
    streams = Streams(redis)
    async with listening(streams) as received:
        await asyncio.sleep(0.1)
        await streams.control(b"end")
        assert await until(received, b"end") == [Delivery(None, None, b"end")]


async def test_listening_starts_before_redis_does() -> None:
    """A listener that finds no Redis waits for it; nothing was promised, so there is no gap."""
    with redis_server() as server:
        server.stop()
        async with open_redis(server.url, timeout_s=0.2) as redis:
            streams = Streams(redis)
            received: list[Delivery | Gap] = []
            task = asyncio.create_task(consume(streams, received))
            await asyncio.sleep(0.1)
            server.restart()
            async with asyncio.timeout(5):
                await streams.ready()
            await streams.control(b"first")
            assert await until(received, b"first") == [Delivery(None, None, b"first")]
            task.cancel()
            await asyncio.wait([task])
