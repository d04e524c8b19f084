"""One Engine.IO connection."""

from typing import Any

from engineio import packet
from engineio.async_socket import AsyncSocket
from engineio.exceptions import ContentTooLongError, UnknownPacketError

from realtime.engine.packets import MALFORMED, check_frame
from realtime.engine.websocket import WebSocket

RECORD_SEPARATOR = "\x1e"
MAX_PACKETS_PER_POST = 16


class Malformation(ContentTooLongError):  # type: ignore[misc]
    """Ends a polling request with 400. internal: the server answers any EngineIOError so and drops the session."""


class Socket(AsyncSocket):  # type: ignore[misc]
    """An Engine.IO connection that ends when it is told to, and at the first frame that makes no sense."""

    _websocket: WebSocket | None = None

    def transmit(self, encoded: packet.Packet) -> None:
        """Queues a packet for the client."""
        if not self.closed:
            self.queue.put_nowait(encoded)  # internal: an unbounded asyncio.Queue, drained by the writer or by polls

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
        """Counts a frame that makes no sense and closes the connection at once. kind: frame or packet."""
        if not self.closed:
            self.server.metrics.malformed(kind)
            await self.close(reason="malformed")

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
