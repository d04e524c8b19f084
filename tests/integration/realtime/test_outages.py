"""Streams whose carrier is cut off, restarted, frozen or wiped: repaired before anything more, or told to be lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import redis.asyncio

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from domain.core.streams import Delivery
from tests.integration.realtime.handshake import enter
from tests.integration.realtime.line import Line, line_to
from tests.integration.realtime.node import News, Node, Rumour, node
from tests.integration.realtime.wire import EVENT, Wire, wire
from tests.support.services import redis_server
from tests.support.wait import eventually

LOBBY = "lobby:1"


@dataclass
class Scene:
    """ann hears the lobby on an instance whose line to Redis can be cut; the other instance has one of its own."""

    cut_off: Node
    other: Node
    ann: Wire
    line: Line
    admin: redis.asyncio.Redis

    async def story(self, last: int) -> list[str | int]:
        """What ann hears up to the news of that number: numbers of news, names of other events."""
        heard: list[str | int] = []
        while last not in heard:
            packet = await self.ann.packet()
            if packet.kind == EVENT:
                heard.append(packet.data[1]["number"] if packet.data[0] == "news" else packet.data[0])
        return heard


@pytest.fixture
async def scene(redis_url: str) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(line_to(urlsplit(redis_url).port or 6379))
        admin = await stack.enter_async_context(redis.asyncio.Redis.from_url(redis_url))
        cut_off = await stack.enter_async_context(node(f"redis://127.0.0.1:{line.port}", instance="one"))
        other = await stack.enter_async_context(node(redis_url, instance="two"))
        ann = await stack.enter_async_context(wire(cut_off.url))
        cut_off.namespace.member_of[UserId("ann")] = [LOBBY]
        await enter(ann)
        yield Scene(cut_off, other, ann, line, admin)


async def test_what_was_missed_is_repaired_before_anything_more_is_delivered(scene: Scene) -> None:
    """In order, with nobody greeted again."""
    await scene.other.tell(LOBBY, News(number=1))
    assert await scene.story(1) == [1]
    await scene.line.cut()
    for number in range(2, 252):
        await scene.other.tell(LOBBY, News(number=number))
    await scene.line.mend()
    for number in range(252, 300):
        await scene.other.tell(LOBBY, News(number=number))

    assert await scene.story(299) == list(range(2, 300))


async def test_a_hole_is_filled_without_an_interruption(scene: Scene) -> None:
    """Whatever the reason: the next event shows that one is missing."""
    await scene.other.tell(LOBBY, News(number=1))
    assert await scene.story(1) == [1]

    async def is_deaf() -> bool:
        return not await scene.admin.pubsub_channels(f"*{LOBBY}*")

    scene.cut_off.streams.unfollow([LOBBY])
    await eventually(is_deaf)
    await scene.other.tell(LOBBY, News(number=2))
    await scene.cut_off.streams.follow([LOBBY])
    await scene.other.tell(LOBBY, News(number=3))

    assert await scene.story(3) == [2, 3]


async def test_the_last_event_lost_in_an_outage_is_found(scene: Scene) -> None:
    """Nothing follows it, so that it shows no gap: the heads are compared."""
    await scene.line.cut()
    await scene.other.tell(LOBBY, News(number=1))
    await scene.line.mend()

    assert await scene.story(1) == [1]


async def test_a_join_missed_in_an_outage_is_made_up_for(scene: Scene) -> None:
    """Its notice was lost, but the documents know: ann is greeted with the new stream, and hears it."""
    await scene.line.cut()
    scene.cut_off.namespace.member_of[UserId("ann")] = [LOBBY, "lobby:2"]
    await scene.other.tell("lobby:2", News(number=1), join=["ann"])
    await scene.line.mend()
    hello, _ = await scene.ann.event("hello")
    assert hello["streams"]["lobby:2"]["seq"] == 1
    await scene.other.tell("lobby:2", News(number=2))

    assert await scene.story(2) == [2]


async def test_a_leave_missed_in_an_outage_ends_the_membership(scene: Scene) -> None:
    """The event that ended it is the last of the stream that ann hears."""
    await scene.line.cut()
    scene.cut_off.namespace.member_of[UserId("ann")] = []
    await scene.other.tell(LOBBY, News(number=1), leave=["ann"])
    await scene.other.tell(LOBBY, News(number=2))
    await scene.line.mend()
    await eventually(lambda: not scene.cut_off.engine.members("lobby", LOBBY))
    await scene.other.tell("lobby:user:ann", News(number=3))

    assert [one for one in await scene.story(3) if one != "hello"] in ([1, 3], [3])


async def test_lost_logs_are_told(scene: Scene) -> None:
    """Redis comes back empty: the streams begin anew, ann is told so, and hears what comes."""
    await scene.other.tell(LOBBY, News(number=1))
    assert await scene.story(1) == [1]
    await scene.line.cut()
    await scene.admin.flushall()
    await scene.line.mend()
    hello, _ = await scene.ann.event("hello")
    assert hello["streams"][LOBBY]["seq"] == 0
    await scene.other.tell(LOBBY, News(number=2))
    data, meta = await scene.ann.event("news")

    assert (data, meta["seq"], meta["epoch"]) == ({"number": 2}, 1, hello["streams"][LOBBY]["epoch"])


async def test_a_log_lost_behind_a_live_subscription_is_noticed_with_the_next_event(scene: Scene) -> None:
    """It is of another epoch; what came between may be gone."""
    await scene.other.tell(LOBBY, News(number=1))
    assert await scene.story(1) == [1]
    await scene.admin.flushall()
    await scene.other.tell(LOBBY, News(number=2))
    hello, _ = await scene.ann.event("hello")
    assert hello["streams"][LOBBY]["seq"] == 1
    await scene.other.tell(LOBBY, News(number=3))

    assert await scene.story(3) == [3]


async def test_a_stale_replica_is_no_continuation(scene: Scene) -> None:
    """Same epoch, same places, but other events: the moment at the place tells."""
    for number in (1, 2, 3):
        await scene.other.tell(LOBBY, News(number=number))
        if number == 2:
            kept = {
                key: await scene.admin.dump(key) or b""
                async for key in scene.admin.scan_iter("maoga:stream:{lobby:1}*")
            }
    assert await scene.story(3) == [1, 2, 3]
    await scene.line.cut()
    for key, value in kept.items():
        await scene.admin.restore(key, 0, value, replace=True)
    for number in (4, 5):  # at the places 3 and 4
        await scene.other.tell(LOBBY, News(number=number))
    await scene.line.mend()
    hello, _ = await scene.ann.event("hello")
    assert hello["streams"][LOBBY]["seq"] == 4
    await scene.other.tell(LOBBY, News(number=6))

    assert await scene.story(6) == [6]


async def test_after_an_interruption_even_a_fitting_event_is_checked_first(scene: Scene) -> None:
    """The subscription is back before the heads are compared, and what comes in belongs to another past."""
    for number in (1, 2):
        await scene.other.tell(LOBBY, News(number=number))
    kept = {key: await scene.admin.dump(key) or b"" async for key in scene.admin.scan_iter("maoga:stream:{lobby:1}*")}
    await scene.other.tell(LOBBY, News(number=3))
    assert await scene.story(3) == [1, 2, 3]
    await scene.cut_off.hub.follow([LOBBY])  # a repair that is still under way would look once more before the change
    for key, value in kept.items():
        await scene.admin.restore(key, 0, value, replace=True)
    scene.cut_off.hub.interrupted()  # as late as can be: whatever makes it look before the next event spoils the test
    await scene.other.tell(LOBBY, News(number=4))  # at the place 3, where this process believes to be
    hello, _ = await scene.ann.event("hello")
    assert hello["streams"][LOBBY]["seq"] == 3


async def test_transient_events_are_heard_locally_while_the_line_is_cut_and_durable_ones_fail_loudly(
    scene: Scene,
) -> None:
    """Afterwards everything goes on."""
    await scene.line.cut()
    await scene.cut_off.tell(LOBBY, Rumour(number=1))
    assert (await scene.ann.event("rumour"))[0] == {"number": 1}
    with pytest.raises(Unavailable):
        await scene.cut_off.tell(LOBBY, News(number=2))
    await scene.line.mend()
    await scene.cut_off.tell(LOBBY, News(number=3))

    assert await scene.story(3) == [3]


async def test_a_restart_of_redis_is_no_loss() -> None:
    """It keeps its data; clients are not even greeted again."""
    with redis_server() as server:
        async with node(server.url) as one, wire(one.url) as ann, redis.asyncio.Redis.from_url(server.url) as admin:
            one.namespace.member_of[UserId("ann")] = [LOBBY]
            await enter(ann)
            await one.tell(LOBBY, News(number=1))
            await asyncio.to_thread(server.restart)
            await one.tell(LOBBY, News(number=2))
            await one.tell(LOBBY, News(number=3))
            packets = [await ann.packet() for _ in range(3)]

            assert [(packet.data[0], packet.data[1].get("number")) for packet in packets] == [
                ("news", 1),
                ("news", 2),
                ("news", 3),
            ]
            assert [packet.data[2]["seq"] for packet in packets] == [1, 2, 3]
            assert await admin.ping()


async def test_a_frozen_redis_delays_what_is_published() -> None:
    """Whoever publishes waits until their deadline; what is in time is no error."""
    with redis_server() as server:
        async with node(server.url) as one, wire(one.url) as ann:
            one.namespace.member_of[UserId("ann")] = [LOBBY]
            await enter(ann)
            server.pause()
            telling = asyncio.create_task(one.tell(LOBBY, News(number=1)))
            await one.tell(LOBBY, Rumour(number=2))
            assert (await ann.event("rumour"))[0] == {"number": 2}
            assert not telling.done()
            server.resume()
            await telling
            assert (await ann.event("news"))[0] == {"number": 1}


async def test_an_instance_hears_only_streams_that_it_follows(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It pays nothing for the rooms of others."""
    heard: list[Delivery] = []
    deliver = scene.cut_off.hub.deliver

    def counted(delivery: Delivery) -> None:
        heard.append(delivery)
        deliver(delivery)

    monkeypatch.setattr(scene.cut_off.hub, "deliver", counted)
    for n in range(50):
        await scene.other.tell(f"lobby:x{n}", News(number=n), join=["bob"])
        await scene.other.tell(f"lobby:x{n}", Rumour(number=n))
    await scene.other.tell(LOBBY, News(number=1))
    await scene.other.tell(LOBBY, Rumour(number=2))
    await scene.ann.event("rumour")

    assert [delivery.stream for delivery in heard] == [LOBBY, LOBBY]


async def test_a_stream_is_followed_a_while_longer_than_anybody_here_does(redis_url: str) -> None:
    """Coming back within that time changes nothing; later, the subscription is gone."""
    async with node(redis_url, linger_s=1) as one, redis.asyncio.Redis.from_url(redis_url) as admin:
        one.namespace.member_of[UserId("ann")] = [LOBBY]

        async def channels() -> set[bytes | str]:
            return set(await admin.pubsub_channels("*"))

        unused = await channels()
        async with wire(one.url) as ann:
            await enter(ann)
            used = await channels()
            assert len(used - unused) == 2
            feed = one.hub._feeds[LOBBY]
        await eventually(lambda: not list(one.sessions))
        assert await channels() == used
        async with wire(one.url) as ann:
            await enter(ann)
            await asyncio.sleep(1.5)
            assert one.hub._feeds[LOBBY] is feed
            await one.tell(LOBBY, News(number=1))
            assert (await ann.event("news"))[0] == {"number": 1}

        async def is_unfollowed() -> bool:
            return await channels() == unused

        await eventually(is_unfollowed)
        assert not one.hub.follows(LOBBY)
