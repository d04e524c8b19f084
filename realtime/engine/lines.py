"""What the lines of one engine share: whom they tell, when they write, how long they wait, and how much may pile up."""

import asyncio
from typing import Any, Protocol

from realtime.engine.client import Connection
from realtime.engine.config import EngineConfig
from realtime.engine.delays import Delay
from realtime.engine.websocket import WebSocket
from realtime.metrics import Metrics

PARTING_S = 2.0
"""Seconds a client has to answer a close and to read what is left for it."""


class Listener(Protocol):
    """Is told what happens on the connections. Its methods do not raise, and do not await."""

    def text(self, connection: Connection, packet: bytes) -> None:
        """A Socket.IO packet came in, its Engine.IO type cut off."""
        ...

    def binary(self, connection: Connection, attachment: bytes) -> None:
        """An attachment of one came in."""
        ...

    def closed(self, connection: Connection, reason: str) -> None:
        """The connection is over."""
        ...


class Lines:
    """The WebSockets of one engine.

    open: those whose transport is not closed yet. slow: those that have more to read than they take; backlog: how many
    bytes.
    """

    def __init__(self, config: EngineConfig, metrics: Metrics, listener: Listener) -> None:
        self.config, self.metrics, self.listener = config, metrics, listener
        self.to_ping: Delay[WebSocket] = Delay(config.ping_interval_s, WebSocket.ping)
        self.to_pong: Delay[tuple[WebSocket, int]] = Delay(
            config.ping_timeout_s, lambda sent: sent[0].check_pong(sent[1])
        )
        self.parting: Delay[WebSocket] = Delay(PARTING_S, WebSocket.cut)
        self.open: set[WebSocket] = set()
        self.slow: set[WebSocket] = set()
        self.backlog = 0
        self._unwritten: list[WebSocket] = []
        self._none_open: asyncio.Future[None] | None = None

    def handshake(self, sid: str, upgrades: list[str]) -> dict[str, Any]:
        """What a connection is told first."""
        return {
            "sid": sid,
            "upgrades": upgrades,
            "pingInterval": round(self.config.ping_interval_s * 1000),
            "pingTimeout": round(self.config.ping_timeout_s * 1000),
            "maxPayload": self.config.message_limit_bytes,
        }

    def write_soon(self, line: WebSocket) -> None:
        """Lets a line write at the end of this turn of the loop."""
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten.append(line)

    def note_backlog(self, size: int) -> None:
        """Counts bytes that cannot be written now; beyond the limit of the process the slowest client goes."""
        self.backlog += size
        if size > 0 and self.backlog > self.config.all_outboxes_bytes:
            max(self.slow, key=lambda line: line.backlog).evict()

    def over(self, line: WebSocket) -> None:
        """A line's transport is closed."""
        self.open.discard(line)
        if self._none_open is not None and not self.open and not self._none_open.done():
            self._none_open.set_result(None)

    async def stop(self) -> None:
        """Ends the heartbeats and closes every line; returns when all are over, which takes `PARTING_S` at most."""
        for delay in (self.to_ping, self.to_pong):
            delay.clear()
        for line in self.open:
            line.close()
        if self.open:
            self._none_open = asyncio.get_running_loop().create_future()
            await self._none_open

    def _write(self) -> None:
        lines, self._unwritten = self._unwritten, []
        for line in lines:
            line.flush()
