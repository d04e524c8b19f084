"""A connection that is closed is closed, heartbeats are kept, and events are handled in order."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession

from tests.integration.realtime.stage import stage
from tests.integration.realtime.wire import PATIENCE_S, wire
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("calm")


async def test_close_really_closes_the_connection() -> None:
    """All namespaces and the WebSocket itself, behind what was sent last; later frames are ignored."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.connect("/chat")
        lobby = scene.notes.clients[0]
        scene.engine.send(lobby.sid, "kicked", {"reason": "test"})
        scene.engine.close(lobby.sid, "kicked")
        await client.send('42/chat,["too late"]')

        assert await client.event("kicked") == [{"reason": "test"}]
        assert await client.closed()
        assert client.websocket.close_code == 1000
        await eventually(lambda: len(scene.notes.calls) == 4)
        assert sorted(scene.notes.calls[2:]) == [("disconnect", "chat", "kicked"), ("disconnect", "lobby", "kicked")]


async def test_close_cuts_off_a_client_that_does_not_read() -> None:
    """Neither a full buffer nor a client that ignores the closing handshake keeps a connection open."""
    async with stage() as scene, wire(scene.url, max_msg_size=0) as client:
        await client.connect("/lobby")
        transport = client.stop_reading()
        for _ in range(100):
            scene.engine.send(scene.notes.clients[0].sid, "much", "x" * 200_000)
        scene.engine.close(scene.notes.clients[0].sid, "kicked")

        await eventually(lambda: not scene.tcp_connections(), timeout=PATIENCE_S)
        transport.resume_reading()


async def test_a_client_that_neither_reads_nor_answers_is_cut_off() -> None:
    """The ping timeout ends it, however much is waiting to be written to it."""
    async with (
        stage(ping_interval_s=0.1, ping_timeout_s=0.2, outbox_bytes=10**8) as scene,
        wire(scene.url, max_msg_size=0) as client,
    ):
        await client.connect("/lobby")
        transport = client.stop_reading()
        for _ in range(100):
            scene.engine.send(scene.notes.clients[0].sid, "much", "x" * 200_000)

        await eventually(lambda: not scene.tcp_connections(), timeout=PATIENCE_S)
        assert scene.notes.calls[-1][0] == "disconnect"
        transport.resume_reading()


async def test_what_waits_when_the_server_closes_is_not_handled() -> None:
    """A kicked client's last events count no more; the goodbye comes behind the event that was being handled."""
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.answer = lambda *_: may_go_on.wait()
        await client.connect("/lobby")
        for number in range(5):
            await client.send(f'42/lobby,["event {number}"]')
        await eventually(lambda: len(scene.notes.calls) == 2)
        await client.call("/chat", "all read")
        scene.engine.close(scene.notes.clients[0].sid, "kicked")
        assert await client.closed()
        may_go_on.set()

        await eventually(lambda: scene.notes.calls[-1] == ("disconnect", "lobby", "kicked"))
        assert scene.notes.calls[1:-1] == [("event", "event 0")]


