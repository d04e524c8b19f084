"""A TCP proxy that loses answers, as a network does at the worst moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Loss = Literal["cut", "silence"]


class Proxy:
    """Stands before a server. `lose` spoils the answer to the next request of a kind, which the server has received."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._marker: bytes | None = None
        self._loss: Loss = "cut"
        self.port = 0
        self.lost = asyncio.Event()

    def lose(self, marker: bytes, loss: Loss) -> None:
        """The answer to the next request with `marker` in it never arrives.

        cut: the connection ends when the server has answered; silence: it stays open.
        """
        self._marker, self._loss = marker, loss
        self.lost.clear()

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """One connection."""
        server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        spoiled = asyncio.Event()

        async def upwards() -> None:
            while data := await client.read(65_536):
                if self._marker and self._marker in data:
                    self._marker = None
                    spoiled.set()
                to_server.write(data)

        async def downwards() -> None:
            while data := await server.read(65_536):
                if not spoiled.is_set():
                    to_client.write(data)
                    continue
                self.lost.set()
                if self._loss == "cut":
                    return

        pumps = [asyncio.create_task(upwards()), asyncio.create_task(downwards())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            with suppress(ConnectionError):
                await asyncio.gather(*pumps, return_exceptions=True)
            to_client.close()
            to_server.close()


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    """A proxy on a port of its own."""
    proxy = Proxy(port)
    connections: set[asyncio.Task[None]] = set()

    async def accept(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        with suppress(asyncio.CancelledError):
            await proxy.serve(client, to_client)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await listener.wait_closed()
