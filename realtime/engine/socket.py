"""One Engine.IO connection."""

import asyncio
from typing import Any

from engineio import packet
from engineio.async_socket import AsyncSocket
from engineio.exceptions import ContentTooLongError, UnknownPacketError

from realtime.engine.packets import MALFORMED, check_frame
from realtime.engine.websocket import WebSocket
from realtime.limits import spend

RECORD_SEPARATOR = "\x1e"
MAX_PACKETS_PER_POST = 16


class Outbox(asyncio.Queue[Any]):
    """What waits for a client, and how many bytes that is. internal: `_put` and `_get` are asyncio's own hooks."""

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


class Socket(AsyncSocket):  # type: ignore[misc]
    """An Engine.IO connection that ends when it is told to, and at the first frame that makes no sense."""

    _websocket: WebSocket | None = None

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        config = server.config
        self.queue: Outbox = Outbox()  # internal: drained by the writer or by polls
        self._most = config.outbox_bytes
        self._frames, self._bytes = config.buckets(config.frames), config.buckets(config.frame_bytes)

    def transmit(self, encoded: packet.Packet) -> None:
        """Queues a packet for the client; one that does not read what it is sent is cut off."""
        if self.closed or self.closing:
            return
        if self.queue.size > self._most:
            self.queue.shed()
            self._cutting = asyncio.create_task(self.close(abort=True, reason="slow consumer"))
            return
        self.queue.put_nowait(encoded)

    def floods(self, frame: str | bytes) -> bool:
        """Whether the connection sends more than it may, with this frame."""
        return bool(spend(self._frames, 1) or spend(self._bytes, len(frame)))

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Ends the connection: behind all that is queued the writer closes the WebSocket, and a waiting poll returns.

        abort: says no goodbye. wait: is not heeded; to wait until a client has read everything is to wait for ever.
        internal: called at every end, by us and by the stock code.
        """
        over = self.closed or self.closing
        await super().close(wait=False, abort=abort, reason=reason)
        if not over:
            self.queue.put_nowait(None)  # internal: None ends the writer and answers the poll
            if self._websocket is not None:
                self._websocket.abort_soon()

    async def malformed(self, kind: str) -> None:
        """Counts what no correct client sends and closes the connection at once. kind: frame, packet or flood."""
        if not self.closed:
            self.server.metrics.malformed(kind)
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
            frames = (await environ["wsgi.input"].read(length)).decode().split(RECORD_SEPARATOR)
            if len(frames) > MAX_PACKETS_PER_POST:
                raise ValueError("too many packets")
            for frame in frames:
                if self.floods(frame):
                    raise ValueError("too many frames")
                check_frame(frame)
                await self.receive(packet.Packet(encoded_packet=frame))
        except MALFORMED:
            await self.malformed("frame")
            raise Malformation from None

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:  # internal: serves one WebSocket to its end
        if self._websocket is not None:
            return self.server._bad_request("this session has a WebSocket")
        try:
            return await super()._upgrade_websocket(environ)
        finally:
            self._websocket = None
            # A poll may go on after a failed upgrade; without one, the end of the WebSocket is the end.
            if self.upgraded or not self.connected:
                await self.close(abort=True, reason=self.server.reason.TRANSPORT_ERROR)
                self.server.sockets.pop(self.sid, None)

    async def _websocket_handler(self, ws: WebSocket) -> None:  # internal: reads and writes until the end
        ws.socket, self._websocket = self, ws
        await super()._websocket_handler(ws)


def _weight(item: Any) -> int:
    return len(item.data) if isinstance(item, packet.Packet) and isinstance(item.data, str | bytes) else 0
