"""A plain TCP balancer: each connection goes to the next server in turn. It knows nothing of HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count

Address = tuple[str, int]

CHUNK = 65_536
CONNECT_TIMEOUT_S = 5.0


@asynccontextmanager
async def balancer(servers: Sequence[Address]) -> AsyncIterator[int]:
    """Serves on a free loopback port, which it yields; at the end every connection is cut.

    Whoever changes `servers` meanwhile changes where new connections go.
    """
    turns = count(1)
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None  # noqa: S101 - asyncio runs it in a task
        connections.add(connection)
        try:
            first = next(turns) % len(servers)
            await _serve(reader, writer, [*servers[first:], *servers[:first]])
        finally:
            connections.discard(connection)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=CHUNK, backlog=1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, candidates: Sequence[Address]) -> None:
    """Joins a client with the first of the servers that takes it."""
    async with AsyncExitStack() as ends:
        ends.callback(writer.transport.abort)
        upstream = await _connected(candidates)
        if upstream is None:
            return
        server_reader, server_writer = upstream
        ends.callback(server_writer.transport.abort)
        with suppress(OSError):  # one side broke off: so does the other
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(reader, server_writer))
                pumps.create_task(_pump(server_reader, writer))
            for end in (writer, server_writer):
                end.close()
                await end.wait_closed()


async def _connected(candidates: Sequence[Address]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    for host, port in candidates:
        with suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await asyncio.open_connection(host, port, limit=CHUNK)
    return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands on what one side says until it stops; the other direction may go on. Reads no faster than it can write."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
    await writer.drain()
