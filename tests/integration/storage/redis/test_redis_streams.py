"""Streams over Redis: what several instances make of them, and what is in Redis. See also the conformance suite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from domain.core.streams import Delivery, Position
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.streams import RedisStreams
from tests.integration.storage.streams import CHAT, LOBBY, USER, Heard, fill, replay, running
from tests.support.wait import eventually

CONTROL = "maoga:0:control"


class Counting(RedisStreams):
    """Counts the messages that come in over its subscription, wanted or not."""

    messages = 0

    def _hear(self, message: bytes) -> None:
        self.messages += 1
        super()._hear(message)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Client]:
    async with open_redis(redis_url, timeout_s=5) as client:
        yield client


@pytest.fixture
async def streams(redis: Client) -> AsyncIterator[Counting]:
    async with an_instance(redis) as instance:
        yield instance


@pytest.fixture
async def other(redis: Client) -> AsyncIterator[Counting]:
    async with an_instance(redis) as instance:
        await instance.control(b"so that it is connected")
        yield instance


@asynccontextmanager
async def an_instance(redis: Client) -> AsyncIterator[Counting]:
    async with Counting(redis, size=5, age_s=600) as instance:
        yield instance


async def channels(redis: Client) -> set[str]:
    """The channels that anybody subscribes to."""
    return {name if isinstance(name, str) else name.decode() for name in await redis.pubsub_channels()}


async def test_every_instance_hears_the_same_in_the_same_order(streams: Counting, other: Counting) -> None:
    async with running(streams, LOBBY) as here, running(other, LOBBY) as there:
        first = await streams.append(LOBBY, b"1", id="1")
        await other.notify(LOBBY, b"notice")
        second = await other.append(LOBBY, b"2", id="2")
        await streams.control(b"end")
        expected = [
            Delivery(LOBBY, first, b"1"),
            Delivery(LOBBY, None, b"notice"),
            Delivery(LOBBY, second, b"2"),
            Delivery(None, None, b"end"),
        ]
        assert await here.until(b"end") == expected
        assert await there.until(b"end") == expected


async def test_a_transient_packet_is_heard_by_the_other_instances_only(streams: Counting, other: Counting) -> None:
    async with running(streams, LOBBY) as here, running(other, LOBBY) as there:
        other.cast(LOBBY, b"typing")
        await other.notify(LOBBY, b"end")
        assert await here.until(b"end") == [Delivery(LOBBY, None, b"typing"), Delivery(LOBBY, None, b"end")]
        await there.until(b"end")
        assert there.packets == [b"end"]


async def test_an_instance_pays_only_for_what_it_follows(streams: Counting, other: Counting) -> None:
    """A thousand packets of other streams send it not one message."""
    async with running(streams, LOBBY) as heard:
        streams.messages = 0
        for n in range(100):
            for stream in (f"lobby:{n + 2}", f"chat:{n}", f"lobby:user:{n}"):
                await other.notify(stream, b"x")
        await other.notify(LOBBY, b"end")
        await heard.until(b"end")
        assert streams.messages == 1


async def test_subscriptions_come_and_go_with_the_streams(redis: Client, streams: Counting) -> None:
    """One channel a stream, and one for all streams of a user, which goes with the last of them."""
    async with running(streams, LOBBY, USER, "lobby:user:ann") as heard:
        assert await channels(redis) == {CONTROL, "maoga:0:{lobby:1}", "maoga:0:{user:ann}"}
        streams.unfollow([LOBBY, USER])
        await streams.follow([CHAT])
        assert await channels(redis) == {CONTROL, "maoga:0:{chat:1}", "maoga:0:{user:ann}"}
        await streams.notify(USER, b"no")
        await streams.notify("lobby:user:ann", b"end")
        await heard.until(b"end")
        assert heard.packets == [b"end"]
        streams.unfollow(["lobby:user:ann", CHAT])
        await streams.follow([LOBBY])
        assert await channels(redis) == {CONTROL, "maoga:0:{lobby:1}"}

    async def are_none() -> bool:
        return await channels(redis) == set()

    await eventually(are_none)


async def test_many_follow_at_once(redis: Client, streams: Counting) -> None:
    """Subscriptions are confirmed together, not one after the other, and each of them holds."""
    names = [f"chat:{n}" for n in range(2000)]
    async with running(streams) as heard:
        async with asyncio.timeout(5):
            await asyncio.gather(*(streams.follow([name]) for name in names))
        await asyncio.gather(*(streams.notify(name, name.encode()) for name in names))
        await streams.control(b"end")
        await heard.until(b"end")
        assert sorted(heard.packets[:-1]) == sorted(name.encode() for name in names)


async def test_databases_do_not_hear_each_other(redis_url: str) -> None:
    """Two deployments in two databases of one Redis are apart, although pub/sub knows no databases."""
    url = urlsplit(redis_url)
    one, two = (open_redis(url._replace(path=path).geturl(), timeout_s=5) for path in ("/0", "/1"))
    async with one, two, an_instance(one) as here, an_instance(two) as there, running(here, LOBBY) as heard:
        await there.control(b"other")
        await there.append(LOBBY, b"other", id="1")
        first = await here.append(LOBBY, b"own", id="1")
        assert await heard.until(b"own") == [Delivery(LOBBY, first, b"own")]
        assert first.seq == 1


async def test_at_is_the_time_of_redis(redis: Client, streams: Counting) -> None:
    """`at` is in Unix milliseconds, by the one clock that all instances share."""
    position = await streams.append(LOBBY, b"x", id="1")
    now_s, now_us = await redis.time()
    assert 0 <= now_s * 1000 + now_us // 1000 - position.at < 5000


async def test_heads_outlive_their_logs(redis: Client, streams: Counting) -> None:
    """A log is kept as long as its entries at least, a head for a day after its last use; neither for ever."""
    await streams.append(LOBBY, b"x", id="1")
    head, log = "maoga:stream:{lobby:1}:lobby", "maoga:stream:{lobby:1}:lobby:log"
    assert sorted(await redis.keys()) == [head.encode(), log.encode()]
    for use in (streams.append(LOBBY, b"x", id="2"), streams.positions([LOBBY])):
        await redis.expire(head, 86_000)
        await redis.expire(log, 590)
        await use
        assert 86_400 <= await redis.ttl(head) <= 2 * 86_400
    await streams.append(LOBBY, b"x", id="3")
    assert 600 <= await redis.ttl(log) <= 1200


async def test_what_is_lost_is_not_mistaken_for_what_comes(redis: Client, streams: Counting) -> None:
    """All lost, or the head only: a new epoch, of which the old log is no part. The log only: nothing to replay."""
    *_, before = await fill(streams, LOBBY, 3)
    await redis.flushall()
    assert await replay(streams, LOBBY, before) is None
    lost_all = await streams.append(LOBBY, b"4", id="4")
    assert (lost_all.epoch != before.epoch, lost_all.seq) == (True, 1)

    await redis.delete("maoga:stream:{lobby:1}:lobby")
    lost_head = await streams.append(LOBBY, b"5", id="5")
    assert (lost_head.epoch != lost_all.epoch, lost_head.seq) == (True, 1)
    assert await replay(streams, LOBBY, lost_all) is None
    origin = (await streams.positions([LOBBY]))[LOBBY].epoch
    assert await replay(streams, LOBBY, Position(origin, 0, 0)) == [b"5"]

    await redis.delete("maoga:stream:{lobby:1}:lobby")
    asked = (await streams.positions([LOBBY]))[LOBBY]
    assert (asked.epoch != lost_head.epoch, asked.seq) == (True, 0)
    assert await redis.exists("maoga:stream:{lobby:1}:lobby:log") == 0

    first = await streams.append(LOBBY, b"6", id="6")
    await redis.delete("maoga:stream:{lobby:1}:lobby:log")
    assert await replay(streams, LOBBY, asked) is None
    assert await replay(streams, LOBBY, first) == []
    assert (await streams.append(LOBBY, b"7", id="7")).seq == 2
    assert await replay(streams, LOBBY, first) == [b"7"]


async def test_a_first_call_that_comes_after_its_repetition_changes_nothing(streams: Counting) -> None:
    """It was held up on the way and given up; its packet has its place by then."""
    given_up = await streams.append(LOBBY, b"x", id="1", again=True)
    await streams.append(LOBBY, b"y", id="2")
    assert given_up == await streams.append(LOBBY, b"x", id="1")
    assert (await streams.positions([LOBBY]))[LOBBY].seq == 2


async def test_a_log_does_not_grow_without_end(redis: Client) -> None:
    """It may be a sixteenth longer than it should be, and never shorter."""
    async with RedisStreams(redis, size=100, age_s=600) as streams:
        start, *positions = await fill(streams, LOBBY, 350)
        assert 100 <= await redis.xlen("maoga:stream:{lobby:1}:lobby:log") <= 107
        assert len(await replay(streams, LOBBY, positions[-101]) or ()) == 100
        assert await replay(streams, LOBBY, start) is None


async def test_a_repetition_is_found_in_a_long_log(redis: Client) -> None:
    async with RedisStreams(redis, size=1000, age_s=600) as streams:
        _, first, *_, last = await fill(streams, LOBBY, 160)
        assert first == await streams.append(LOBBY, b"1", id="1", again=True)
        assert (await streams.append(LOBBY, b"new", id="new", again=True)).seq == last.seq + 1


async def test_what_nobody_understands_does_not_cost_the_subscription(redis: Client, streams: Counting) -> None:
    """A message of another make, or one that the receiver chokes on, is logged and left out."""

    class Choking(Heard):
        def deliver(self, delivery: Delivery) -> None:
            if delivery.packet == b"poison":
                raise ValueError("of no use")
            super().deliver(delivery)

    heard = Choking()
    task = asyncio.create_task(streams.run(heard))
    await streams.follow([LOBBY])
    for message in (b"", b"\xff\xff", b"lobby:1 epoch one two\n", b"lobby:1 a b c d e\n", b"lobby:1\npoison"):
        await redis.publish("maoga:0:{lobby:1}", message)
    await streams.notify(LOBBY, b"end")
    await heard.until(b"end")
    assert "interrupted" not in heard.told
    task.cancel()
    await asyncio.wait([task])


async def test_flushed_scripts_are_loaded_again(redis: Client, streams: Counting) -> None:
    first = await streams.append(LOBBY, b"x", id="1")
    await redis.script_flush()
    assert (await streams.append(LOBBY, b"y", id="2")).seq == first.seq + 1
