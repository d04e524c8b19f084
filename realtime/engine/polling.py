"""Long polling, where it is switched on: engineio serves the requests, the rules of this package hold."""

import asyncio
import logging
from typing import Any, ClassVar, Protocol

import engineio
from engineio import packet
from engineio.async_socket import AsyncSocket
from engineio.exceptions import ContentTooLongError, QueueEmpty, UnknownPacketError

from realtime.engine.client import Connection
from realtime.engine.frames import WHOLE_BINARY, frame
from realtime.engine.lines import PARTING_S, Lines
from realtime.engine.packets import MALFORMED, Malformed, Message
from realtime.engine.websocket import WebSocket

LOG = logging.getLogger("maoga.engine")
LOG.setLevel(logging.WARNING)  # below it, engineio logs payloads, tokens among them

RECORD_SEPARATOR = "\x1e"
MAX_PACKETS_PER_POLL = 16
"""What python-socketio's client takes at once; socket.io-client takes any number."""

FRAMES_OF_CLIENTS = frozenset({"1", "3", "5", "6"})


class Opener(Protocol):
    """Makes the connection of a new session."""

    def __call__(self, sid: str, line: "Poll", request: Any) -> Connection:
        """request: the aiohttp request that began it."""
        ...


class Polling(engineio.AsyncServer):  # type: ignore[misc]
    """engineio's server, with sessions of this package."""

    start_service_task: bool
    service_task_handle: asyncio.Task[None] | None

    def __init__(self, lines: Lines, opener: Opener) -> None:
        config = lines.config
        super().__init__(
            async_mode="aiohttp",
            transports=list(config.transports),
            ping_interval=config.ping_interval_s,
            ping_timeout=config.ping_timeout_s,
            max_http_buffer_size=config.message_limit_bytes,
            http_compression=False,
            cors_allowed_origins=[],  # the door has asked already, and the middleware answers the headers
            logger=LOG,
        )
        self.lines, self._opener = lines, opener
        self.on("message", self._message)
        self.on("disconnect", self._disconnect)

    def session(self, sid: str) -> "Session | None":
        """The open session with that id. internal: by sid; closed ones stay for a while."""
        session: Session | None = self.sockets.get(sid)
        return None if session is None or session.closed else session

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """Begins a session. internal: the one place that makes sockets, by a name we cannot replace otherwise."""
        if transport != "polling":  # a WebSocket that the door did not take is none
            return self._bad_request("Invalid websocket upgrade")
        if self.start_service_task:  # internal: the task that looks for ping timeouts
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)
        sid = self.generate_id()
        session = self.sockets[sid] = Session(self, sid)
        session.connection = self._opener(sid, Poll(session), environ["aiohttp.request"])
        session.put(packet.Packet(packet.OPEN, self.lines.handshake(sid, self._upgrades(sid, transport))))
        session.schedule_ping()
        session.connected = True
        return self._ok(await session.poll(), jsonp_index=jsonp_index)

    async def shutdown(self) -> None:
        """Ends the background task, and does nothing the second time."""
        if self.service_task_handle:
            self.service_task_handle.cancel()
            await asyncio.gather(self.service_task_handle, return_exceptions=True)
            self.service_task_handle = None

    async def _message(self, sid: str, data: str | bytes) -> None:
        session = self.session(sid)
        if session is not None and session.connection is not None:
            if isinstance(data, str):
                self.lines.listener.text(session.connection, data.encode())
            else:
                self.lines.listener.binary(session.connection, data)

    async def _disconnect(self, sid: str, reason: str) -> None:
        if (session := self.sockets.get(sid)) and session.connection is not None:
            connection, session.connection = session.connection, None
            self.lines.listener.closed(connection, reason)

    def _log_error_once(self, message: str, message_key: str) -> None:
        """A request that makes no sense is its sender's fault, not an error of ours. internal: the only use of it."""
        self.logger.debug(message)


