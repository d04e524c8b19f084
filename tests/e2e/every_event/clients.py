"""Two clients behind one interface: the lower layer of `clients/python`, and socket.io-client itself, in Chromium."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Any, Protocol

import aiohttp

from clients.python.connection import Connection, Receive
from clients.python.errors import unwrapped
from tests.support.browser import page_of_the_repository

PATIENCE_S = 30.0
"""For a busy machine."""

CLIENT_NAME = "every-event"


class Wire(Protocol):
    """A connection in all four namespaces."""

    async def call(self, namespace: str, event: str, payload: dict[str, Any], timeout: float) -> Any:
        """Emits an event and returns its ack's data; raises `MaogaError`."""
        ...

    async def close(self) -> None:
        """Says goodbye."""
        ...


Connect = Callable[[str, str, Receive], Awaitable[Wire]]
"""Connects to a server with a token, and returns once there was a `hello` in each namespace."""

Client = Callable[[], AbstractAsyncContextManager[Connect]]


@asynccontextmanager
async def python_client() -> AsyncIterator[Connect]:
    """The lower layer of the Python client."""
    async with aiohttp.ClientSession() as http:

        async def connect(url: str, token: str, receive: Receive) -> Wire:
            connection = Connection(receive, lambda: None, http)
            await connection.open(url, token, CLIENT_NAME, PATIENCE_S)
            return connection

        yield connect


@asynccontextmanager
async def javascript_client() -> AsyncIterator[Connect]:
    """The official JavaScript client, in a page; see `clients.js`."""
    receivers: dict[int, Receive] = {}
    ids = count()

    def told(news: str) -> None:
        id, namespace, name, data, meta = json.loads(news)
        receivers[id](namespace, name, data, meta)

    async with page_of_the_repository() as page:
        await page.expose_function("told", told)
        await page.evaluate('async () => { window.clients = await import("/tests/e2e/every_event/clients.js"); }')

        async def connect(url: str, token: str, receive: Receive) -> Wire:
            id = next(ids)
            receivers[id] = receive
            await page.evaluate("(all) => clients.connect(...all)", [id, url, token, CLIENT_NAME])
            return _InPage(page, id)

        yield connect


class _InPage:
    """A connection that lives in the page."""

    def __init__(self, page: Any, id: int) -> None:
        self._page, self._id = page, id

    async def call(self, namespace: str, event: str, payload: dict[str, Any], timeout: float) -> Any:
        arguments = [self._id, namespace, event, payload, 1000 * timeout]
        return unwrapped(await self._page.evaluate("(all) => clients.call(...all)", arguments))

    async def close(self) -> None:
        await self._page.evaluate("(id) => clients.close(id)", self._id)
