"""A raw Socket.IO client: it sends what no library would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

PATIENCE_S = 5.0

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = range(5)


@dataclass(frozen=True, slots=True)
class Packet:
    """A Socket.IO packet as it came."""

    kind: int
    namespace: str
    id: int | None
    data: Any


class Wire:
    """One WebSocket. Heartbeats are answered while something is awaited, each for at most `patience_s`."""

    def __init__(self, websocket: ClientWebSocketResponse, patience_s: float | None = PATIENCE_S) -> None:
        self.websocket, self.patience_s = websocket, patience_s
        self.answer_pings = True
        self._acks = 0

    async def send(self, frame: str | bytes) -> None:
        """One frame, whatever it is."""
        await (self.websocket.send_str(frame) if isinstance(frame, str) else self.websocket.send_bytes(frame))

    @property
    def transport(self) -> asyncio.Transport:
        """The TCP connection."""
        assert self.websocket._response.connection
        transport = self.websocket._response.connection.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    def stop_reading(self) -> asyncio.ReadTransport:
        """Takes nothing more off the socket; the transport, on which reading can be resumed."""
        self.transport.pause_reading()
        return self.transport

    async def frame(self) -> str | None:
        """The next Engine.IO frame; None when the WebSocket is over."""
        while True:
            message = await self.websocket.receive(timeout=self.patience_s)
            if message.type is not WSMsgType.TEXT:
                return None
            if message.data != "2":
                return str(message.data)
            if self.answer_pings:
                await self.send("3")

    async def packet(self) -> Packet:
        """The next Socket.IO packet."""
        packet = await self.next_packet()
        assert packet is not None, "the connection was closed"
        return packet

    async def next_packet(self) -> Packet | None:
        """The next Socket.IO packet; None when the WebSocket is over."""
        frame = await self.frame()
        if frame is None:
            return None
        assert frame[0] == "4", frame
        kind, rest, namespace, digits = int(frame[1]), frame[2:], "/", ""
        if rest.startswith("/"):
            namespace, _, rest = rest.partition(",")
        while rest[:1].isdigit():
            digits, rest = digits + rest[0], rest[1:]
        return Packet(kind, namespace, int(digits) if digits else None, orjson.loads(rest) if rest else None)

    async def event(self, name: str) -> list[Any]:
        """The arguments of the next event of that name; other packets are skipped."""
        while True:
            packet = await self.packet()
            if packet.kind == EVENT and packet.data[0] == name:
                return list(packet.data[1:])

    async def connect(self, namespace: str, auth: Any = None) -> Packet:
        """Sends CONNECT; the answer to it, other packets are skipped."""
        await self.send(f"40{namespace},{'' if auth is None else orjson.dumps(auth).decode()}")
        while True:
            packet = await self.packet()
            if packet.kind in {CONNECT, CONNECT_ERROR} and packet.namespace == namespace:
                return packet

    async def call(self, namespace: str, *event: Any) -> Any:
        """Sends an event with an ack id; the ack, other packets are skipped."""
        self._acks += 1
        await self.emit(namespace, self._acks, *event)
        return await self.ack(self._acks)

    async def emit(self, namespace: str, ack_id: int, *event: Any) -> None:
        """Sends an event with that ack id."""
        path = "" if namespace == "/" else f"{namespace},"
        await self.send(f"42{path}{ack_id}{orjson.dumps(event).decode()}")

    def abort(self) -> None:
        """Cuts the line without a goodbye, if it is there."""
        connection = self.websocket._response.connection
        if connection and connection.transport:
            connection.transport.abort()

    async def ack(self, id: int) -> Any:
        """The ack of that id; other packets are skipped."""
        while True:
            packet = await self.packet()
            if packet.kind == ACK and packet.id == id:
                (answer,) = packet.data
                return answer

    async def closed(self) -> bool:
        """Whether the server closes the WebSocket; what it still sends is skipped."""
        try:
            while await self.frame() is not None:
                pass
        except TimeoutError:
            return False
        return True

    async def silent(self, seconds: float = 0.2) -> bool:
        """Whether nothing but heartbeats comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self.frame() is None
        except TimeoutError:
            return True


@asynccontextmanager
async def wire(url: str, *, patience_s: float | None = PATIENCE_S, **options: Any) -> AsyncIterator[Wire]:
    """An open connection, its OPEN packet read."""
    async with ClientSession() as http, http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", **options) as ws:
        connection = Wire(ws, patience_s)
        opening = await connection.frame()
        if opening is None:
            raise ConnectionResetError("the connection was closed at once")
        assert opening.startswith("0")
        yield connection
