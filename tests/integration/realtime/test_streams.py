"""Events on their way from a use case to the sockets that follow the stream, on one instance and on two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
import socketio

from domain.core.events import to
from domain.core.ids import UserId
from realtime import packet
from tests.integration.realtime.handshake import enter
from tests.integration.realtime.node import News, Node, Rumour, node, token_of
from tests.integration.realtime.wire import CONNECT, Wire, wire
from tests.support.wait import eventually

LOBBY = "lobby:1"


async def numbers(client: Wire, count: int) -> list[int]:
    """The numbers in the next so many `news`."""
    return [(await client.event("news"))[0]["number"] for _ in range(count)]


@asynccontextmanager
async def two_nodes(redis_url: str) -> AsyncIterator[tuple[Node, Node]]:
    """Two instances that share a Redis."""
    async with node(redis_url, instance="one") as one, node(redis_url, instance="two") as two:
        yield one, two


async def test_a_durable_event_carries_its_place_in_the_stream() -> None:
    """`meta` is {stream, seq, epoch, at}, with the epoch that `hello` told."""
    async with node() as one, wire(one.url) as client:
        one.namespace.member_of[UserId("ann")] = [LOBBY]
        hello = await enter(client)
        await one.tell(LOBBY, News(number=1))
        data, meta = await client.event("news")

        assert data == {"number": 1}
        assert meta == {"stream": LOBBY, "seq": 1, "epoch": hello["streams"][LOBBY]["epoch"], "at": meta["at"]}
        assert one.counted("maoga_events_out_total", event="news") == 1


async def test_a_transient_event_has_no_place() -> None:
    """`meta` is {stream, at}."""
    async with node() as one, wire(one.url) as client:
        one.namespace.member_of[UserId("ann")] = [LOBBY]
        await enter(client)
        await one.tell(LOBBY, Rumour(number=1))
        data, meta = await client.event("rumour")

        assert (data, set(meta), meta["stream"]) == ({"number": 1}, {"stream", "at"}, LOBBY)


async def test_nobody_hears_a_stream_they_do_not_follow() -> None:
    """Neither other users, nor the user's socket in another namespace."""
    async with node() as one, wire(one.url) as ann, wire(one.url) as bob:
        one.namespace.member_of[UserId("ann")] = [LOBBY]
        await enter(ann)
        await enter(bob, "bob")
        await enter(bob, "bob", namespace="/chat")
        await one.tell(LOBBY, News(number=1))
        await one.tell("lobby:user:ann", News(number=2))
        await one.tell("chat:user:bob", News(number=3))

        assert await numbers(ann, 2) == [1, 2]
        assert await numbers(bob, 1) == [3]
        assert await bob.silent()


async def test_join_and_leave_travel_with_the_events() -> None:
    """Who joins by an event hears it and what follows; who leaves by one hears it and nothing more."""
    async with node() as one, wire(one.url) as phone, wire(one.url) as desk, wire(one.url) as other:
        await enter(phone)
        await enter(desk)
        await enter(other, "bob")
        await one.tell(LOBBY, News(number=1), join=["bob"])
        await one.tell(LOBBY, News(number=2), join=["ann"])
        await one.tell(LOBBY, News(number=3), leave=["ann"])
        await one.tell(LOBBY, News(number=4))

        assert await numbers(phone, 2) == [2, 3]
        assert await numbers(desk, 2) == [2, 3]
        assert await numbers(other, 4) == [1, 2, 3, 4]
        assert await phone.silent()


