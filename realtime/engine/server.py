"""python-socketio's server, from which this engine takes the wire format, the transports and the rooms."""

import logging
from typing import Any, Protocol

import socketio
from engineio import packet as engineio_packet

from realtime.engine.config import EngineConfig
from realtime.engine.manager import Manager
from realtime.engine.origin import origin_allowed
from realtime.engine.packets import BINARY_ACK, BINARY_EVENT, CONNECT_ERROR, EVENT, MALFORMED, Malformed, Packet
from realtime.engine.socket import Socket
from realtime.engine.transport import EngineIO
from realtime.metrics import Metrics

LOG = logging.getLogger("maoga.engine")
LOG.setLevel(logging.WARNING)  # below it, python-socketio logs payloads, tokens among them


class Listener(Protocol):
    """Is told what happens on the connections. Its methods do not raise."""

    def opened(self, connection: str) -> None:
        """An Engine.IO connection is there."""
        ...

    def received(self, connection: str, packet: Packet) -> None:
        """It sent a whole packet."""
        ...

    def closed(self, connection: str, reason: str) -> None:
        """It is over."""
        ...


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """The server below the event table: packets in, packets out. What they mean is the listener's business."""

    eio: EngineIO
    manager: Manager

    def __init__(self, config: EngineConfig, metrics: Metrics, listener: Listener) -> None:
        super().__init__(
            client_manager=Manager(),
            serializer=Packet,
            async_mode="aiohttp",
            transports=list(config.transports),
            ping_interval=config.ping_interval_s,
            ping_timeout=config.ping_timeout_s,
            max_http_buffer_size=config.message_limit_bytes,
            http_compression=False,
            cors_allowed_origins=lambda origin, environ: origin_allowed(
                origin, environ.get("HTTP_HOST"), config.cors_origins
            ),
            logger=LOG,
            engineio_logger=LOG,
        )
        self.eio.metrics, self.eio.config = metrics, config
        self._listener = listener

    def socket(self, connection: str) -> Socket | None:
        """The open connection with that id."""
        socket: Socket | None = self.eio.sockets.get(connection)  # internal: by sid; closed ones stay for a while
        return None if socket is None or socket.closed else socket

    def transmit(self, connection: str, packet: engineio_packet.Packet) -> None:
        """Queues a packet; nothing happens when the connection is over."""
        if socket := self.socket(connection):
            socket.transmit(packet)

    @staticmethod
    def pack(kind: int, namespace: str, data: Any, ack_id: int | None = None) -> engineio_packet.Packet:
        """A Socket.IO packet as it goes out, encoded once for all its recipients."""
        packet = Packet(kind, data, namespace, ack_id, binary=False)
        return engineio_packet.Packet(
            engineio_packet.MESSAGE, packet.encode()
        )  # internal: its own encoding is cached in the packet

    @staticmethod
    def wrap(namespace: str, payload: bytes) -> engineio_packet.Packet:
        """An event that is encoded already."""
        return engineio_packet.Packet(engineio_packet.MESSAGE, f"{EVENT}{namespace},{payload.decode()}")

    def _engineio_server_class(self) -> type[EngineIO]:  # internal: asked by the constructor
        return EngineIO

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:  # internal: an eio handler
        self._listener.opened(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:  # internal: an eio handler
        try:
            packet = self._decode(eio_sid, data)
        except MALFORMED:
            if socket := self.socket(eio_sid):
                await socket.malformed("packet")
        else:
            if packet is not None:
                self._listener.received(eio_sid, packet)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:  # internal: an eio handler
        self._binary_packet.pop(eio_sid, None)
        self._listener.closed(eio_sid, reason)

    def _decode(self, eio_sid: str, data: Any) -> Packet | None:
        """The packet in one Engine.IO message; None while its attachments are still to come."""
        waiting: Packet | None = self._binary_packet.get(eio_sid)  # internal: packets that lack attachments
        if waiting is not None:
            if not waiting.add_attachment(data):
                return None
            del self._binary_packet[eio_sid]
            return waiting
        if not isinstance(data, str):
            raise Malformed("an attachment of nothing")
        packet = Packet(encoded_packet=data)
        if packet.packet_type == CONNECT_ERROR:
            raise Malformed("only servers refuse connections")
        if packet.packet_type in {BINARY_EVENT, BINARY_ACK}:
            self._binary_packet[eio_sid] = packet
            return None
        return packet
