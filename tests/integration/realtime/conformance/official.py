"""The official clients behind one face, so that every test is one for each of them over every transport."""

import asyncio
from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import socketio
from aiohttp import ClientSession, web
from playwright.async_api import Browser, Page

from tests.support.services import ROOT

PATIENCE_S = 5.0
LIBRARY = ROOT / "rest/static/vendor/socket.io.esm.min.js"
HARNESS = Path(__file__).parent / "client.js"
PAGE = "<!doctype html><title>a client</title><link rel=icon href=data:,><script type=module src=/client.js></script>"


class CallTimeout(Exception):
    """The server has not acked in time."""


@dataclass(frozen=True)
class Variant:
    """A library and the transports it is told to use, the first one first."""

    library: str
    transports: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.library}-{'+'.join(self.transports)}"

    @property
    def last_transport(self) -> str:
        """What the connection ends up on."""
        return "websocket" if "websocket" in self.transports else "polling"


WEBSOCKET, POLLING, UPGRADE, WEBSOCKET_FIRST = (
    ("websocket",),
    ("polling",),
    ("polling", "websocket"),
    ("websocket", "polling"),
)
JAVASCRIPT = [Variant("js", transports) for transports in (WEBSOCKET, POLLING, UPGRADE, WEBSOCKET_FIRST)]
PYTHON = [Variant("py", transports) for transports in (WEBSOCKET, POLLING, UPGRADE)]


class Official(ABC):
    """A client that keeps every event until it is asked for.

    Besides the server's events there are `(connect)` with the sid, `(disconnect)` with the reason and `(refused)` with
    what the server said. A call of the server is acked with its own arguments.
    """

    @abstractmethod
    async def open(self, *namespaces: str, auth: Any = None) -> None:
        """Begins to connect."""

    @abstractmethod
    async def next(self, name: str, namespace: str = "/game") -> list[Any]:
        """The arguments of the next event of that name."""

    @abstractmethod
    async def emit(self, name: str, *arguments: Any, namespace: str = "/game") -> None:
        """Sends an event."""

    @abstractmethod
    async def emit_each(self, name: str, values: Sequence[Any]) -> None:
        """Sends an event for each of the values, all at once."""

    @abstractmethod
    async def next_values(self, name: str, count: int) -> list[Any]:
        """The first arguments of the next so many events of that name."""

    @abstractmethod
    async def call(self, name: str, *arguments: Any, namespace: str = "/game", timeout_s: float = PATIENCE_S) -> Any:
        """Sends an event and waits for its ack; raises `CallTimeout`."""

    @abstractmethod
    async def leave(self) -> None:
        """Disconnects from all namespaces."""

    @abstractmethod
    async def transport(self) -> str:
        """What the connection is on now."""

    async def enter(self, *namespaces: str, auth: Any = None) -> None:
        """Connects, and has read the first event of each namespace."""
        await self.open(*(namespaces or ["/game"]), auth=auth)
        for namespace in namespaces or ["/game"]:
            await self.next("(connect)", namespace)
            await self.next("hello", namespace)


@dataclass
class JavaScript(Official):
    """npm's socket.io-client in a page of Chromium."""

    page: Page
    url: str
    options: dict[str, Any]

    async def open(self, *namespaces: str, auth: Any = None) -> None:
        options = {**self.options, **({} if auth is None else {"auth": auth})}
        values = [self.url, list(namespaces), options]
        await self.page.evaluate("([url, names, options]) => client.open(url, names, options)", values)

    async def next(self, name: str, namespace: str = "/game") -> list[Any]:
        values = await self.page.evaluate("([space, name]) => client.next(space, name)", [namespace, name])
        return list(_from_page(values))

    async def emit(self, name: str, *arguments: Any, namespace: str = "/game") -> None:
        values = [namespace, name, _to_page(arguments)]
        await self.page.evaluate("([space, name, values]) => client.emit(space, name, values)", values)

    async def emit_each(self, name: str, values: Sequence[Any]) -> None:
        code = "([name, values]) => values.forEach((value) => client.emit('/game', name, [value]))"
        await self.page.evaluate(code, [name, _to_page(values)])

    async def next_values(self, name: str, count: int) -> list[Any]:
        return list(await self.page.evaluate("([name, count]) => client.nextValues(name, count)", [name, count]))

    async def call(self, name: str, *arguments: Any, namespace: str = "/game", timeout_s: float = PATIENCE_S) -> Any:
        values = [namespace, name, _to_page(arguments), 1000 * timeout_s]
        answer = await self.page.evaluate("([space, name, values, ms]) => client.call(space, name, values, ms)", values)
        if answer == "(timeout)":
            raise CallTimeout
        return _from_page(answer)

    async def leave(self) -> None:
        await self.page.evaluate("() => client.leave()")

    async def transport(self) -> str:
        return str(await self.page.evaluate("() => client.transport()"))

    async def ask(self, code: str, namespace: str = "/game") -> Any:
        """Evaluates a function of the namespace's `Socket`."""
        return await self.page.evaluate(f"(space) => ({code})(client.socket(space))", namespace)


