"""A TCP tunnel whose near end stays where it is while the network or the server behind it goes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from tests.support.tcp import port_of


class Tunnel:
    """Passes connections on to `target`, the URL of a server; None refuses them. url: its own.

    A connection that begins by asking for anything but Socket.IO goes to `pages`, so that both are of one origin.
    """

    def __init__(self, pages: str) -> None:
        self.url, self.pages = "", pages
        self.target: str | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Resets every connection and refuses new ones, as when the server has crashed."""
        target, self.target = self.target, None
        self._reset()
        yield
        self.target = target

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Lets nothing through; connections stay open, as when a cable is pulled."""
        self._open.clear()
        yield
        self._open.set()

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        writers = [to_near]
        self._writers.add(to_near)
        try:
            beginning = await near.read(65_536)
            is_page = beginning.startswith(b"GET /") and not beginning.startswith(b"GET /socket.io/")
            if target := self.pages if is_page else self.target:
                far, to_far = await asyncio.open_connection("127.0.0.1", port_of(target))
                writers.append(to_far)
                to_far.write(beginning)
                await asyncio.gather(self._pump(near, to_far), self._pump(far, to_near))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for writer in writers:
                writer.close()
            self._writers.discard(to_near)
            self._tasks.discard(task)

    async def close(self) -> None:
        """Ends every connection."""
        self._reset()
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def tunnel(pages: str) -> AsyncIterator[Tunnel]:
    """A tunnel that leads nowhere yet but to the pages, on a free port."""
    made = Tunnel(pages)
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listener.close()
        await made.close()
        await listener.wait_closed()
