"""Long polling, for where it is switched on: the same strictness over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
import socketio
from aiohttp import ClientSession, ClientTimeout

from tests.integration.realtime.stage import Stage, stage
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("calm")

BOTH = ("websocket", "polling")


@asynccontextmanager
async def library_client(scene: Stage, *transports: str) -> AsyncIterator[socketio.AsyncClient]:
    """python-socketio's client in /lobby."""
    async with ClientSession() as http:
        client = socketio.AsyncClient(reconnection=False, http_session=http)
        await client.connect(scene.url, namespaces=["/lobby"], transports=list(transports), retry=False)
        yield client
        async with asyncio.timeout(5):
            await client.disconnect()


@pytest.mark.parametrize("transports", [("polling",), ("websocket",), ("polling", "websocket")])
async def test_the_library_connects_over_any_transport(transports: tuple[str, ...]) -> None:
    """Polling alone, WebSocket alone, and the upgrade from one to the other."""
    async with stage(transports=BOTH) as scene:
        async with library_client(scene, *transports) as client:
            assert await client.call("x", {"y": 1}, namespace="/lobby", timeout=5) == [{"y": 1}]
            assert client.transport() == transports[-1]
            for transport in BOTH:
                connected = scene.counted("maoga_sockets", namespace="lobby", transport=transport)
                assert connected == (transport == transports[-1])
        await eventually(lambda: scene.notes.calls[-1][0] == "disconnect")
        assert scene.counted("maoga_sockets", namespace="lobby", transport=transports[-1]) == 0


async def test_a_polling_client_is_closed_too() -> None:
    """Its poll answers with the end of the connection."""
    async with stage(transports=BOTH) as scene, library_client(scene, "polling") as client:
        scene.engine.close(scene.notes.clients[0].sid, "kicked")
        await eventually(lambda: not client.connected)
        assert scene.notes.calls[-1] == ("disconnect", "lobby", "kicked")


async def open_poll(http: ClientSession, url: str) -> str:
    """The URL of a new session."""
    async with http.get(f"{url}/socket.io/?EIO=4&transport=polling") as response:
        sid = orjson.loads((await response.text())[1:])["sid"]
    return f"{url}/socket.io/?EIO=4&transport=polling&sid={sid}"


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"4", b"4{}", b"47", b"2", b"\xff\xfe", b"bAAAA", b"d=40", b"[" * 30_000],
    ids=repr,
)
async def test_a_malformed_post_ends_the_session(body: bytes) -> None:
    """400, the session is gone, and nothing is logged as an error."""
    async with stage(transports=BOTH) as scene, ClientSession() as http:
        address = await open_poll(http, scene.url)
        async with http.post(address, data=b"40/lobby,") as response:
            assert response.status == 200
        await eventually(lambda: scene.notes.calls)
        async with http.post(address, data=body) as response:
            answered = response.status
        async with http.get(address) as response:
            afterwards = response.status

        await eventually(lambda: scene.notes.calls[-1][0] == "disconnect")
        assert answered in {200, 400}  # a frame that is well-formed but not a packet is found later
        assert afterwards == 400


async def test_a_post_over_the_limit_is_refused() -> None:
    """The body is not even read."""
    async with stage(transports=BOTH, message_limit_bytes=1000) as scene, ClientSession() as http:
        address = await open_poll(http, scene.url)
        async with http.post(address, data=b"4" * 2000) as response:
            assert response.status == 400


async def test_a_poll_that_was_lost_ends_the_session() -> None:
    """What it would have been answered with is lost: the client must hear of that, to come back and resume."""
    async with stage(transports=BOTH) as scene, ClientSession() as http:
        address = await open_poll(http, scene.url)
        async with http.post(address, data=b"40/lobby,"):
            pass
        await eventually(lambda: scene.notes.calls)
        async with http.get(address) as response:
            assert b"hello" in await response.read()
        async with ClientSession() as lost:
            with pytest.raises(TimeoutError):
                await lost.get(address, timeout=ClientTimeout(0.2))
        await eventually(lambda: scene.tcp_connections() == 1)
        scene.engine.send(scene.notes.clients[0].sid, "news")

        async with http.get(address) as response:
            assert response.status == 400
        await eventually(lambda: scene.notes.calls[-1] == ("disconnect", "lobby", "transport error"))


async def test_two_polls_at_once_end_the_session() -> None:
    """A library has one at a time: the first must be lost."""
    async with stage(transports=BOTH) as scene, ClientSession() as http:
        address = await open_poll(http, scene.url)
        first = asyncio.create_task(http.get(address))
        await asyncio.sleep(0.1)
        async with http.get(address) as response:
            assert response.status == 400
        (await first).close()
        assert scene.engine.connections() == 0


@asynccontextmanager
async def half_a_post(scene: Stage, address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which the first half of `40/lobby,` is posted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(scene.url.rpartition(":")[2]))
    path = address.removeprefix(scene.url)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n40/l".encode())
    await asyncio.sleep(0.1)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_post_may_come_in_pieces() -> None:
    """A network cuts where it likes."""
    async with stage(transports=BOTH) as scene, ClientSession() as http:
        address = await open_poll(http, scene.url)
        async with half_a_post(scene, address) as (reader, writer):
            writer.write(b"obby,")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await eventually(lambda: scene.notes.calls == [("connect", "lobby")])


async def test_a_post_that_does_not_come_to_its_end_ends_the_session() -> None:
    """Its time is limited."""
    async with stage(transports=BOTH, connect_timeout_s=0.3) as scene, ClientSession() as http:
        address = await open_poll(http, scene.url)
        async with half_a_post(scene, address) as (reader, _):
            assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 400 ")
        assert scene.engine.connections() == 0
