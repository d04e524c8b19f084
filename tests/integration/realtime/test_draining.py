"""A server that stops tells its clients when to leave, finishes what it has begun for them, and lets nobody in."""

import asyncio
import time
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from hypothesis import given
from hypothesis import strategies as st

from realtime.engine.departures import FROM, LATE, TO, departures
from tests.integration.realtime.stage import Stage, stage
from tests.integration.realtime.wire import CONNECT_ERROR, PATIENCE_S, Wire, wire
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("calm")

DRAIN_S = 1.0


def draining(scene: Stage, seconds: float = DRAIN_S) -> asyncio.Task[None]:
    return asyncio.create_task(scene.engine.drain(seconds, lambda ms: ("server_draining", {"reconnectInMs": ms})))


async def told_ms(client: Wire) -> int:
    """When a client is asked to leave."""
    (data,) = await client.event("server_draining")
    after_ms: int = data["reconnectInMs"]
    return after_ms


@given(st.integers(0, 200), st.floats(0, 1000))
def test_departures_are_spread_evenly_over_their_part_of_the_drain(count: int, seconds: float) -> None:
    """Everybody has one; each of as many equal slots has one."""
    found = departures(range(count), seconds)
    assert sorted(item for _, item in found) == list(range(count))
    step = (TO - FROM) * seconds / max(1, count)
    for place, (moment, _) in enumerate(found):
        assert moment == pytest.approx(FROM * seconds + step * (place + 0.5), abs=step / 2 + 1e-6)


async def test_all_are_told_in_each_namespace_and_disconnected_one_after_the_other() -> None:
    async with stage() as scene, wire(scene.url) as one, wire(scene.url) as other:
        told = {}
        for client in (one, other):
            await client.connect("/lobby")
            await client.connect("/chat")
        began, drained = time.monotonic(), draining(scene)
        for client in (one, other):
            told[client] = await told_ms(client)
            assert await told_ms(client) == told[client]
        first, second = sorted(told, key=told.__getitem__)
        assert FROM * DRAIN_S * 1000 <= told[first] < told[second] <= TO * DRAIN_S * 1000
        assert await first.closed()
        assert time.monotonic() - began >= told[first] / 1000
        assert await second.closed()
        assert time.monotonic() - began >= told[second] / 1000
        await drained
        for namespace in ("lobby", "chat"):
            assert scene.counted("maoga_disconnects_total", namespace=namespace, reason="server draining") == 2


async def test_a_drain_ends_when_all_have_left_by_themselves() -> None:
    async with stage() as scene:
        async with wire(scene.url) as client:
            await client.connect("/lobby")
            drained = draining(scene, 600)
            await told_ms(client)
        await asyncio.wait_for(drained, PATIENCE_S)
        await asyncio.wait_for(draining(scene, 600), PATIENCE_S)  # and at once where nobody is


async def test_nobody_new_is_let_in() -> None:
    """Neither a connection, over WebSocket or polls, nor one that is there into another namespace."""
    async with stage(transports=("websocket", "polling")) as scene, wire(scene.url) as client, ClientSession() as http:
        await client.connect("/lobby")
        draining(scene, 600)
        await told_ms(client)
        refused = await client.connect("/chat")
        assert (refused.kind, refused.data["data"]) == (CONNECT_ERROR, {"code": "SERVER_DRAINING"})
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with wire(scene.url):
                pass
        assert refusal.value.status == 503
        async with http.get(f"{scene.url}/socket.io/?EIO=4&transport=polling") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (503, "SERVER_DRAINING")
        assert await client.call("/lobby", "still here") == []
        assert scene.counted("maoga_connects_total", namespace="(all)", outcome="SERVER_DRAINING") == 2


async def test_a_client_that_is_being_let_in_is_told_behind_its_first_event() -> None:
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        await client.send("40/lobby,")
        await eventually(lambda: scene.notes.clients)
        draining(scene)
        await eventually(lambda: scene.counted("maoga_events_out_total", event="server_draining") == 1)
        may_go_on.set()
        await client.event("hello")
        await told_ms(client)
        assert await client.closed()


async def test_what_is_being_handled_is_acked_before_the_connection_is_closed() -> None:
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()

        async def answer(name: str, _: Any) -> str:
            await may_go_on.wait()
            return name

        scene.notes.answer = answer
        await client.connect("/lobby")
        await client.emit("/lobby", 1, "first")
        await client.emit("/lobby", 2, "second")
        await eventually(lambda: ("event", "first") in scene.notes.calls)
        drained = draining(scene)
        await asyncio.sleep((TO + LATE) * DRAIN_S)  # it would have been closed by now
        assert scene.engine.connections() == 1
        may_go_on.set()
        assert [await client.ack(1), await client.ack(2)] == ["first", "second"]
        assert await client.closed()
        await drained


async def test_what_hangs_is_broken_off_in_the_end() -> None:
    """The drain ends in time without it, and `close_all` does not wait for it for ever."""
    async with stage() as scene, wire(scene.url) as client:
        broken_off = asyncio.Event()

        async def answer(*_: Any) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                broken_off.set()

        scene.notes.answer = answer
        await client.connect("/lobby")
        await client.emit("/lobby", 1, "hang")
        await eventually(lambda: ("event", "hang") in scene.notes.calls)
        await asyncio.wait_for(draining(scene, 0.2), PATIENCE_S)
        assert scene.engine.connections() == 1
        await asyncio.wait_for(scene.engine.close_all(), 2 * PATIENCE_S)
        assert broken_off.is_set()
        assert await client.closed()


async def test_polls_fetch_the_last_acks() -> None:
    """A client that polls is told, served and closed as the others are."""
    async with stage(transports=("websocket", "polling")) as scene, ClientSession() as http:
        async with http.get(f"{scene.url}/socket.io/?EIO=4&transport=polling") as response:
            sid = (await response.text()).split('"sid":"')[1].split('"')[0]
        address = f"{scene.url}/socket.io/?EIO=4&transport=polling&sid={sid}"
        async with http.post(address, data="40/lobby,"):
            pass
        await eventually(lambda: scene.notes.clients)
        drained = draining(scene)
        async with http.post(address, data='42/lobby,7["last words"]') as response:
            assert response.status == 200
        heard = ""
        while not heard.endswith("1"):  # the packet that closes the connection
            async with http.get(address) as response:
                assert response.status == 200
                heard += await response.text()
        assert "server_draining" in heard
        assert "43/lobby,7[[]]" in heard
        await drained