async def test_an_event_published_again_reaches_nobody_twice_and_brings_nobody_back(redis_url: str) -> None:
    """As when a worker dies between publishing and noting it, and the sweep comes after the member has left."""
    async with two_nodes(redis_url) as (one, two), wire(one.url) as ann, wire(two.url) as bob:
        await enter(ann)
        await enter(bob, "bob")
        first = await one.tell(LOBBY, News(number=1), join=["ann", "bob"])
        await one.tell(LOBBY, News(number=2), leave=["ann"])
        await two.publisher.publish(first, again=True)
        await one.publisher.publish(first, again=True)
        await two.tell(LOBBY, News(number=3))

        assert [await bob.event("news") for _ in range(2)]
        (data, meta) = await bob.event("news")
        assert (data, meta["seq"]) == ({"number": 3}, 3)
        assert await numbers(ann, 2) == [1, 2]
        assert await ann.silent()
        assert await bob.silent()
        assert one.engine.members("lobby", LOBBY) == []


@pytest.mark.parametrize("stays", [True, False])
async def test_an_invitation_that_comes_late_brings_everything_since(redis_url: str, stays: bool) -> None:
    """As when the publisher dies before it tells those who join, and somebody else here follows the stream by then."""
    async with two_nodes(redis_url) as (one, two), wire(two.url) as ann, wire(two.url) as bob:
        await enter(ann)
        joins = to(LOBBY, News(number=1), join=[UserId("ann"), UserId("bob")])
        await one.streams.append(LOBBY, packet.durable(joins), id=joins.id)
        await one.tell(LOBBY, News(number=2))
        await one.tell(LOBBY, News(number=3), leave=[] if stays else ["ann"])
        two.namespace.member_of[UserId("bob")] = [LOBBY]
        await enter(bob, "bob")
        await one.publisher.publish(joins, again=True)
        assert await numbers(ann, 3) == [1, 2, 3]
        await one.tell(LOBBY, News(number=4))
        assert await numbers(bob, 1) == [4]
        if stays:
            assert await numbers(ann, 1) == [4]
        assert await ann.silent()
        assert await bob.silent()


async def test_a_leave_wins_over_a_read_that_is_older() -> None:
    """The documents are read while connecting; what the events said meanwhile is newer."""
    async with node() as one, wire(one.url) as client:
        one.namespace.member_of[UserId("ann")] = [LOBBY, "lobby:2"]
        one.namespace.reading = asyncio.Event()
        one.namespace.may_read.clear()
        await client.send(f'40/lobby,{{"token":"{token_of("ann")}"}}')
        await one.namespace.reading.wait()
        one.namespace.member_of[UserId("ann")] = ["lobby:2"]
        await one.tell(LOBBY, News(number=1), leave=["ann"])
        await one.tell("lobby:3", News(number=2), join=["ann"])
        await eventually(lambda: one.engine.members("lobby", "lobby:3"))
        one.namespace.may_read.set()

        assert (await client.packet()).kind == CONNECT
        hello = (await client.packet()).data[1]
        assert set(hello["streams"]) == {"lobby:2", "lobby:3", "lobby:user:ann"}
        assert await numbers(client, 1) == [2]  # it came while connecting, and was held back until after hello
        await one.tell(LOBBY, News(number=3))
        await one.tell("lobby:2", News(number=4))
        assert await numbers(client, 1) == [4]


async def test_what_is_published_while_connecting_is_not_lost(redis_url: str) -> None:
    """Every number above the position that `hello` tells arrives, and none of it before `hello`."""
    async with node(redis_url) as one, AsyncExitStack() as stack:
        one.namespace.member_of[UserId("ann")] = [LOBBY]
        publishing = True

        async def publish() -> int:
            number = 0
            while publishing:
                number += 1
                await one.tell(LOBBY, News(number=number))
            return number

        task = asyncio.create_task(publish())
        clients = []
        for _ in range(10):
            client = await stack.enter_async_context(wire(one.url))
            clients.append((client, await enter(client)))
        publishing = False
        last = await task
        for client, hello in clients:
            expected = hello["streams"][LOBBY]["seq"] + 1
            heard = [number for number in await heard_until(client, last) if number >= expected]
            assert heard == list(range(expected, last + 1))


