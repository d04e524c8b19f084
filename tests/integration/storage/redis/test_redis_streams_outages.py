"""Streams over a Redis that is killed, frozen, cut off or wiped: nothing is lost silently, and all goes on after it."""

import asyncio
import gc
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from domain.core.errors import Unavailable
from domain.core.streams import Delivery
from storage.redis import link as link_module
from storage.redis.factory import open_redis
from storage.redis.streams import RedisStreams
from tests.integration.storage.proxy import proxy_to
from tests.integration.storage.streams import CHAT, LOBBY, Heard, fill, replay, running
from tests.support.services import Server, redis_server
from tests.support.wait import eventually


@pytest.fixture
def server() -> Iterator[Server]:
    """A Redis of the test's own, to be maltreated."""
    with redis_server() as server:
        yield server


@asynccontextmanager
async def an_instance(server: Server, *, timeout_s: float = 5) -> AsyncIterator[RedisStreams]:
    async with (
        open_redis(server.url, timeout_s=timeout_s) as redis,
        RedisStreams(redis, size=100, age_s=600) as instance,
    ):
        yield instance


@pytest.fixture
async def streams(server: Server) -> AsyncIterator[RedisStreams]:
    async with an_instance(server) as instance:
        yield instance


async def test_an_append_waits_through_a_restart(server: Server, streams: RedisStreams) -> None:
    """It takes its place as if nothing had been; followers are told of the interruption and hear what comes after."""
    async with running(streams, LOBBY) as heard:
        before = await streams.append(LOBBY, b"before", id="1")
        await heard.until(b"before")
        server.kill()
        waiting = asyncio.create_task(streams.append(LOBBY, b"through", id="2"))
        await eventually(lambda: "interrupted" in heard.told)
        assert not waiting.done()
        server.restart()
        through = await waiting
        assert (through.epoch, through.seq) == (before.epoch, 2)
        await eventually(lambda: "resumed" in heard.told)
        await streams.append(LOBBY, b"after", id="3")
        told = await heard.until(b"after")
        marks = [one.packet if isinstance(one, Delivery) else one for one in told]
        assert [mark for mark in marks if mark != b"through"] == [b"before", "interrupted", "resumed", b"after"]
        assert await replay(streams, LOBBY, before) == [b"through", b"after"]


async def test_without_redis_a_publish_fails_at_its_deadline(server: Server) -> None:
    """Whatever is awaited says so, and in time; a transient packet is dropped without a word."""
    async with an_instance(server, timeout_s=0.5) as streams, running(streams, LOBBY):
        position = await streams.append(LOBBY, b"x", id="1")
        server.kill()
        for call in (
            streams.append(LOBBY, b"y", id="2"),
            streams.notify(LOBBY, b"y"),
            streams.control(b"y"),
            streams.positions([LOBBY]),
            streams.read(LOBBY, position, 10),
            streams.follow([CHAT]),
        ):
            start = time.monotonic()
            with pytest.raises(Unavailable):
                await call
            assert 0.45 <= time.monotonic() - start < 2
            streams.cast(LOBBY, b"typing")


