"""Many cheap clients of /bench: they count what they hear instead of reading it."""

import asyncio
import random
from typing import cast

import orjson

from tests.support.tcp import port_of

OPENING = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HEARTBEAT = b"\x81\x012"
MOVE = {"t": 1, "k": "walk", "p": [1.5, 2.5, 3.5], "d": "x" * 40}


def masked(text: bytes) -> bytes:
    """A text frame as clients send it, masked with zeros."""
    size = len(text)
    return b"\x81" + (bytes((0x80 | size,)) if size < 126 else b"\xfe%b" % size.to_bytes(2, "big")) + b"\0\0\0\0" + text


MESSAGE = masked(b'42/bench,["msg",%b]' % orjson.dumps(MOVE))
ECHO = masked(b'42/bench,7["echo",%b]' % orjson.dumps(MOVE))
ACK = b"43/bench,7["
GOODBYE = masked(b"1")
PONG = masked(b"3")


class Head(asyncio.Protocol):
    """One client. ready: done when it is connected to the namespace, or lost; beginning: what came until then."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._tail = self.beginning = b""
        self._echo: asyncio.Future[None] | None = None
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(OPENING + masked(b'40/bench,{"room":"%b"}' % self._room.encode()))

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            self.beginning += data
        seen = self._tail + data
        self._tail = seen[-len(ACK) :]
        if HEARTBEAT in seen:
            self.transport.write(PONG)
        if not self.ready.done() and b'"hello"' in self.beginning:
            self.ready.set_result(True)
        if self._echo and not self._echo.done() and ACK in seen:
            self._tail = b""
            self._echo.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_result(False)

    async def echo(self) -> None:
        """Returns when the server has answered, behind what it has to do already."""
        self._echo = asyncio.get_running_loop().create_future()
        self.transport.write(ECHO)
        await asyncio.wait_for(self._echo, 30)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is over."""
        return self.transport.is_closing()


class Crowd:
    """So many clients in rooms of five. lost: how many the server has thrown out."""

    def __init__(self, url: str, size: int) -> None:
        self._port = port_of(url)
        self._rooms = [f"room-{number // 5}" for number in range(size)]
        self.heads: list[Head] = []
        self.came = self.said = self.lost = 0

    async def gather(self) -> None:
        """Everybody comes."""
        self.heads = [await self._enter(room) for room in self._rooms]

    async def disperse(self) -> None:
        """Everybody goes, without a goodbye."""
        for head in self.heads:
            head.transport.abort()
        self.heads = []

    async def replace_one(self) -> None:
        """Somebody comes, and somebody else goes, politely or not."""
        place = random.randrange(1, len(self.heads))  # the first stays: it listens for echoes
        coming = await self._enter(self._rooms[place])
        leaving, self.heads[place] = self.heads[place], coming
        self.lost += leaving.is_lost
        if random.random() < 0.5:
            leaving.transport.abort()
        else:
            leaving.transport.write(GOODBYE)
            leaving.transport.close()

    async def talk(self, messages: int) -> None:
        """So many messages to rooms, from clients at random; returns when the server had time to think of them."""
        for _ in range(messages):
            random.choice(self.heads).transport.write(MESSAGE)
        self.said += messages
        await self.heads[0].echo()

    async def _enter(self, room: str) -> Head:
        loop = asyncio.get_running_loop()
        _, head = await loop.create_connection(lambda: Head(room), "127.0.0.1", self._port)
        assert await asyncio.wait_for(head.ready, 30), f"the server did not let a client in: {head.beginning!r}"
        self.came += 1
        return head
