"""The door of the server: WebSockets are taken here, everything else is passed on to aiohttp.

It is the first protocol of every TCP connection. A request has so much time to come in whole; one that asks for a
WebSocket at Socket.IO's path is answered here, and its connection never sees aiohttp.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from domain.core.addresses import client_address, printable
from domain.core.errors import AppError
from realtime.engine.delays import Delay
from realtime.envelope import failure

PATH = "/socket.io/"
MAX_HEAD = 16 * 1024
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""

PHRASES = {403: "Forbidden", 429: "Too Many Requests", 503: "Service Unavailable"}


class Upgrade:
    """A well-formed request for a WebSocket. accept: the answer to its key. agent: what the client calls itself."""

    __slots__ = ("accept", "address", "agent", "host", "origin", "query")

    def __init__(self, target: str, headers: Mapping[str, str], peer: str, trusted_proxies: int) -> None:
        """Raises ValueError when the request is something else. headers: by lower-case names."""
        path, _, query = target.partition("?")
        connection = {token.strip().lower() for token in headers.get("connection", "").split(",")}
        if path != PATH or headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in connection:
            raise ValueError("no upgrade")
        if headers.get("sec-websocket-version") != "13" or {"content-length", "transfer-encoding"} & headers.keys():
            raise ValueError("no upgrade we know")
        key = headers.get("sec-websocket-key", "")
        if len(base64.b64decode(key, validate=True)) != 16:  # binascii.Error is a ValueError
            raise ValueError("no key")
        self.query = {name: values[0] for name, values in parse_qs(query).items()}
        if self.query.get("transport") != "websocket" or ("sid" not in self.query and self.query.get("EIO") != "4"):
            raise ValueError("another protocol")
        self.accept = base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest())
        self.origin, self.host = headers.get("origin"), headers.get("host")
        self.agent = printable(headers.get("user-agent", ""))
        self.address = client_address(peer, [headers.get("x-forwarded-for", "")], trusted_proxies)

    @property
    def answer(self) -> bytes:
        """The response that opens the WebSocket."""
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % self.accept
        )


class Taker(Protocol):
    """Takes WebSockets in."""

    def take(self, upgrade: Upgrade, transport: asyncio.Transport) -> asyncio.Protocol | None:
        """What serves the transport from now on; None when the upgrade makes no sense. Raises `AppError` to refuse."""
        ...


class Door:
    """Makes the first protocol of every connection."""

    def __init__(
        self, http: Callable[[], asyncio.Protocol], taker: Taker, trusted_proxies: int, head_timeout_s: float
    ) -> None:
        self.http, self.taker, self.trusted_proxies = http, taker, trusted_proxies
        self.visitors: set[Visitor] = set()
        self.too_slow: Delay[Visitor] = Delay(head_timeout_s, Visitor.send_away)

    def __call__(self) -> "Visitor":
        return Visitor(self)

    def close(self) -> None:
        """Sends away who has not said yet what it wants."""
        for visitor in list(self.visitors):
            visitor.send_away()


class Visitor(asyncio.Protocol):
    """A connection whose first request has not come in whole."""

    __slots__ = ("_door", "_head", "_transport")

    def __init__(self, door: Door) -> None:
        self._door, self._head = door, b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._door.visitors.add(self)
        self._door.too_slow.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._door.visitors.discard(self)

    def send_away(self) -> None:
        """Cuts the line, unless the visitor has been served."""
        if self in self._door.visitors:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) < MAX_HEAD and self._head[:1].isupper():  # as every method does begin
            return
        self._door.visitors.discard(self)
        try:
            upgrade = self._upgrade(self._head[:end])
        except ValueError:
            self._pass_on()
        else:
            self._let_in(upgrade, self._head[end + 4 :])

    def _upgrade(self, head: bytes) -> Upgrade:
        request, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = request.split(" ")
        if method != "GET" or version != "HTTP/1.1" or not target.startswith(PATH):
            raise ValueError("no upgrade")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise ValueError("no header")
            name = name.lower()
            headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
        peer = self._transport.get_extra_info("peername")
        return Upgrade(target, headers, peer[0] if peer else "unknown", self._door.trusted_proxies)

    def _let_in(self, upgrade: Upgrade, rest: bytes) -> None:
        transport = self._transport
        try:
            protocol = self._door.taker.take(upgrade, transport)
        except AppError as error:
            transport.write(_refusal(error))
            transport.close()
            return
        if protocol is None:
            self._pass_on()
            return
        transport.set_protocol(protocol)
        if rest:
            protocol.data_received(rest)

    def _pass_on(self) -> None:
        protocol = self._door.http()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._head)
        self._head = b""


class DoorSite(web.BaseSite):
    """An aiohttp site whose connections come in by a door."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, *, door: Door, backlog: int) -> None:
        super().__init__(runner, backlog=backlog)
        self._host, self._port, self._door = host, port, door

    @property
    def name(self) -> str:
        """Where it listens."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._door, self._host, self._port, backlog=self._backlog)

    async def stop(self) -> None:
        await super().stop()
        self._door.close()


def _refusal(error: AppError) -> bytes:
    body = orjson.dumps(failure(error))
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"
        b"Connection: close\r\n\r\n%b" % (error.status, PHRASES.get(error.status, "Error").encode(), len(body), body)
    )


def taken_from(request: web.Request, line: asyncio.Protocol) -> web.StreamResponse:
    """Takes the connection of a request away from aiohttp, which is left with a response that goes nowhere.

    Proxies reuse connections: an upgrade may come on one that has carried other requests.
    """
    http, transport = request.protocol, request.transport
    transport.set_protocol(line)  # type: ignore[union-attr]
    early = http._message_tail  # internal: what came behind the request
    http.transport = None  # internal: or it would be closed with the rest
    http.connection_lost(None)
    if early:
        line.data_received(early)
    return web.Response(status=101)
