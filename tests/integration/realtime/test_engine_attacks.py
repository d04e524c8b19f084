"""What a hostile client may try below the level of events, over a raw WebSocket."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from realtime.engine import Client
from tests.integration.realtime.stage import stage
from tests.integration.realtime.wire import CONNECT, CONNECT_ERROR, PATIENCE_S, wire
from tests.support.wait import eventually

MALFORMED_FRAMES = [
    "",  # empty
    "x",
    "9",
    "2",  # a heartbeat in the wrong direction
    "4",  # a message without a packet
    "4x",
    "47",
    "4{}",
    "44/lobby,{}",  # only servers refuse connections
    "42/lobby,",  # an event without anything
    "42/lobby,{}",
    "42/lobby,[]",
    "42/lobby,[1]",
    "42/lobby,[null]",
    '42/lobby,["unfinished',
    '42/lobby,["x",NaN,"\\u0041"]',
    '42/lobby,"\\ud800"',
    '42/lobby,99999999999999999999["x"]',
    "42/lobby," + "9" * 200 + '["x"]',
    '42/lobby,²["x"]',
    '421-/lobby,["x"]',  # attachments announced for what has none
    '450-/lobby,["x"]',
    '455-/lobby,["x"]',
    '45999999999-/lobby,["x"]',
    "4" * 5000,
    "42/lobby," + "[" * 20_000,
    "42/lobby," + "[" * 20_000 + '"\\u0041"',
    "4" + "[" * 20_000,
    b"",
    b"\x00\x01",
    b'42/lobby,["x"]',
]


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever a client sends, nobody is woken up by a traceback."""
    with caplog.at_level(logging.INFO):
        yield
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("frame", MALFORMED_FRAMES, ids=lambda frame: repr(frame[:30]))
async def test_a_malformed_frame_closes_the_connection_at_once(frame: str | bytes) -> None:
    """No ghost is left until the ping timeout, and the application hears that the client is gone."""
    async with stage() as scene, wire(scene.url) as client:
        assert (await client.connect("/lobby")).kind == CONNECT
        await client.send(frame)

        assert await client.closed()
        await eventually(lambda: scene.notes.calls[-1] == ("disconnect", "lobby", "malformed"))
        kinds = [scene.counted("maoga_malformed_total", kind=kind) for kind in ("frame", "packet")]
        assert sorted(kinds) == [0, 1]
        assert scene.counted("maoga_sockets", namespace="lobby") == 0
        assert [call for call in scene.notes.calls if call[0] == "event"] == []


async def test_a_flood_of_binary_frames_closes_the_connection() -> None:
    """The first frame that belongs to nothing ends it; the rest is never looked at."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        for _ in range(200):
            if client.websocket.closed:
                break
            await client.send(b"\x00" * 1000)

        assert await client.closed()
        assert scene.counted("maoga_malformed_total", kind="packet") == 1


async def test_text_in_place_of_an_attachment_closes_the_connection() -> None:
    """A packet that announces an attachment must be followed by one."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.send('451-/lobby,["x",{"_placeholder":true,"num":0}]')
        await client.send('42/lobby,["x"]')

        assert await client.closed()


