"""The Engine.IO server: where connections begin."""

import asyncio
from typing import Any

import engineio
from engineio import packet

from realtime.engine.config import EngineConfig
from realtime.engine.socket import Socket
from realtime.engine.websocket import WebSocket
from realtime.metrics import Metrics


class EngineIO(engineio.AsyncServer):  # type: ignore[misc]
    """engineio's server with this package's socket and websocket."""

    metrics: Metrics
    config: EngineConfig
    _async: dict[str, Any]
    start_service_task: bool
    service_task_handle: asyncio.Task[None] | None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = {**self._async, "websocket": WebSocket}  # internal: the table of the aiohttp driver

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """Opens a connection. internal: the one place that makes sockets, by a name we cannot replace otherwise."""
        if self.start_service_task:  # internal: the task that looks for ping timeouts
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)
        sid = self.generate_id()
        socket = self.sockets[sid] = Socket(self, sid)
        handshake = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingInterval": int(self.ping_interval * 1000),
            "pingTimeout": int(self.ping_timeout * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        socket.transmit(packet.Packet(packet.OPEN, handshake))
        await self._trigger_event("connect", sid, environ)
        socket.schedule_ping()
        if transport == "websocket":
            return await socket._upgrade_websocket(environ)
        socket.connected = True
        return self._ok(await socket.poll(), jsonp_index=jsonp_index)

    async def shutdown(self) -> None:
        """Ends the background task, and does nothing the second time."""
        if self.service_task_handle:
            self.service_task_handle.cancel()
            await asyncio.gather(self.service_task_handle, return_exceptions=True)
            self.service_task_handle = None

    def _log_error_once(self, message: str, message_key: str) -> None:
        """A request that makes no sense is its sender's fault, not an error of ours. internal: the only use of it."""
        self.logger.debug(message)