async def heard_until(client: Wire, last: int) -> list[int]:
    """All numbers of `news` up to `last`."""
    heard = [0]
    while heard[-1] < last:
        heard += await numbers(client, 1)
    return heard[1:]


async def test_two_instances_carry_events_joins_and_leaves(redis_url: str) -> None:
    """Players on different instances hear the same events in the same order, whoever publishes."""
    async with two_nodes(redis_url) as (one, two), wire(one.url) as ann, wire(two.url) as bob:
        await enter(ann, "ann")
        await enter(bob, "bob")
        await two.tell(LOBBY, News(number=1), join=["ann", "bob"])
        for number in range(2, 20):
            await (one if number % 2 else two).tell(LOBBY, News(number=number))
        await one.tell(LOBBY, News(number=20), leave=["bob"])
        await two.tell(LOBBY, News(number=21))

        assert await numbers(ann, 21) == list(range(1, 22))
        assert await numbers(bob, 20) == list(range(1, 21))
        assert await bob.silent()


async def test_a_kick_reaches_every_instance(redis_url: str) -> None:
    """A banned user is cut everywhere, and is gone when the last connection is."""
    async with two_nodes(redis_url) as (one, two), wire(one.url) as here, wire(two.url) as there:
        await enter(here)
        await enter(there)
        await one.publisher.disconnect(UserId("ann"), reason="banned")

        for client in (here, there):
            assert (await client.event("kicked"))[0] == {"reason": "banned"}
            assert await client.closed()
        await eventually(lambda: one.went + two.went == ["ann"])


async def test_a_user_is_gone_when_the_last_connection_anywhere_is(redis_url: str) -> None:
    """Closing one of two connections on two instances starts no grace."""
    async with two_nodes(redis_url) as (one, two), wire(two.url) as there:
        async with wire(one.url) as here:
            await enter(here)
            await enter(there)
        await eventually(lambda: not list(one.sessions))
        await eventually(lambda: one.engine.connections() == 0)
        assert (one.went, two.went) == ([], [])
        await there.websocket.close()
        await eventually(lambda: two.went == ["ann"])


async def test_a_packet_nobody_understands_stops_nothing() -> None:
    """A newer version's packet is logged and skipped."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        await one.streams.append("lobby:user:ann", b"\xff", id="1")
        await one.streams.append("lobby:user:ann", b'{"join":7}\n"x",{}', id="2")
        await one.streams.notify("lobby:user:ann", b'{"event":"something new"}\n')
        await one.streams.control(b'{"do":"something new"}')
        await one.tell("lobby:user:ann", News(number=1))

        assert await numbers(client, 1) == [1]


async def test_the_official_client_library_plays_along(redis_url: str) -> None:
    """python-socketio's own client connects to two namespaces, calls, hears the other instance, and is kicked."""
    async with two_nodes(redis_url) as (one, two), aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(reconnection=False, http_session=http)
        heard: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        for event in ("hello", "news", "kicked"):
            client.on(event, lambda *arguments: heard.put_nowait(arguments), namespace="/lobby")
        gone = asyncio.Event()
        client.on("disconnect", lambda *_: gone.set(), namespace="/lobby")
        await client.connect(
            two.url,
            auth={"token": token_of("ann")},
            namespaces=["/lobby", "/chat"],
            transports=["websocket"],
            retry=False,
        )
        await heard.get()
        ack = await client.call("say", {"text": "hi"}, namespace="/lobby", timeout=5)
        await one.tell("lobby:user:ann", News(number=1))

        assert ack == {"status": "success", "data": {"saidText": "hi", "by": "ann"}}
        data, meta = await heard.get()
        assert (data, meta["seq"]) == ({"number": 1}, 1)
        await one.publisher.disconnect(UserId("ann"), reason="banned")
        assert (await heard.get())[0] == {"reason": "banned"}
        async with asyncio.timeout(5):
            await gone.wait()
            await client.disconnect()
