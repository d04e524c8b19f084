"""Requests, frames and packets that no correct client sends, over a raw WebSocket."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from tests.integration.realtime.stage import stage
from tests.integration.realtime.wire import CONNECT, wire
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("calm")

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
    '459-/lobby,["x"]',
    '45999999999-/lobby,["x"]',
    "4" * 5000,
    "42/lobby," + "[" * 20_000,
    "42/lobby," + "[" * 20_000 + '"\\u0041"',
    "4" + "[" * 20_000,
    b"",
    b"\x00\x01",
    b'42/lobby,["x"]',
]


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
        assert scene.counted("maoga_sockets", namespace="lobby", transport="websocket") == 0
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


async def test_a_binary_event_reaches_the_application_with_its_bytes() -> None:
    """Attachments take the places that were kept for them."""
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
        assert received == [("x", [b"\x01" * 1000, b"\x02"])]


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
        assert not scene.engine.connections()


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
        assert not scene.engine.connections()


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
        await eventually(lambda: not scene.engine.connections())


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