def _to_page(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    if isinstance(value, list | tuple):
        return [_to_page(each) for each in value]
    if isinstance(value, dict):
        return {key: _to_page(each) for key, each in value.items()}
    return value


def _from_page(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"bytes"}:
            return b64decode(value["bytes"])
        return {key: _from_page(each) for key, each in value.items()}
    return [_from_page(each) for each in value] if isinstance(value, list) else value


@asynccontextmanager
async def pages() -> AsyncIterator[str]:
    """Serves the page with the library; its URL."""
    app = web.Application()
    for path, kind, text in (
        ("/", "text/html", PAGE),
        ("/client.js", "text/javascript", HARNESS.read_text()),
        (f"/{LIBRARY.name}", "text/javascript", LIBRARY.read_text()),
    ):
        app.router.add_get(path, partial(_answer, kind, text))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _answer(kind: str, text: str, _: web.Request) -> web.Response:
    response = web.Response(text=text, content_type=kind)
    response.force_close()  # the browser's next request may be for Socket.IO, which is served elsewhere
    return response


@asynccontextmanager
async def javascript(browser: Browser, url: str, transports: tuple[str, ...]) -> AsyncIterator[JavaScript]:
    """A page with the library in it; no exception in it goes unseen."""
    context = await browser.new_context()
    context.set_default_timeout(1000 * PATIENCE_S)
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(url)
    await page.wait_for_function("() => window.client")
    options = {"transports": list(transports), "reconnectionDelay": 50, "reconnectionDelayMax": 200}
    try:
        yield JavaScript(page, url, options)
    finally:
        await context.close()
    assert problems == []


@dataclass
class Python(Official):
    """python-socketio's client."""

    url: str
    transports: tuple[str, ...]
    client: socketio.AsyncClient
    heard: list[tuple[str, str, tuple[Any, ...]]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def open(self, *namespaces: str, auth: Any = None) -> None:
        for namespace in namespaces:
            self._listen(namespace)
        await self.client.connect(
            self.url, auth=auth, namespaces=list(namespaces), transports=list(self.transports), wait=False, retry=False
        )

    async def next(self, name: str, namespace: str = "/game") -> list[Any]:
        def is_it(event: tuple[str, str, tuple[Any, ...]]) -> bool:
            return event[:2] == (namespace, name)

        async with asyncio.timeout(PATIENCE_S), self.news:
            await self.news.wait_for(lambda: any(map(is_it, self.heard)))
            event = next(filter(is_it, self.heard))
            self.heard.remove(event)
            return list(event[2])

    async def emit(self, name: str, *arguments: Any, namespace: str = "/game") -> None:
        await self.client.emit(name, arguments, namespace=namespace)

    async def emit_each(self, name: str, values: Sequence[Any]) -> None:
        for value in values:
            await self.emit(name, value)

    async def next_values(self, name: str, count: int) -> list[Any]:
        return [(await self.next(name))[0] for _ in range(count)]

    async def call(self, name: str, *arguments: Any, namespace: str = "/game", timeout_s: float = PATIENCE_S) -> Any:
        try:
            return await self.client.call(name, arguments, namespace=namespace, timeout=timeout_s)
        except socketio.exceptions.TimeoutError as error:
            raise CallTimeout from error

    async def leave(self) -> None:
        if self.client.connected:  # what is not sent yet would be dropped, the goodbye with it
            await self.client.eio.queue.join()
        with suppress(AttributeError):  # of python-socketio's, when its reconnecting has not quite begun
            await self.client.shutdown()

    async def transport(self) -> str:
        return str(self.client.transport())

    def _listen(self, namespace: str) -> None:
        async def note(name: str, *values: Any) -> tuple[Any, ...]:
            async with self.news:
                self.heard.append((namespace, name, values))
                self.news.notify_all()
            return values

        async def connected() -> None:
            await note("(connect)", self.client.get_sid(namespace))

        async def disconnected(reason: str) -> None:
            await note("(disconnect)", reason)

        async def refused(said: Any = None) -> None:
            await note("(refused)", said)

        self.client.on("connect", connected, namespace=namespace)
        self.client.on("disconnect", disconnected, namespace=namespace)
        self.client.on("connect_error", refused, namespace=namespace)
        self.client.on("*", note, namespace=namespace)


@asynccontextmanager
async def python(url: str, transports: tuple[str, ...]) -> AsyncIterator[Python]:
    """The library, not connected yet. A session of its own it would leave open after a failed connect."""
    async with ClientSession() as http:
        library = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.2, http_session=http)
        client = Python(url, transports, library)
        try:
            yield client
        finally:
            async with asyncio.timeout(PATIENCE_S):
                await client.leave()