async def test_a_cast_while_redis_is_away_leaves_no_complaint(server: Server) -> None:
    """It asks for a connection and waits for none: what becomes of the attempt is nobody's business."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with an_instance(server) as streams:
        server.kill()
        streams.cast(LOBBY, b"typing")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(streams.append(LOBBY, b"x", id="1"), 0.5)
        streams.cast(LOBBY, b"typing")
        await asyncio.sleep(0)
        await eventually(lambda: "_open" not in " ".join(map(str, asyncio.all_tasks())))
    gc.collect()
    assert complaints == []


async def test_what_was_followed_in_vain_is_followed_when_redis_is_back(server: Server) -> None:
    """And what was unfollowed meanwhile is not."""
    async with an_instance(server, timeout_s=0.5) as streams, running(streams, LOBBY, "chat:2") as heard:
        server.kill()
        with pytest.raises(Unavailable):
            await streams.follow([CHAT])
        streams.unfollow(["chat:2"])
        server.restart()
        await eventually(lambda: "resumed" in heard.told)
        for stream in ("chat:2", CHAT, LOBBY):
            await streams.notify(stream, stream.encode())
        await heard.until(LOBBY.encode())
        assert heard.packets == [CHAT.encode(), LOBBY.encode()]


async def test_a_redis_that_froze_for_three_seconds(server: Server) -> None:
    """Appends fail at their deadline, later ones wait for its end, and none is numbered twice."""
    async with an_instance(server, timeout_s=2) as streams, running(streams, LOBBY) as heard:
        start, _ = await fill(streams, LOBBY, 1)
        server.pause()
        frozen = time.monotonic()
        given_up = asyncio.create_task(streams.append(LOBBY, b"given up", id="given up"))
        await asyncio.sleep(1.5)
        waiting = [asyncio.create_task(streams.append(LOBBY, b"w%d" % n, id=f"w{n}")) for n in range(30)]
        with pytest.raises(Unavailable):
            await given_up
        assert 1.9 < time.monotonic() - frozen < 2.6
        await asyncio.sleep(frozen + 3 - time.monotonic())
        server.resume()
        await asyncio.gather(*waiting)
        await streams.append(LOBBY, b"given up", id="given up", again=True)
        await streams.append(LOBBY, b"end", id="end")
        await heard.until(b"end")
        found = await replay(streams, LOBBY, start)
        assert found
        assert sorted(found) == sorted([b"1", b"given up", b"end", *(b"w%d" % n for n in range(30))])


async def test_a_redis_that_froze_within_the_deadline_is_no_interruption(server: Server) -> None:
    async with an_instance(server, timeout_s=5) as streams, running(streams, LOBBY) as heard:
        server.pause()
        waiting = asyncio.create_task(streams.append(LOBBY, b"x", id="1"))
        await asyncio.sleep(1)
        assert not waiting.done()
        server.resume()
        first = await waiting
        assert await heard.until(b"x") == [Delivery(LOBBY, first, b"x")]


@pytest.mark.parametrize("loss", ["cut", "silence"])
async def test_an_append_whose_answer_is_lost_is_not_numbered_twice(server: Server, loss: str) -> None:
    """It was done; the retry finds it and answers with its place."""
    async with (
        proxy_to(server.port) as proxy,
        open_redis(f"redis://127.0.0.1:{proxy.port}", timeout_s=1) as redis,
        RedisStreams(redis, size=100, age_s=600) as streams,
    ):
        start, first = await fill(streams, LOBBY, 1)
        proxy.lose(b"the packet", "cut" if loss == "cut" else "silence")
        append = asyncio.create_task(streams.append(LOBBY, b"the packet", id="2"))
        await proxy.lost.wait()
        if loss == "silence":  # until the line is given up, which is when the deadline has passed, too
            with pytest.raises(Unavailable):
                await append
            append = asyncio.create_task(streams.append(LOBBY, b"the packet", id="2", again=True))
        assert (await append).seq == first.seq + 1
        assert await replay(streams, LOBBY, start) == [b"1", b"the packet"]


async def test_an_append_waits_until_a_replica_is_promoted(server: Server, streams: RedisStreams) -> None:
    """Redis refuses writes while it follows another; each try is over a fresh connection, as the master may move."""
    async with open_redis(server.url, timeout_s=5) as redis:
        first = await streams.append(LOBBY, b"1", id="1")
        await redis.replicaof("127.0.0.1", "1")
        waiting = [asyncio.create_task(streams.append(LOBBY, b"%d" % n, id=f"{n}")) for n in range(2, 52)]
        connections = (await redis.info("stats"))["total_connections_received"]
        await asyncio.sleep(0.5)
        assert not any(task.done() for task in waiting)
        tries = (await redis.info("stats"))["total_connections_received"] - connections
        assert 0 < tries < 15  # one for all who wait, and with pauses
        await redis.replicaof("NO", "ONE")
        positions = await asyncio.gather(*waiting)
        assert sorted(position.seq for position in positions) == list(range(2, 52))
        assert {position.epoch for position in positions} == {first.epoch}


async def test_a_redis_that_lost_its_data_starts_new_epochs(server: Server, streams: RedisStreams) -> None:
    async with running(streams, LOBBY) as heard, open_redis(server.url, timeout_s=5) as redis:
        *_, before = await fill(streams, LOBBY, 3)
        await redis.flushall()
        server.kill()
        server.restart()
        after = await streams.append(LOBBY, b"after", id="4")
        assert after.epoch != before.epoch
        assert after.seq == 1
        assert await replay(streams, LOBBY, before) is None
        await eventually(lambda: "resumed" in heard.told)


async def test_a_dropped_subscription_is_replaced(redis_url: str) -> None:
    """Redis cuts off who is too slow: an interruption, and all that is followed is subscribed to again."""
    async with open_redis(redis_url, timeout_s=5) as redis, RedisStreams(redis, size=10, age_s=600) as streams:
        names = [f"chat:{n}" for n in range(1000)]
        async with running(streams, *names) as heard:
            await redis.client_kill_filter(_type="pubsub")
            await eventually(lambda: heard.told == ["interrupted", "resumed"])
            for name in names:
                await streams.notify(name, name.encode())
            await heard.until(b"chat:999")
            assert heard.packets == [name.encode() for name in names]


async def test_a_silent_subscription_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stays open but dead is found out, though it never reports an error."""
    monkeypatch.setattr(link_module, "QUIET_S", 0.1)
    async with an_instance(server, timeout_s=0.3) as streams, running(streams, LOBBY) as heard:
        server.pause()
        await eventually(lambda: heard.told == ["interrupted"])
        server.resume()
        await eventually(lambda: heard.told == ["interrupted", "resumed"])