async def test_a_binary_event_reaches_the_application_without_its_bytes() -> None:
    """Attachments are read and dropped, so that the event can be refused like any other bad payload."""
    async with stage() as scene, wire(scene.url) as client:
        received = []

        async def answer(name: str, arguments: Sequence[Any]) -> Any:
            received.append((name, arguments))
            return "refused"

        scene.notes.answer = answer
        await client.connect("/lobby")
        await client.send('452-/lobby,7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
        await client.send(b"\x01" * 1000)
        await client.send(b"\x02")

        assert await client.ack(7) == "refused"
        assert received == [("x", [b""])]


async def test_a_packet_over_the_limit_closes_the_connection() -> None:
    """One message may have so many bytes and no more."""
    async with stage(message_limit_bytes=2000) as scene:
        async with wire(scene.url) as client:
            await client.connect("/lobby")
            assert await client.call("/lobby", "x", "y" * 1800) == ["y" * 1800]

            await client.send('42/lobby,["x","' + "y" * 2000 + '"]')
            assert await client.closed()
        await eventually(lambda: scene.notes.calls[-1][0] == "disconnect")
        assert scene.counted("maoga_malformed_total", kind="frame") == 1


@pytest.mark.parametrize("name", ["connect", "disconnect", "connect_error"])
async def test_a_reserved_event_never_reaches_the_application(name: str) -> None:
    """A client cannot call what stands behind connecting and disconnecting by sending events of that name."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        ack = await client.call("/lobby", name, {"token": "x"})
        await client.send(f'42/lobby,["{name}"]')

        assert ack["error"]["code"] == "UNKNOWN_EVENT"
        assert await client.call("/lobby", "still here?") == []
        assert scene.notes.calls == [("connect", "lobby"), ("event", "still here?")]
        refused = {"namespace": "lobby", "event": "(unknown)", "outcome": "UNKNOWN_EVENT"}
        assert scene.counted("maoga_events_in_total", **refused) == 2


@pytest.mark.parametrize("namespace", ["/chat", "/", "/nowhere"])
async def test_an_event_without_connect_never_reaches_the_application(namespace: str) -> None:
    """Being in one namespace is no ticket to another."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        ack = await client.call(namespace, "x", {})

        assert ack["error"]["code"] == "UNKNOWN_EVENT"
        assert scene.notes.calls == [("connect", "lobby")]


async def test_an_event_sent_before_connect_is_answered_is_refused() -> None:
    """While the application still makes up its mind, the client is a stranger."""
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        await client.send("40/lobby,")
        ack = await client.call("/lobby", "x")
        may_go_on.set()

        assert ack["error"]["code"] == "UNKNOWN_EVENT"
        assert (await client.packet()).kind == CONNECT
        assert scene.notes.calls == [("connect", "lobby")]


async def test_a_broadcast_does_not_reach_who_is_still_connecting() -> None:
    """What everybody in the namespace is told is not for strangers."""
    async with stage() as scene, wire(scene.url) as client:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        await client.send("40/lobby,")
        await eventually(lambda: scene.notes.clients)
        assert scene.engine.emit("lobby", None, "secret", {}) == 0
        await scene.engine._server.emit("secret", {}, namespace="/lobby")
        may_go_on.set()

        assert (await client.packet()).kind == CONNECT
        assert (await client.packet()).data == ["hello", {}]
        assert scene.engine.emit("lobby", None, "news", {}) == 1
        assert (await client.packet()).data == ["news", {}]


async def test_what_a_room_is_told_meanwhile_comes_behind_the_first_event() -> None:
    """A client that entered a room while connecting misses nothing of it, and hears `hello` first."""
    async with stage() as scene, wire(scene.url) as client:

        async def let_in(who: Client) -> None:
            scene.engine.enter(who.sid, "lobby:1")
            scene.engine.emit("lobby", "lobby:1", "news", 1)

        scene.notes.let_in = let_in
        assert (await client.connect("/lobby")).kind == CONNECT
        scene.engine.emit("lobby", "lobby:1", "news", 2)

        assert [(await client.packet()).data for _ in range(3)] == [["hello", {}], ["news", 1], ["news", 2]]


async def test_an_exception_while_connecting_refuses_and_leaves_nothing_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client is told, gets no events, may try again, and its end is not an application's disconnect."""
    async with stage() as scene, wire(scene.url) as client:

        async def fail(who: Client) -> None:
            scene.engine.enter(who.sid, "lobby:1")
            raise ZeroDivisionError

        scene.notes.let_in = fail
        refusal = await client.connect("/lobby")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "INTERNAL"})
        assert scene.engine.members("lobby", "lobby:1") == []
        assert scene.engine.emit("lobby", None, "news") == 0
        scene.notes.let_in = None
        assert (await client.connect("/lobby")).kind == CONNECT
        assert scene.notes.calls == [("connect", "lobby")]


async def test_a_connect_that_takes_too_long_is_refused() -> None:
    """A hanging database costs a retry, not a ghost."""
    async with stage(connect_timeout_s=0.2) as scene, wire(scene.url) as client:
        scene.notes.let_in = lambda _: asyncio.Event().wait()
        refusal = await client.connect("/lobby")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "UNAVAILABLE"})


async def test_who_leaves_while_connecting_is_seen_off() -> None:
    """Each client that was let in is seen off, once, even if it was gone before it could be told."""
    async with stage() as scene:
        may_go_on = asyncio.Event()
        scene.notes.let_in = lambda _: may_go_on.wait()
        async with wire(scene.url) as client:
            await client.send("40/lobby,")
            await eventually(lambda: scene.notes.clients)
        await eventually(lambda: not scene.engine._connections)
        may_go_on.set()

        gone = ("disconnect", "lobby", "transport close")
        await eventually(lambda: scene.notes.calls == [("connect", "lobby"), gone])
        assert scene.counted("maoga_sockets", namespace="lobby") == 0


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
    async with stage(ping_interval_s=0.1, ping_timeout_s=0.2) as scene, wire(scene.url, max_msg_size=0) as client:
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


async def test_a_connection_without_a_namespace_is_closed() -> None:
    """Who never says who they are, or was refused, or left, does not keep a socket."""
    async with stage(connect_timeout_s=0.2) as scene:
        async with wire(scene.url) as stranger:
            assert await stranger.closed()
        async with wire(scene.url) as refused:
            await refused.connect("/lobby", "refuse me")
            assert await refused.closed()
        async with wire(scene.url) as leaver:
            await leaver.connect("/lobby")
            await leaver.send("41/lobby,")
            assert await leaver.closed()


async def test_too_many_refusals_in_a_row_close_the_connection() -> None:
    """Nobody may guess tokens or throw events at closed doors for ever."""
    async with stage(patience=5) as scene:
        async with wire(scene.url) as client:
            for _ in range(5):
                await client.connect("/lobby", "refuse me")
            assert await client.closed()
        async with wire(scene.url) as client:
            for _ in range(5):
                await client.send('42/lobby,["x"]')
            assert await client.closed()


