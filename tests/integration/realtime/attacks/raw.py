"""Bytes on a TCP connection: for what no WebSocket library would send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.integration.realtime.attacks.attack import CLOSED, GAINED
from tests.support.tcp import port_of

CONTINUATION, TEXT, BINARY = 0, 1, 2
PING = 9
WITHOUT_MASK = bytes(4)
"""A mask of zeros: the payload stays as it is."""

UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@dataclass(frozen=True)
class Raw:
    """A TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Writes, as fast as the server reads; an end of the connection is for `fate` to find."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def fate(self, within_s: float = 3.0) -> str:
        """CLOSED when the server ends the connection in time, GAINED when it does not. No goodbye is answered."""
        try:
            async with asyncio.timeout(within_s):
                while await self.reader.read(65_536):
                    pass
        except TimeoutError:
            return GAINED
        except ConnectionError:
            pass
        return CLOSED


@asynccontextmanager
async def tcp(url: str) -> AsyncIterator[Raw]:
    """A connection on which nothing is said yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def upgraded(url: str, headers: str = "") -> AsyncIterator[Raw]:
    """A WebSocket, its upgrade answered."""
    async with tcp(url) as raw:
        await raw.send(f"{UPGRADE}{headers}\r\n".encode())
        status = await raw.reader.readuntil(b"\r\n\r\n")
        assert status.startswith(b"HTTP/1.1 101 "), status
        yield raw


def frame(opcode: int, payload: bytes = b"", *, last: bool = True, length: int | None = None) -> bytes:
    """A frame of a client. last: of its message. length: what it claims to have."""
    size = len(payload) if length is None else length
    first = opcode | (0x80 if last else 0)
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 65_536:
        head = bytes([first, 0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 0x80 | 127]) + size.to_bytes(8, "big")
    return head + WITHOUT_MASK + payload