async def test_a_quiet_subscription_is_kept(
    server: Server, streams: RedisStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing to deliver it answers its pings: no interruption, and nothing delivered but the packets."""
    monkeypatch.setattr(link_module, "QUIET_S", 0.02)
    async with running(streams, LOBBY) as heard:
        await asyncio.sleep(0.2)
        await streams.control(b"end")
        assert await heard.until(b"end") == [Delivery(None, None, b"end")]


async def test_running_starts_before_redis_does(server: Server, streams: RedisStreams) -> None:
    """It waits for Redis, and so does who follows. Nothing was promised, so nothing was interrupted."""
    server.stop()
    heard = Heard()
    task = asyncio.create_task(streams.run(heard))
    following = asyncio.create_task(streams.follow([LOBBY]))
    await asyncio.sleep(0.1)
    server.restart()
    await following
    await streams.notify(LOBBY, b"first")
    assert await heard.until(b"first") == [Delivery(LOBBY, None, b"first")]
    task.cancel()
    await asyncio.wait([task])


async def test_who_follows_waits_until_it_runs(server: Server) -> None:
    async with an_instance(server, timeout_s=0.3) as streams:
        with pytest.raises(Unavailable):
            await streams.follow([LOBBY])


async def test_a_channel_that_is_taken_away_interrupts(server: Server, streams: RedisStreams) -> None:
    """As a cluster does when a slot moves. It is no confirmation, whatever waits for one."""
    async with running(streams, LOBBY) as heard:
        link = await streams._subscriptions.to("any")
        server.pause()
        following = asyncio.create_task(streams.follow([CHAT]))
        await eventually(lambda: bool(link._waiting))
        link.data_received(b">3\r\n$12\r\nsunsubscribe\r\n$17\r\nmaoga:0:{lobby:1}\r\n:0\r\n")
        await eventually(lambda: heard.told == ["interrupted"])
        server.resume()
        await following
        await eventually(lambda: heard.told == ["interrupted", "resumed"])
        await streams.notify(CHAT, b"x")
        await streams.notify(LOBBY, b"y")
        await heard.until(b"y")
        assert heard.packets == [b"x", b"y"]


async def test_who_only_casts_is_heard_again_after_an_outage(server: Server, streams: RedisStreams) -> None:
    """No awaited call has to mend the line first."""
    async with an_instance(server) as listener, running(listener, LOBBY) as heard:

        async def is_heard(packet: bytes) -> bool:
            streams.cast(LOBBY, packet)
            return packet in heard.packets

        await eventually(lambda: is_heard(b"before"))
        server.kill()
        await eventually(lambda: "interrupted" in heard.told)
        for _ in range(10):
            streams.cast(LOBBY, b"lost")
        server.restart()
        await eventually(lambda: is_heard(b"after"))
        assert b"lost" not in heard.packets


async def test_nothing_is_missed_but_between_interrupted_and_resumed(redis_url: str) -> None:
    """While subscriptions are cut at random: after `resumed` all behind the present heads arrives without a hole."""
    names = [f"lobby:{n}" for n in range(5)]
    chance = random.Random(1)

    class Strict(Heard):
        """Knows of each stream the last position that was delivered since the last interruption."""

        def __init__(self) -> None:
            super().__init__()
            self.last: dict[str, int] = {}
            self.holes: list[str] = []

        def deliver(self, delivery: Delivery) -> None:
            assert delivery.stream
            assert delivery.position
            seq, last = delivery.position.seq, self.last.get(delivery.stream)
            if last is not None and seq > last + 1:
                self.holes.append(f"{delivery.stream}: {seq} after {last}")
            self.last[delivery.stream] = max(seq, last or 0)

        def interrupted(self) -> None:
            super().interrupted()
            self.last.clear()

        def resumed(self) -> None:
            super().resumed()
            checks.append(asyncio.create_task(self.compare()))

        async def compare(self) -> None:
            count = len(self.told)
            heads = await streams.positions(names)
            for name, head in heads.items():
                if len(self.told) == count:
                    self.last.setdefault(name, head.seq)

    async def write(instance: RedisStreams) -> None:
        for n in itertools.count():
            await instance.append(chance.choice(names), b"x", id=f"{id(instance)} {n}")

    checks: list[asyncio.Task[None]] = []
    heard = Strict()
    async with (
        open_redis(redis_url, timeout_s=5) as redis,
        RedisStreams(redis, size=100, age_s=600) as streams,
        RedisStreams(redis, size=100, age_s=600) as other,
    ):
        running = asyncio.create_task(streams.run(heard))
        await streams.follow(names)
        writing = [asyncio.create_task(write(instance)) for instance in (streams, other)]
        for n in range(6):
            await redis.client_kill_filter(_type="pubsub")
            streams.unfollow(names[:1])
            heard.last.pop(names[0], None)
            await streams.follow(names[:1])
            await eventually(lambda: heard.told.count("resumed") > n)  # noqa: B023
            await asyncio.sleep(0.1 * chance.random())
        await asyncio.gather(*checks)
        await asyncio.sleep(0.1)
        for task in writing:
            task.cancel()
        await asyncio.wait(writing)

        async def all_is_heard() -> bool:  # asked again each time: an append that was cut off may still take its place
            return heard.last == {name: head.seq for name, head in (await streams.positions(names)).items()}

        await eventually(all_is_heard)
        running.cancel()
        await asyncio.wait([running])
    assert heard.holes == []
