"""The engine as the rest of the server sees it: clients in namespaces, rooms, events in order."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from aiohttp import web
from engineio import packet as eio
from loguru import logger

from domain.core.errors import AppError, BadRequest, Internal, NotFound, RateLimited, Unavailable, UnknownEvent
from realtime.engine.client import Application, Client, Connection, First, Peer
from realtime.engine.config import EngineConfig
from realtime.engine.inbox import Inbox
from realtime.engine.origin import OriginForbidden, origin_allowed
from realtime.engine.packets import (
    ACK,
    BINARY_EVENT,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
    RESERVED_EVENTS,
    Packet,
)
from realtime.engine.server import Server
from realtime.envelope import failure
from realtime.limits import spend
from realtime.metrics import Metrics

PATH = "/socket.io/"
MAX_HELD = 1000
OVERFLOW_RETRY_MS = 1000
DRAIN_CHECK_S = 0.01


class Engine:
    """The sockets of this process. Namespaces are named without their slash."""

    def __init__(self, config: EngineConfig, metrics: Metrics) -> None:
        self._config, self._metrics = config, metrics
        self._server = Server(config, metrics, self)
        self._rooms = self._server.manager
        self._applications: dict[str, Application] = {}
        self._connections: dict[str, Connection] = {}
        self._peers: dict[str, Peer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def attach(self, app: web.Application) -> None:
        """Serves Socket.IO in `app`, and closes every connection when it shuts down."""

        async def shutdown(_: web.Application) -> None:
            await self.close_all()

        app.router.add_route("*", PATH, self._serve)
        app.on_shutdown.append(shutdown)

    def register(self, namespace: str, application: Application) -> None:
        """Opens a namespace."""
        self._applications[namespace] = application

    # What the application asks for. Nothing of it awaits: a sequence of these calls is one step for every client.

    def emit(self, namespace: str, room: str | None, name: str, *arguments: Any) -> int:
        """Sends an event to the clients in a room; None is everybody connected to the namespace. How many they are.

        A client that is still connecting gets what its rooms are told once it is connected, behind its first event.
        """
        members = self._rooms.members(_path(namespace), room)
        if members:
            packet = self._server.pack(EVENT, _path(namespace), [name, *arguments])
            for sid in members:
                self._tell(self._peers[sid], packet)
            self._metrics.event_out(name, len(members))
        return len(members)

    def send(self, sid: str, name: str, *arguments: Any) -> None:
        """Sends an event to one client, if it is still there."""
        if peer := self._peers.get(sid):
            self._tell(peer, self._server.pack(EVENT, _path(peer.client.namespace), [name, *arguments]))
            self._metrics.event_out(name, 1)

    def broadcast(self, namespace: str, room: str, name: str, payload: bytes) -> None:
        """Sends an event to the clients in a room. payload: the JSON array of its name and arguments."""
        if members := self._rooms.members(_path(namespace), room):
            packet = self._server.wrap(_path(namespace), payload)
            for sid in members:
                self._tell(self._peers[sid], packet)
            self._metrics.event_out(name, len(members))

    def write(self, sid: str, name: str, payload: bytes) -> None:
        """Sends such an event to one client, if it is still there."""
        if peer := self._peers.get(sid):
            self._tell(peer, self._server.wrap(_path(peer.client.namespace), payload))
            self._metrics.event_out(name, 1)

    async def drained(self, sid: str) -> bool:
        """Returns True when little is left that the client has to read, False when it is gone."""
        while peer := self._peers.get(sid):
            socket = self._server.socket(peer.client.connection)
            if socket is None:
                break
            if socket.queue.size < self._config.outbox_bytes // 8:
                return True
            await asyncio.sleep(DRAIN_CHECK_S)
        return False

    def enter(self, sid: str, room: str) -> None:
        """Puts a client into a room of its namespace, if it is still there."""
        if peer := self._peers.get(sid):
            self._rooms.enter(sid, _path(peer.client.namespace), room)

    def leave(self, sid: str, room: str) -> None:
        """Takes a client out of a room of its namespace."""
        if peer := self._peers.get(sid):
            self._rooms.leave(sid, _path(peer.client.namespace), room)

    def members(self, namespace: str, room: str) -> list[str]:
        """The sids of the clients in a room, those still connecting among them."""
        return self._rooms.members(_path(namespace), room)

    def close(self, sid: str, reason: str) -> None:
        """Closes the client's whole connection: all its namespaces and the WebSocket, behind what was sent so far.

        reason: a few words out of a small set, for the application and the metrics.
        """
        peer = self._peers.get(sid)
        if peer and (connection := self._connections.get(peer.client.connection)):
            self._close(connection, reason)

    async def close_all(self) -> None:
        """Lets nobody in any more, closes every connection, and returns when the application has dealt with it."""
        self._stopping = True
        for connection in list(self._connections.values()):
            self._close(connection, "server shutdown")
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.shutdown()

    # What the server tells. Nothing of it awaits: a slow application must never keep a heartbeat from being read.

    def opened(self, connection: str) -> None:
        """Called by the server: a connection is there."""
        self._connections[connection] = Connection(connection, connects=self._config.buckets(self._config.connects))
        self._expect_client(self._connections[connection])

    def received(self, connection: str, packet: Packet) -> None:
        """Called by the server: a whole packet came in."""
        sender = self._connections.get(connection)
        if sender is None:
            return
        namespace = (packet.namespace or "/").removeprefix("/")
        if packet.packet_type == CONNECT:
            self._connect(sender, namespace, packet.data)
        elif packet.packet_type == DISCONNECT:
            self._part(sender, namespace, "client disconnect")
        elif packet.packet_type in {EVENT, BINARY_EVENT}:
            self._event(sender, namespace, packet)

    def closed(self, connection: str, reason: str) -> None:
        """Called by the server: a connection is over."""
        if over := self._connections.pop(connection, None):
            self._part_all(over, reason)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        error: AppError | None = None
        if self._stopping:
            error = Unavailable()
        elif not origin_allowed(request.headers.get("Origin"), request.headers.get("Host"), self._config.cors_origins):
            error = OriginForbidden()
        if error:
            self._metrics.connect_refused("(all)", error.code)
            return web.json_response(failure(error), status=error.status)
        try:
            response: web.StreamResponse = await self._server.handle_request(request)
        except ConnectionError:  # gone before it was upgraded: nobody's fault, and nobody to answer
            return web.Response(status=400)
        return response

    # Connecting and parting.

    def _connect(self, connection: Connection, namespace: str, auth: Any) -> None:
        if wait_ms := spend(connection.connects, 1):
            self._refuse(connection, namespace, RateLimited(wait_ms))
            return
        if namespace not in self._applications:
            self._refuse(connection, namespace, NotFound("There is no such namespace."))
            return
        if namespace in connection.peers:
            self._refuse(connection, namespace, BadRequest("This connection is in the namespace already."))
            return
        inbox = connection.inboxes.setdefault(namespace, Inbox(self._config.inbox_size, self._tasks))
        peer = Peer(Client(self._rooms.begin(connection.id, _path(namespace)), namespace, connection.id))
        connection.peers[namespace] = self._peers[peer.client.sid] = peer
        if not inbox.offer(partial(self._admit, connection, peer, auth)):
            self._turn_away(connection, peer, RateLimited(OVERFLOW_RETRY_MS))

    async def _admit(self, connection: Connection, peer: Peer, auth: Any) -> None:
        if peer.client.sid not in self._peers:
            return
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                first = await self._applications[peer.client.namespace].connect(peer.client, auth)
        except AppError as error:
            self._turn_away(connection, peer, error)
        except TimeoutError:
            self._turn_away(connection, peer, Unavailable())
        except Exception:
            logger.bind(socket=peer.client.sid).exception("connecting to /{} failed", peer.client.namespace)
            self._turn_away(connection, peer, Internal())
        else:
            peer.admitted = True
            if peer.client.sid in self._peers:  # else it has parted meanwhile, and its goodbye waits in the inbox
                self._welcome(connection, peer, first)

    def _welcome(self, connection: Connection, peer: Peer, first: First) -> None:
        path = _path(peer.client.namespace)
        self._rooms.complete(peer.client.sid, path)
        held, peer.held = peer.held or [], None
        connection.refusals = 0
        self._server.transmit(connection.id, self._server.pack(CONNECT, path, {"sid": peer.client.sid}))
        self.send(peer.client.sid, *first)
        for packet in held:
            self._server.transmit(connection.id, packet)
        self._metrics.connected(peer.client.namespace)

    def _turn_away(self, connection: Connection, peer: Peer, error: AppError) -> None:
        if peer.client.sid in self._peers:
            self._forget(connection, peer)
            self._refuse(connection, peer.client.namespace, error)
            if connection.overdue and not connection.peers:
                self._close(connection, "no namespace")

    def _refuse(self, connection: Connection, namespace: str, error: AppError) -> None:
        body = error.as_error()
        refusal = {"message": body.pop("message"), "data": body}
        self._server.transmit(connection.id, self._server.pack(CONNECT_ERROR, _path(namespace), refusal))
        self._metrics.connect_refused(self._label(namespace), error.code)
        self._count_refusal(connection)

    def _part(self, connection: Connection, namespace: str, reason: str) -> None:
        if peer := connection.peers.get(namespace):
            self._forget(connection, peer)
            if peer.held is None:
                self._metrics.disconnected(namespace, reason)
            connection.inboxes[namespace].put(partial(self._say_goodbye, peer, reason))

    def _part_all(self, connection: Connection, reason: str) -> None:
        for namespace in list(connection.peers):
            self._part(connection, namespace, reason)
        if connection.idle:
            connection.idle.cancel()

    async def _say_goodbye(self, peer: Peer, reason: str) -> None:
        if not peer.admitted:
            return
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                await self._applications[peer.client.namespace].disconnect(peer.client, reason)
        except Exception:
            logger.bind(socket=peer.client.sid).exception("parting from /{} failed", peer.client.namespace)

    def _forget(self, connection: Connection, peer: Peer) -> None:
        del connection.peers[peer.client.namespace], self._peers[peer.client.sid]
        self._rooms.remove(peer.client.sid, _path(peer.client.namespace))
        if not connection.peers and peer.admitted:  # one that was refused gets no more time
            self._expect_client(connection)

    def _expect_client(self, connection: Connection) -> None:
        """Closes the connection unless it is in a namespace soon."""
        if connection.idle:
            connection.idle.cancel()
        connection.overdue = False
        loop = asyncio.get_running_loop()
        connection.idle = loop.call_later(self._config.connect_timeout_s, self._close_idle, connection)

    def _close_idle(self, connection: Connection) -> None:
        connection.overdue = True
        if not connection.peers:
            self._close(connection, "no namespace")

    def _close(self, connection: Connection, reason: str) -> None:
        if self._connections.pop(connection.id, None) is None:
            return
        for peer in connection.peers.values():
            peer.ignored = True
        self._part_all(connection, reason)
        if socket := self._server.socket(connection.id):
            self._start(socket.close(reason=reason))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Events.

    def _event(self, connection: Connection, namespace: str, packet: Packet) -> None:
        name, *arguments = packet.data
        peer = connection.peers.get(namespace)
        error: AppError
        if peer is None or peer.held is not None or name in RESERVED_EVENTS:
            error = UnknownEvent()
        elif connection.inboxes[namespace].offer(partial(self._handle, peer, name, arguments, packet.id)):
            connection.refusals = 0
            return
        else:
            error = RateLimited(OVERFLOW_RETRY_MS)
        self._metrics.event_refused(self._label(namespace), error.code)
        self._acknowledge(connection.id, namespace, packet.id, failure(error))
        self._count_refusal(connection)

    async def _handle(self, peer: Peer, name: str, arguments: Sequence[Any], ack_id: int | None) -> None:
        if peer.ignored:
            return
        client = peer.client
        try:
            answer = await self._applications[client.namespace].event(client, name, arguments)
            self._acknowledge(client.connection, client.namespace, ack_id, answer)
        except Exception:
            logger.bind(socket=client.sid).exception("an event of /{} failed", client.namespace)
            self._acknowledge(client.connection, client.namespace, ack_id, failure(Internal()))

    def _acknowledge(self, connection: str, namespace: str, ack_id: int | None, answer: Any) -> None:
        if ack_id is not None:
            self._server.transmit(connection, self._server.pack(ACK, _path(namespace), [answer], ack_id))

    def _count_refusal(self, connection: Connection) -> None:
        connection.refusals += 1
        if connection.refusals >= self._config.patience:
            self._close(connection, "refused too often")

    def _tell(self, peer: Peer, packet: eio.Packet) -> None:
        if peer.held is None:
            self._server.transmit(peer.client.connection, packet)
        elif len(peer.held) < MAX_HELD:
            peer.held.append(packet)
        else:
            self._close(self._connections[peer.client.connection], "too slow to connect")

    def _label(self, namespace: str) -> str:
        return namespace if namespace in self._applications else "(unknown)"


def _path(namespace: str) -> str:
    return f"/{namespace}"
