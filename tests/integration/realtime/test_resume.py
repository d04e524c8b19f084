"""`resume`: what a client has missed, on any instance, all of it or a plain no."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.core.ids import UserId
from tests.integration.realtime.handshake import enter
from tests.integration.realtime.node import Long, News, Node, node
from tests.integration.realtime.wire import ACK, EVENT, Wire, wire
from tests.support.services import redis_server
from tests.support.wait import eventually

LOBBY, OWN = "lobby:1", "lobby:user:ann"
BIG = "x" * 16_000
"""So long that hundreds of them fit into no outbox and no buffer of the system."""


@asynccontextmanager
async def a_node(redis_url: str = "memory://", **options: Any) -> AsyncIterator[Node]:
    """An instance that knows ann as a member of the lobby."""
    async with node(redis_url, **options) as one:
        one.namespace.member_of[UserId("ann")] = [LOBBY]
        yield one


async def publish(one: Node, first: int, last: int, stream: str = LOBBY) -> None:
    """News with these numbers."""
    for number in range(first, last + 1):
        await one.tell(stream, News(number=number))


async def resume(client: Wire, places: Any) -> tuple[list[tuple[int, int]], Any]:
    """What comes before the ack, as (seq, number), and the ack."""
    await client.emit("/lobby", 99, "resume", {"streams": places})
    heard = []
    while (packet := await client.packet()).kind != ACK or packet.id != 99:
        if packet.kind == EVENT and packet.data[0] == "news":
            heard.append((packet.data[2]["seq"], packet.data[1]["number"]))
    return heard, packet.data[0]


async def recovered(client: Wire, places: Any) -> tuple[list[int], dict[str, Any]]:
    """The numbers that come before the ack, and its data."""
    heard, ack = await resume(client, places)
    assert ack["status"] == "success", ack
    assert [seq for seq, _ in heard] == sorted(seq for seq, _ in heard)
    return [number for _, number in heard], ack["data"]


async def test_a_client_resumes_on_another_instance(redis_url: str) -> None:
    """It gets exactly what it missed, in order, before the ack, which says where it stands; then it is live."""
    async with a_node(redis_url, instance="one") as one, a_node(redis_url, instance="two") as two:
        async with wire(one.url) as client:
            await enter(client)
            await publish(one, 1, 3)
            places = [(await client.event("news"))[1] for _ in range(3)]
        await publish(two, 4, 9)
        async with wire(two.url) as client:
            hello = await enter(client)
            known = {name: places[1][name] for name in ("epoch", "seq", "at")}
            numbers, answer = await recovered(client, {LOBBY: known})

            assert numbers == [3, 4, 5, 6, 7, 8, 9]
            assert answer == {LOBBY: {"recovered": True, **hello["streams"][LOBBY]}}
            await publish(one, 10, 10)
            assert (await client.event("news"))[0] == {"number": 10}
            assert two.counted("maoga_resumes_total", outcome="recovered") == 1
            assert two.counted("maoga_fanouts_total", namespace="lobby") >= 1
            assert two.counted("maoga_delivery_lag_seconds_count") >= 1


async def test_a_client_that_has_missed_nothing_hears_nothing() -> None:
    """Its place is where the stream stands."""
    async with a_node() as one, wire(one.url) as client:
        await publish(one, 1, 3)
        hello = await enter(client)
        numbers, answer = await recovered(client, hello["streams"])

        assert numbers == []
        assert answer == {stream: {"recovered": True, **place} for stream, place in hello["streams"].items()}


async def test_from_the_start_of_a_stream_everything_comes() -> None:
    """`seq` 0 has no moment to compare."""
    async with a_node() as one, wire(one.url) as client:
        epoch = (await enter(client))["streams"][LOBBY]["epoch"]
        await publish(one, 1, 3)
        assert [(await client.event("news"))[0]["number"] for _ in range(3)] == [1, 2, 3]
        start = {"epoch": epoch, "seq": 0, "at": "2020-01-01T00:00:00Z"}

        assert (await recovered(client, {LOBBY: start}))[0] == [1, 2, 3]


@pytest.mark.parametrize("wrong", [{"epoch": "other"}, {"at": "2020-01-01T00:00:00.000Z"}, {"seq": 9}], ids=str)
async def test_what_cannot_be_had_whole_is_not_recovered_at_all(wrong: dict[str, Any]) -> None:
    """Another epoch, another moment at that seq, a place beyond the head: no event comes.

    The answer tells where the stream stands, and the client is live from there.
    """
    async with a_node() as one, wire(one.url) as client:
        await publish(one, 1, 6)
        hello = await enter(client)
        numbers, answer = await recovered(client, {LOBBY: {**hello["streams"][LOBBY], **wrong}})

        assert numbers == []
        assert answer == {LOBBY: {"recovered": False, **hello["streams"][LOBBY]}}
        assert one.counted("maoga_resumes_total", outcome="lost") == 1
        await publish(one, 7, 7)
        assert (await client.event("news"))[0] == {"number": 7}


async def test_a_place_behind_which_the_log_was_trimmed_is_not_recovered() -> None:
    """It is as long as the log has the very next event."""
    async with a_node(log_size=3) as one, wire(one.url) as client:
        await enter(client)
        await publish(one, 1, 2)
        metas = [(await client.event("news"))[1] for _ in range(2)]
        place = {name: metas[1][name] for name in ("epoch", "seq", "at")}
        await publish(one, 3, 5)
        assert [(await client.event("news"))[0]["number"] for _ in range(3)] == [3, 4, 5]
        assert (await recovered(client, {LOBBY: place}))[0] == [3, 4, 5]
        await publish(one, 6, 6)
        assert (await client.event("news"))[0] == {"number": 6}
        numbers, answer = await recovered(client, {LOBBY: place})
        assert (numbers, answer[LOBBY]["recovered"], answer[LOBBY]["seq"]) == ([], False, 6)


async def test_streams_of_others_are_none_of_the_clients_business() -> None:
    """The answer is the same as for a stream that does not exist, with no place in it."""
    async with a_node() as one, wire(one.url) as client:
        await publish(one, 1, 2, "lobby:2")
        place = (await enter(client))["streams"][LOBBY]
        foreign = {stream: {**place, "seq": 0} for stream in ("lobby:2", "lobby:none", "lobby:user:bob")}

        assert await recovered(client, foreign) == ([], {stream: {"recovered": False} for stream in foreign})


async def test_what_was_said_while_the_client_was_no_member_is_not_replayed() -> None:
    """It left and came back while it was away."""
    async with a_node() as one:
        async with wire(one.url) as client:
            await enter(client)
            await publish(one, 1, 1)
            meta = (await client.event("news"))[1]
        await one.tell(LOBBY, News(number=2), leave=["ann"])
        await publish(one, 3, 4)
        await one.tell(LOBBY, News(number=5), join=["ann"])
        await publish(one, 6, 6)
        async with wire(one.url) as client:
            await enter(client)
            numbers, _ = await recovered(client, {LOBBY: {name: meta[name] for name in ("epoch", "seq", "at")}})

            assert numbers == [2, 5, 6]


async def test_while_the_users_own_stream_is_resumed_joins_still_reach_the_client() -> None:
    """Though it is out of its own room, as it reads slowly."""
    async with a_node() as one:
        async with wire(one.url) as client:
            own = (await enter(client))["streams"][OWN]
        for number in range(1, 601):
            await one.tell(OWN, Long(number=number, text=BIG))
        async with wire(one.url) as client:
            await enter(client)
            transport = client.stop_reading()
            await client.emit("/lobby", 99, "resume", {"streams": {OWN: own}})
            await eventually(lambda: one.hub._feeds[OWN].replays)
            await one.tell("lobby:2", News(number=1), join=["ann"])
            await eventually(lambda: one.engine.members("lobby", "lobby:2"))
            assert one.hub._feeds[OWN].replays
            transport.resume_reading()
            heard: dict[str, list[int]] = {OWN: [], "lobby:2": []}
            while (packet := await client.packet()).kind != ACK:
                heard[packet.data[2]["stream"]].append(packet.data[1]["number"])

        assert heard == {OWN: list(range(1, 601)), "lobby:2": [1]}


async def test_a_slow_reader_gets_a_thousand_events_and_is_not_cut_off() -> None:
    """The replay waits for the reader, however long it takes, and the ack comes last."""
    async with a_node(handler_timeout_s=0.3) as one:
        async with wire(one.url) as client:
            start = (await enter(client))["streams"][LOBBY]
        for number in range(1, 1001):
            await one.tell(LOBBY, Long(number=number, text=BIG))
        async with wire(one.url, max_msg_size=0) as client:
            await enter(client)
            transport = client.stop_reading()
            await client.emit("/lobby", 99, "resume", {"streams": {LOBBY: start}})
            await asyncio.sleep(0.6)  # longer than a handler may take
            assert one.hub._feeds[LOBBY].replays  # it waits for the reader
            await publish(one, 1001, 1001)
            transport.resume_reading()
            heard = []
            while (packet := await client.packet()).kind != ACK:
                heard.append(packet.data[1]["number"])

        assert heard == list(range(1, 1002))
        assert packet.data[0]["data"][LOBBY]["recovered"] is True
        assert packet.data[0]["data"][LOBBY]["seq"] == 1001


async def test_a_client_that_is_gone_in_the_middle_leaves_nothing_behind() -> None:
    """Its replay ends, and nothing holds the stream's events any more."""
    async with a_node() as one:
        async with wire(one.url) as client:
            start = (await enter(client))["streams"][LOBBY]
        for number in range(1, 101):
            await one.tell(LOBBY, Long(number=number, text="x" * 100_000))  # more than the kernel takes
        async with wire(one.url) as client:
            await enter(client)
            client.stop_reading()
            await client.emit("/lobby", 99, "resume", {"streams": {LOBBY: start}})
            await eventually(lambda: one.hub._feeds[LOBBY].replays)
            client.abort()
        await eventually(lambda: not list(one.sessions))
        await eventually(lambda: not one.hub._feeds[LOBBY].replays)
        await eventually(lambda: not one.engine.connections())