async def test_a_second_connect_to_a_namespace_is_refused_and_changes_nothing() -> None:
    """The client that is there stays there."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.packet()
        refusal = await client.connect("/lobby")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "BAD_REQUEST"})
        assert await client.call("/lobby", "x") == []
        assert scene.notes.calls == [("connect", "lobby"), ("event", "x")]


async def test_an_unknown_namespace_is_refused() -> None:
    """Only registered namespaces exist."""
    async with stage() as scene, wire(scene.url) as client:
        refusal = await client.connect("/nowhere")

        assert (refusal.kind, refusal.data["data"]) == (CONNECT_ERROR, {"code": "NOT_FOUND"})
        assert scene.notes.calls == []


async def test_connecting_and_leaving_in_a_hurry_stays_in_order() -> None:
    """A storm of CONNECT and DISCONNECT is handled one at a time; every one let in is seen off."""
    async with stage() as scene, wire(scene.url) as client:
        scene.notes.let_in = lambda _: asyncio.sleep(0)
        for _ in range(200):
            await client.send("40/lobby,")
            await client.send("41/lobby,")
        await client.send("40/lobby,")
        await eventually(lambda: scene.counted("maoga_sockets", namespace="lobby") == 1)

        calls = [call[0] for call in scene.notes.calls]
        assert calls == ["connect", "disconnect"] * (len(calls) // 2) + ["connect"]


async def test_compression_is_never_negotiated() -> None:
    """A client's offer of permessage-deflate is declined: it would cost memory for each connection."""
    async with stage() as scene, wire(scene.url, compress=15) as client:
        assert client.websocket.compress == 0
        assert (await client.connect("/lobby")).kind == CONNECT


@pytest.mark.parametrize(
    "query",
    [
        "EIO=4&transport=polling",
        "EIO=3&transport=websocket",
        "transport=websocket",
        "EIO=4&transport=carrier-pigeon",
        "EIO=4&transport=websocket&sid=nobody",
        "EIO=4&transport=websocket&j=x",
        "EIO=4&transport=websocket",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
async def test_a_request_that_is_no_upgrade_is_a_bad_request(method: str, query: str) -> None:
    """Polling is off by default; a bad request leaves no connection behind."""
    async with stage() as scene, ClientSession() as http:
        async with http.request(method, f"{scene.url}/socket.io/?{query}", data=b"40") as response:
            assert response.status in {200, 400, 405} if method == "OPTIONS" else {400, 405}
        assert not scene.engine._connections


async def test_a_broken_upgrade_leaves_nothing_behind() -> None:
    """A handshake without key, or without `Connection: Upgrade`, is a bad request and no connection."""
    async with stage() as scene, ClientSession() as http:
        for headers in (
            {"Upgrade": "websocket", "Connection": "Upgrade"},
            {"Upgrade": "websocket"},
            {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x"},
        ):
            async with http.get(f"{scene.url}/socket.io/?EIO=4&transport=websocket", headers=headers) as response:
                assert response.status == 400
        assert not scene.engine._connections
        assert not scene.engine._server.eio.sockets


async def test_a_client_that_is_gone_before_it_is_answered_leaves_nothing_behind() -> None:
    """A reset in the middle of the handshake, or right behind it."""
    request = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    async with stage() as scene:
        for pause in (0, 0, 0, 0.001, 0.002, 0.005):
            _, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
            writer.write(request)
            await asyncio.sleep(pause)
            writer.transport.abort()
        await eventually(lambda: not scene.tcp_connections())
        await eventually(lambda: not scene.engine._connections and not scene.engine._server.eio.sockets)


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("{self}", True),
        ("https://play.example", True),
        ("https://evil.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
async def test_only_pages_of_allowed_origins_may_connect(origin: str | None, welcome: bool) -> None:
    """No Origin is normal (a game), one's own host and the configured ones are fine, others are refused with 403."""
    async with stage(cors_origins=("https://play.example",)) as scene:
        headers = {} if origin is None else {"Origin": origin.format(self=scene.url)}
        if welcome:
            async with wire(scene.url, headers=headers) as client:
                assert (await client.connect("/lobby")).kind == CONNECT
        else:
            with pytest.raises(WSServerHandshakeError) as refusal:
                async with wire(scene.url, headers=headers):
                    pass
            assert refusal.value.status == 403
            async with ClientSession() as http, http.get(f"{scene.url}/socket.io/", headers=headers) as response:
                assert (await response.json())["error"]["code"] == "ORIGIN_FORBIDDEN"


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
        assert scene.counted("maoga_sockets", namespace="lobby") == 1


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


async def test_stopping_sees_everybody_off_and_lets_nobody_in() -> None:
    """After `close_all` the application has dealt with every client, and the door is shut."""
    async with stage() as scene, wire(scene.url) as one, wire(scene.url) as two:
        await one.connect("/lobby")
        await two.connect("/chat")
        await scene.engine.close_all()

        assert len(scene.notes.calls) == 4
        assert await one.closed()
        assert await two.closed()
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with wire(scene.url):
                pass
        assert refusal.value.status == 503
