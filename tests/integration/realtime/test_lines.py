"""What carries the packets: who gets a WebSocket, what piles up, and how it ends."""

import asyncio
from typing import Any

import pytest
import uvloop
from aiohttp import ClientSession, WSServerHandshakeError, web

from domain.core.errors import NotFound, Timeout
from realtime.engine.websocket import WebSocket
from tests.integration.realtime.stage import stage
from tests.integration.realtime.wire import CONNECT, wire
from tests.support.wait import eventually

UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPT = b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="
"""The answer to that key, from RFC 6455, section 1.3; in lower case, as the tests read it."""


def masked(text: bytes) -> bytes:
    """A short text frame, masked with zeros."""
    return bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text


async def until(reader: asyncio.StreamReader, text: bytes) -> bytes:
    """What comes in until that text has, in lower case."""
    seen = b""
    async with asyncio.timeout(5):
        while text not in seen:
            more = await reader.read(65_536)
            assert more, seen
            seen += more.lower()
    return seen


async def test_a_websocket_may_follow_other_requests_on_its_connection() -> None:
    """As proxies do that keep connections open; frames that come with the request are not lost."""
    async with stage() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
        writer.write(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in await until(reader, b"not found")
        writer.write(UPGRADE)
        assert ACCEPT in await until(reader, b'"maxpayload"')
        writer.write(masked(b"40/lobby,"))
        await until(reader, b"hello")
        writer.write(masked(b'42/lobby,7["x",1]'))
        await until(reader, b"43/lobby,7[[1]]")
        assert scene.engine.connections() == 1
        writer.close()
        await eventually(lambda: not scene.engine.connections() and not scene.tcp_connections())


async def test_frames_may_come_with_the_request_itself() -> None:
    """In the same bytes, as an eager client sends them."""
    async with stage() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
        writer.write(UPGRADE + masked(b"40/lobby,") + masked(b'42/nowhere,7["x"]'))
        await until(reader, b"hello")
        writer.close()


async def test_a_request_that_comes_in_pieces_is_a_request() -> None:
    """However slow, as long as it is in time."""
    async with stage() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
        for index in range(0, len(UPGRADE), 40):
            writer.write(UPGRADE[index : index + 40])
            await asyncio.sleep(0)
        assert ACCEPT in await until(reader, b'"maxpayload"')
        writer.close()


@pytest.mark.parametrize("start", [b"", b"GET /", UPGRADE[:-2], b"POST /x HTTP/1.1\r\nHost: x\r\n"])
async def test_a_request_that_never_ends_is_cut_off(start: bytes) -> None:
    """Whatever it asks for, or nothing at all."""
    async with stage(connect_timeout_s=0.2) as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
        writer.write(start)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_everything_else_is_served_by_the_application() -> None:
    """Bodies, big headers and all."""
    async with stage() as scene, ClientSession() as http:

        async def body(request: web.Request) -> web.Response:
            return web.Response(text=str(len(await request.read())))

        scene.runner.app.router._frozen = False
        scene.runner.app.router.add_post("/count", body)
        async with http.post(f"{scene.url}/count", data=b"x" * 500_000, headers={"X-Big": "y" * 7000}) as response:
            assert await response.text() == "500000"


async def test_an_address_has_so_many_connections_and_no_more() -> None:
    """The next is refused before it costs anything; one that ends makes room."""
    async with stage(connections_per_address=2) as scene, wire(scene.url) as first, wire(scene.url):
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with wire(scene.url):
                pass
        assert refusal.value.status == 429
        assert scene.counted("maoga_connects_total", namespace="(all)", outcome="TOO_MANY_CONNECTIONS") == 1
        await first.websocket.close()
        await eventually(lambda: scene.engine.connections() == 1)
        async with wire(scene.url) as third:
            assert (await third.connect("/lobby")).kind == CONNECT


async def test_addresses_are_told_apart_behind_a_proxy() -> None:
    """By what the proxies that are ours have written; what stands left of it is the client's own invention."""
    async with (
        stage(connections_per_address=1, trusted_proxies=1) as scene,
        wire(scene.url, headers={"X-Forwarded-For": "203.0.113.1"}),
        wire(scene.url, headers={"X-Forwarded-For": "203.0.113.1, 203.0.113.2"}),
    ):
        with pytest.raises(WSServerHandshakeError):
            async with wire(scene.url, headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.1"}):
                pass


async def test_the_slowest_client_goes_when_all_together_have_too_much_to_read() -> None:
    """Each of them may be within its own limit."""
    config: dict[str, Any] = {"outbox_bytes": 50_000_000, "all_outboxes_bytes": 20_000_000}
    async with (
        stage(**config) as scene,
        wire(scene.url, max_msg_size=0) as slow,
        wire(scene.url, max_msg_size=0) as less,
    ):
        for client in (slow, less):
            await client.connect("/lobby")
            client.stop_reading()
        sid, other = (client.sid for client in scene.notes.clients)
        for _ in range(12):
            scene.engine.send(other, "much", "x" * 1_000_000)
            await asyncio.sleep(0)
        sent = 0
        while scene.counted("maoga_disconnects_total", namespace="lobby", reason="slow consumer") == 0:
            scene.engine.send(sid, "much", "x" * 1_000_000)
            await asyncio.sleep(0)
            sent += 1
            assert sent < 200, "nobody was cut off"
        assert scene.engine.connections() == 1
        for client in (slow, less):
            client.abort()


async def test_drained_waits_until_the_client_has_read() -> None:
    """And says no when it is gone."""
    async with stage(outbox_bytes=100_000_000) as scene, wire(scene.url, max_msg_size=0) as client:
        await client.connect("/lobby")
        sid = scene.notes.clients[0].sid
        assert await scene.engine.drained(sid)
        transport = client.stop_reading()
        for _ in range(40):
            scene.engine.send(sid, "much", "x" * 1_000_000)
        waiting = asyncio.create_task(scene.engine.drained(sid))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        transport.resume_reading()
        for _ in range(40):
            await client.event("much")
        assert await asyncio.wait_for(waiting, 5)
        scene.engine.close(sid, "kicked")
        assert not await scene.engine.drained(sid)


async def test_clients_may_be_asked() -> None:
    """A server's event is acked by the client; one that does not, or is gone, is an error."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.packet()
        sid = scene.notes.clients[0].sid
        asked = asyncio.create_task(scene.engine.call(sid, "still there?", {"a": 1}, timeout_s=5))
        question = await client.packet()
        assert question.data == ["still there?", {"a": 1}]
        await client.send(f'43/lobby,{question.id}["yes",2]')
        assert await asked == ["yes", 2]
        with pytest.raises(Timeout):
            await scene.engine.call(sid, "and now?", timeout_s=0.05)
        asked = asyncio.create_task(scene.engine.call(sid, "and now?", timeout_s=5))
        await asyncio.sleep(0)
        await client.websocket.close()
        with pytest.raises(NotFound):
            await asked
        with pytest.raises(NotFound):
            await scene.engine.call(sid, "anybody?", timeout_s=5)


async def test_an_answer_nobody_waits_for_is_ignored() -> None:
    """Acks cannot be made up."""
    async with stage() as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        await client.send("43/lobby,999[1]")
        await client.send("43/nowhere,1[1]")
        assert await client.call("/lobby", "x") == []


async def test_a_message_in_parts_is_one_message() -> None:
    """With a heartbeat of WebSocket's own in between."""
    async with stage() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
        writer.write(UPGRADE + masked(b"40/lobby,"))
        await until(reader, b"hello")
        zeros = b"\0\0\0\0"
        writer.write(b"\x01\x8a" + zeros + b"42/lobby,5" + b"\x89\x81" + zeros + b"p" + b"\x80\x85" + zeros + b'["x"]')
        answer = await until(reader, b"43/lobby,5[[]]")
        assert b"\x8a\x01p" in answer
        writer.write(b"\x80\x81" + zeros + b"x")  # a continuation of nothing
        await until(reader, b"\x88\x02\x03\xea")
        writer.close()


def test_a_line_that_is_reset_while_it_is_written_to_keeps_nothing_from_the_others() -> None:
    """On uvloop, which serves in production, a transport that is closed raises where asyncio's only warns."""

    async def scenario() -> None:
        async with stage() as scene, wire(scene.url) as reset, wire(scene.url) as other:
            for client in (reset, other):
                await client.send("40/lobby,")
                for _ in range(2):
                    await client.packet()
            broken, sound = (client.sid for client in scene.notes.clients)
            line = scene.engine._peers[broken].connection.line
            assert isinstance(line, WebSocket)
            line._transport.abort()  # its end is told a turn later, when the loop is about to write to it
            for sid in (broken, sound):
                scene.engine.send(sid, "news")
            assert (await other.packet()).data == ["news"]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