class Outbox(asyncio.Queue[Any]):
    """What waits for the next poll, and how many bytes that is. internal: `_put` and `_get` are asyncio's own hooks."""

    size = 0

    def shed(self) -> None:
        """Drops everything."""
        while not self.empty():
            self.get_nowait()
            self.task_done()

    def _put(self, item: Any) -> None:
        self.size += _weight(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self.size -= _weight(item)
        return item


class Malformation(ContentTooLongError):  # type: ignore[misc]
    """Ends a polling request with 400. internal: the server answers any EngineIOError so and drops the session."""


class Session(AsyncSocket):  # type: ignore[misc]
    """A polling session that ends when it is told to, and at the first packet that makes no sense.

    parting: it is over, but for what waits to be fetched.
    """

    connection: Connection | None = None
    parting = False
    _is_polled = False

    def __init__(self, server: Polling, sid: str) -> None:
        super().__init__(server, sid)
        config = server.lines.config
        self.queue: Outbox = Outbox()  # internal: drained by polls
        self._most = config.outbox_bytes
        self._frames, self._bytes = config.bucket(config.frames), config.bucket(config.frame_bytes)

    def put(self, *packets: packet.Packet) -> None:
        """Queues packets for the client; one that does not fetch what it is sent is cut off."""
        if self.closed or self.closing or self.parting:
            return
        if self.queue.size > self._most:
            self.queue.shed()
            self.server.lines.metrics.evicted()
            self.end("slow consumer")
            return
        for item in packets:
            self.queue.put_nowait(item)

    def part(self) -> None:
        """Ends the session when the client has fetched what waits for it, or soon."""
        self.connection = None
        self.put(packet.Packet(packet.CLOSE))
        self.parting = True
        asyncio.get_running_loop().call_later(PARTING_S, self.end, "closed")

    async def handle_get_request(self, environ: dict[str, Any]) -> Any:  # internal: serves a poll
        if self._is_polled:  # the other one is lost, and what it would be answered with
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_ERROR)
            raise QueueEmpty
        self._is_polled = True
        try:
            packets = await super().handle_get_request(environ)
        finally:
            self._is_polled = False
        transport = environ["aiohttp.request"].transport
        if transport is None or transport.is_closing():
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_ERROR)
        return packets

    async def poll(self) -> list[Any]:
        """What waits for the client, as much as any library takes. internal: raises `QueueEmpty` in the end."""
        try:
            async with asyncio.timeout(self.server.ping_interval + self.server.ping_timeout):
                packets = [await self.queue.get()]
        except TimeoutError:
            raise QueueEmpty from None
        while len(packets) < MAX_PACKETS_PER_POLL and not self.queue.empty():
            packets.append(self.queue.get_nowait())
        for _ in packets:
            self.queue.task_done()
        if self.parting and self.queue.empty():
            await self.close(abort=True)
        return [item for item in packets if item is not None]

    def end(self, reason: str) -> None:
        """Closes the session from outside of a coroutine."""
        self._ending = asyncio.create_task(self.close(reason=reason))

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Ends the session; a waiting poll returns. wait: is not heeded, as a client may never fetch what is left.

        abort: says no goodbye. internal: called at every end, by us and by the stock code.
        """
        over = self.closed or self.closing
        await super().close(wait=False, abort=abort, reason=reason)
        if not over:
            self.queue.put_nowait(None)  # internal: None answers the poll

    async def malformed(self, kind: str) -> None:
        """Counts what no correct client sends and closes the session at once. kind: frame, packet or flood."""
        if not self.closed:
            self.server.lines.metrics.malformed(kind)
            await self.close(reason="flood" if kind == "flood" else "malformed")

    async def receive(self, pkt: packet.Packet) -> None:  # internal: called with each decoded packet
        if self.closed:
            return
        try:
            await super().receive(pkt)
        except UnknownPacketError:
            await self.malformed("frame")

    async def handle_post_request(self, environ: dict[str, Any]) -> None:  # internal: the body of a poll's POST
        length = int(environ.get("CONTENT_LENGTH", "0"))
        if length > self.server.max_http_buffer_size:
            raise ContentTooLongError
        try:
            async with asyncio.timeout(self.server.lines.config.connect_timeout_s):
                body: bytes = await environ["wsgi.input"].readexactly(length)  # internal: aiohttp's stream
            for text in body.decode().split(RECORD_SEPARATOR):
                if self._frames and self._bytes and not (self._frames.take(1) and self._bytes.take(len(text))):
                    raise Malformed("too many packets")
                if text not in FRAMES_OF_CLIENTS and text[:1] not in {"4", "b"}:
                    raise Malformed("not an Engine.IO packet")
                # As bytes or text, never as JSON, which engineio would take `4{}` for. internal: its attributes.
                await self.receive(_decoded(text))
        except (*MALFORMED, asyncio.IncompleteReadError, TimeoutError):
            await self.malformed("frame")
            raise Malformation from None

    def upgraded_to(self, line: WebSocket) -> bytes:
        """Ends the session in favour of a WebSocket; what waits, as frames for it."""
        self.upgraded, self.upgrading, self.closed = True, False, True
        connection, self.connection = self.connection, None
        self.server.sockets.pop(self.sid, None)
        waiting = []
        while not self.queue.empty():
            item = self.queue.get_nowait()
            if item is not None and item.packet_type != packet.NOOP:
                waiting.append(item.encode())
        if connection is not None:
            for peer in connection.peers.values():
                if peer.held is None:
                    self.server.lines.metrics.upgraded(peer.space.name)
            connection.line = line
            line.connection = connection
        return b"".join(map(_framed, waiting))


class Poll:
    """A line over polls."""

    transport: ClassVar = "polling"

    def __init__(self, session: Session) -> None:
        self._session = session

    def send(self, message: Message) -> None:
        self._session.put(
            packet.Packet(packet.MESSAGE, message.text[1:].decode()),
            *(packet.Packet(packet.MESSAGE, attachment) for attachment in message.attachments),
        )

    def close(self) -> None:
        self._session.part()

    def refuse(self, kind: str) -> None:
        self._session._ending = asyncio.create_task(self._session.malformed(kind))

    async def drained(self) -> bool:
        await self._session.queue.join()
        return not self._session.closed


class Probe(WebSocket):
    """A WebSocket that takes the place of polls, once client and server have tried it."""

    __slots__ = ("_session",)

    def __init__(self, lines: Lines, transport: asyncio.Transport, session: Session) -> None:
        super().__init__(lines, transport)
        self._session: Session | None = session
        session.upgrading = True  # internal: polls return at once meanwhile

    def _take_text(self, text: bytes) -> None:
        session = self._session
        if session is None:
            super()._take_text(text)
        elif text == b"2probe":
            self._put(frame(b"3probe"))
            session.queue.put_nowait(packet.Packet(packet.NOOP))  # ends the poll that waits
        elif text == b"5" and not session.closed:
            self._session = None
            self._put(session.upgraded_to(self))
            if session.parting:
                self.close()
        else:
            self.refuse("frame")

    def connection_lost(self, error: Exception | None) -> None:
        if self._session is not None:
            self._session.upgrading = False  # the polls go on
        super().connection_lost(error)


def _decoded(text: str) -> packet.Packet:
    if text[:1] == "b":
        return packet.Packet(encoded_packet=text)
    return packet.Packet(packet_type=int(text[0]), data=text[1:])


def _framed(encoded: str | bytes) -> bytes:
    return frame(encoded.encode()) if isinstance(encoded, str) else frame(encoded, WHOLE_BINARY)


def _weight(item: Any) -> int:
    return len(item.data) if isinstance(item, packet.Packet) and isinstance(item.data, str | bytes) else 0