async def test_while_redis_is_away_a_resume_is_unavailable_and_the_client_stays_live() -> None:
    """It may try again; nothing was recovered, nothing is lost."""
    with redis_server() as server:
        async with a_node(server.url) as one, wire(one.url) as client:
            await enter(client)
            await publish(one, 1, 3)
            metas = [(await client.event("news"))[1] for _ in range(3)]
            place = {name: metas[0][name] for name in ("epoch", "seq", "at")}
            server.pause()
            heard, ack = await resume(client, {LOBBY: place})
            assert (heard, ack["error"]["code"]) == ([], "UNAVAILABLE")
            server.resume()
            await publish(one, 4, 4)
            assert (await client.event("news"))[0] == {"number": 4}
            assert (await recovered(client, {LOBBY: place}))[0] == [2, 3, 4]


@pytest.mark.parametrize(
    "streams",
    [
        7,
        {"lobby:1": 7},
        {"lobby:1": {"epoch": "e", "seq": -1, "at": "2020-01-01T00:00:00Z"}},
        {"lobby:1": {"epoch": "e", "seq": 1, "at": "yesterday"}},
        {"lobby:1": {"epoch": "e", "seq": 1, "at": "2020-01-01T00:00:00"}},
        {"lobby:1": {"epoch": "e", "seq": 1, "at": "1969-12-31T23:59:59Z"}},
        {"x" * 201: {"epoch": "e", "seq": 1, "at": "2020-01-01T00:00:00Z"}},
        {f"lobby:{n}": {"epoch": "e", "seq": 1, "at": "2020-01-01T00:00:00Z"} for n in range(201)},
    ],
)
async def test_nonsense_is_refused(streams: Any) -> None:
    """Validated like any other payload."""
    async with a_node() as one, wire(one.url) as client:
        await enter(client)
        heard, ack = await resume(client, streams)
        assert (heard, ack["error"]["code"]) == ([], "VALIDATION_ERROR")


async def test_many_streams_cost_more() -> None:
    """200 take 21 tokens of the 40 a connection may spend at once."""
    async with a_node(rate_limit_scale=1) as one, wire(one.url) as client:
        place = (await enter(client))["streams"][LOBBY]
        many = {f"lobby:x{n}": place for n in range(200)}
        await recovered(client, many)
        _, ack = await resume(client, many)
        assert ack["error"]["code"] == "RATE_LIMITED"
        assert ack["error"]["details"]["retryInMs"] > 0
