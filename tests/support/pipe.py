"""A TCP pipe in front of a server, which a test can block or slow down as a network or a disk does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536


class Pipe:
    """Passes connections on to a port of this machine. port: its own. delay_s: by which every answer is late."""

    def __init__(self, target: int) -> None:
        self.port, self.delay_s = 0, 0.0
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def block(self) -> None:
        """Nothing comes through, either way, and nobody is told: the packets are lost, as between two networks."""
        self._open.clear()

    def unblock(self) -> None:
        """What is still wanted comes through again, as what TCP sends anew does."""
        self._open.set()

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        to_far: asyncio.StreamWriter | None = None
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(self._pump(near, to_far, late=False), self._pump(far, to_near, late=True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for writer in filter(None, (to_near, to_far)):
                writer.transport.abort()
            self._tasks.discard(task)

    async def close(self) -> None:
        """Ends every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if late and self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def pipe(target: int) -> AsyncIterator[Pipe]:
    """A pipe to that port, on a free one."""
    made = Pipe(target)
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listener.close()
        await made.close()
        await listener.wait_closed()
