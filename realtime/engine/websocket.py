"""The WebSocket of one connection, over aiohttp: no compression, bounded messages, and an end that really comes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import WebSocketError, WSMsgType, web

from realtime.engine.packets import Malformed, check_frame

if TYPE_CHECKING:
    from realtime.engine.socket import Socket

CLOSE_TIMEOUT_S = 2.0
"""Seconds a client has to answer a close and to read what is left for it."""


class WebSocket:
    """What engineio calls a driver's websocket.

    internal: the names and meaning of `__call__`, `send`, `wait` (raises OSError at the end) and `close`.
    """

    socket: "Socket"  # whose handler sets it before it waits for anything

    def __init__(self, handler: Callable[["WebSocket"], Awaitable[None]], server: Any) -> None:
        self._handler = handler
        # compress: permessage-deflate costs some 100 KiB a connection and would be accepted from any client.
        self._response = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False, timeout=CLOSE_TIMEOUT_S
        )
        self._transport: asyncio.Transport | None = None

    async def __call__(self, environ: dict[str, Any]) -> web.StreamResponse:
        """Upgrades the request and returns when the connection is over."""
        request: web.Request = environ["aiohttp.request"]
        await self._response.prepare(request)
        self._transport = request.transport
        await self._handler(self)
        return self._response

    async def wait(self) -> str | bytes:
        """The next message, checked; raises OSError when there will be none."""
        if not self.socket.closed:
            message = await self._response.receive()
            if isinstance(message.data, WebSocketError):
                await self.socket.malformed("frame")
            elif message.type in {WSMsgType.TEXT, WSMsgType.BINARY} and self.socket.floods(message.data):
                await self.socket.malformed("flood")
            elif message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                try:
                    check_frame(message.data)
                except Malformed:
                    await self.socket.malformed("frame")
                else:
                    data: str | bytes = message.data
                    return data
        self.abort_soon()
        raise OSError("the connection is over")

    async def send(self, message: str | bytes) -> None:
        """Writes one message; waits while the client does not read."""
        if isinstance(message, str):
            await self._response.send_str(message)
        else:
            await self._response.send_bytes(message)

    async def close(self) -> None:
        """Closes politely; `abort_soon` sees to it that this ends."""
        self.abort_soon()
        await self._response.close()

    def abort_soon(self) -> None:
        """Gives the client a moment to part in peace, then cuts the line, whatever is still unsent."""
        asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self.abort)

    def abort(self) -> None:
        """Cuts the line."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
