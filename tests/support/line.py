"""A client's line to one server at a time: it can be cut, and then leads to another."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65_536


class Line:
    """A TCP relay. url: what a client is given. servers: where it leads, the first one to begin with.

    down: nobody gets through.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self.down = False
        self._servers = [urlsplit(server) for server in servers]
        self._ends: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None]] = set()
        self.url = ""

    def cut(self) -> None:
        """Breaks every connection off, in the middle of whatever; new ones lead to the next server."""
        self._servers.append(self._servers.pop(0))
        for end in self._ends:
            end.transport.abort()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task
        self._relays.add(task)
        server = self._servers[0]
        try:
            if self.down:
                return
            with suppress(OSError):
                upstream = await asyncio.open_connection(server.hostname, server.port)
                self._ends |= {writer, upstream[1]}
                pumps = [
                    asyncio.create_task(_pump(reader, upstream[1])),
                    asyncio.create_task(_pump(upstream[0], writer)),
                ]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                for end in (writer, upstream[1]):
                    end.transport.abort()
                await asyncio.gather(*pumps)
                self._ends -= {writer, upstream[1]}
        finally:
            writer.transport.abort()
            self._relays.discard(task)

    async def end(self) -> None:
        """Breaks off what is left."""
        for task in self._relays:
            task.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def line_to(*servers: str) -> AsyncIterator[Line]:
    """A line to these servers, by their addresses."""
    line = Line(servers)
    listener = await asyncio.start_server(line.relay, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        listener.close()
        await line.end()