async def test_a_disconnect_of_engine_io_ends_the_websocket() -> None:
    """A client that says it is gone is let go, whether it closes its WebSocket or not."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.send("1")

        assert await client.closed()
        await eventually(lambda: scene.notes.calls[-1] == ("disconnect", "lobby", "client disconnect"))


async def test_a_client_that_does_not_answer_heartbeats_is_cut_off() -> None:
    """Its end comes with the ping timeout, and its WebSocket is closed then."""
    async with stage(ping_interval_s=0.1, ping_timeout_s=0.2) as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        client.answer_pings = False

        assert await client.closed()
        await eventually(lambda: scene.notes.calls[-1][0] == "disconnect")
        assert scene.notes.calls[-1][2] in {"ping timeout", "transport close"}


async def test_heartbeats_are_read_while_a_handler_is_slow() -> None:
    """A handler that takes longer than the ping timeout costs nobody the connection."""
    async with stage(ping_interval_s=0.05, ping_timeout_s=0.2) as scene, wire(scene.url) as client:

        async def slow(name: str, arguments: Sequence[Any]) -> str:
            await asyncio.sleep(0.8)
            return "done"

        scene.notes.answer = slow
        await client.connect("/lobby")
        started = time.monotonic()

        assert await client.call("/lobby", "x") == "done"
        assert time.monotonic() - started >= 0.8
        assert scene.counted("maoga_sockets", namespace="lobby", transport="websocket") == 1


async def test_events_of_a_client_are_handled_in_order_one_at_a_time() -> None:
    """A handler that awaits does not let the next event overtake it."""
    async with stage(inbox_size=100) as scene, wire(scene.url) as client:
        running: list[str] = []
        seen: list[int] = []

        async def answer(name: str, arguments: Sequence[Any]) -> Any:
            running.append(name)
            assert len(running) == 1
            await asyncio.sleep(0.001 if len(seen) % 2 else 0)
            running.remove(name)
            seen.append(arguments[0])
            return arguments[0]

        scene.notes.answer = answer
        await client.connect("/lobby")
        for number in range(100):
            await client.send(f'42/lobby,{number}["x",{number}]')

        assert [await client.ack(number) for number in range(100)] == list(range(100))
        assert seen == list(range(100))


async def test_a_slow_event_in_one_namespace_does_not_delay_another() -> None:
    """Order is kept within a namespace, not across them."""
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()

        async def answer(name: str, arguments: Sequence[Any]) -> Any:
            if name == "slow":
                await may_go_on.wait()
            return name

        scene.notes.answer = answer
        await client.connect("/lobby")
        await client.connect("/chat")
        await client.send('42/lobby,1["slow"]')

        assert await client.call("/chat", "quick") == "quick"
        may_go_on.set()
        assert await client.ack(1) == "slow"


async def test_an_inbox_that_overflows_answers_rate_limited_then_closes() -> None:
    """A flood is refused event by event, and its sender cut off when it goes on."""
    async with stage(inbox_size=8, patience=20) as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.answer = lambda *_: may_go_on.wait()
        await client.connect("/lobby")
        for number in range(1, 20):
            await client.send(f'42/lobby,{number}["x"]')

        # One is being handled and eight wait.
        refused = [await client.ack(number) for number in range(10, 20)]
        assert {answer["error"]["code"] for answer in refused} == {"RATE_LIMITED"}
        may_go_on.set()
        assert [await client.ack(number) for number in range(1, 10)] == [True] * 9
        may_go_on.clear()
        for number in range(100):
            await client.send(f'42/lobby,{number}["x"]')
        assert await client.closed()
        assert [call[1] for call in scene.notes.calls if call[0] == "overflow"] == [*[""] * 10, *[""] * 19, "last"]
        may_go_on.set()


async def test_what_was_said_before_leaving_is_still_handled() -> None:
    """Emit and disconnect in one breath: the events count, and the goodbye comes last."""
    async with stage() as scene:
        async with wire(scene.url) as client:
            await client.connect("/lobby")
            for number in range(10):
                await client.send(f'42/lobby,["event {number}"]')
        await eventually(lambda: scene.notes.calls[-1][0] == "disconnect")
        assert [name for _, name, *_ in scene.notes.calls[1:-1]] == [f"event {number}" for number in range(10)]


async def test_stopping_waits_for_the_goodbyes() -> None:
    """Nothing is left of any connection, not even of one that does not read or is in the middle of its upgrade."""
    async with stage(transports=("websocket", "polling"), outbox_bytes=10**8) as scene, ClientSession() as http:
        async with http.get(f"{scene.url}/socket.io/?EIO=4&transport=polling") as response:
            sid = orjson.loads((await response.text())[1:])["sid"]
        address = f"{scene.url}/socket.io/?EIO=4&transport=websocket&sid={sid}"
        async with wire(scene.url) as polite, wire(scene.url) as deaf, http.ws_connect(address):
            await polite.connect("/lobby")
            await deaf.connect("/lobby")
            transport = deaf.stop_reading()
            for _ in range(100):
                scene.engine.send(scene.notes.clients[1].sid, "much", "x" * 200_000)
            await asyncio.wait_for(scene.engine.close_all(), PATIENCE_S)

            assert not scene.tcp_connections()
            transport.close()
