"""What clients say, in order: connecting to namespaces, events, acks, parting."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import CoroutineType
from typing import Any

from loguru import logger

from domain.core.addresses import address_block
from domain.core.errors import (
    AppError,
    BadRequest,
    Draining,
    Internal,
    NotFound,
    RateLimited,
    Unavailable,
    UnknownEvent,
)
from realtime.engine.client import Client, Connection, First, Line, Peer
from realtime.engine.config import EngineConfig
from realtime.engine.delays import Delay
from realtime.engine.inbox import Inbox, Job
from realtime.engine.packets import (
    ACK,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
    MALFORMED,
    RESERVED_EVENTS,
    Decoder,
    Packet,
    encode,
)
from realtime.engine.rooms import Space
from realtime.envelope import failure
from realtime.metrics import Metrics

OVERFLOW_RETRY_MS = 1000
CLOSE_S = 2.0
"""What is being handled when everybody is thrown out has so long to end; then it is broken off."""


class TooManyConnections(AppError):
    """There are too many connections; close one."""

    code, status, retry = "TOO_MANY_CONNECTIONS", 429, True


class Reception:
    """The connections, their peers in the namespaces, and what they send.

    Nothing that a line calls awaits: a slow application never keeps a heartbeat from being read.

    draining: nobody new is let in.
    """

    def __init__(self, config: EngineConfig, metrics: Metrics) -> None:
        self.spaces: dict[str, Space] = {}
        self.connections: dict[str, Connection] = {}
        self.peers: dict[str, Peer] = {}
        self.draining = False
        self._config, self._metrics = config, metrics
        self._none_left = asyncio.Event()
        self._addresses: Counter[str] = Counter()
        self._most_per_address = round(config.connections_per_address * config.rate_limit_scale)
        self._time_is_over: Delay[Connection] = Delay(config.connect_timeout_s, self._ask_for_namespace)
        self._tasks: set[asyncio.Task[None]] = set()

    # The lines.

    def open(self, id: str, line: Line, address: str, agent: str) -> Connection:
        """A new connection of what calls itself `agent`; raises `Draining`, or `TooManyConnections` of its address."""
        if self.draining:
            self._metrics.connect_refused("(all)", Draining.code)
            raise Draining
        block = address_block(address)
        if self._most_per_address and self._addresses[block] >= self._most_per_address:
            self._metrics.connect_refused("(all)", TooManyConnections.code)
            raise TooManyConnections
        self._addresses[block] += 1
        connection = Connection(
            id,
            line,
            decoder=Decoder(self._config.message_limit_bytes),
            address=block,
            agent=agent,
            connects=self._config.bucket(self._config.connects),
            opened_at=asyncio.get_running_loop().time(),
        )
        self.connections[id] = connection
        self._expect_namespace(connection)
        return connection

    def text(self, connection: Connection, packet: bytes) -> None:
        """Called by a line with a packet."""
        self._decode(connection, connection.decoder.text, packet)

    def binary(self, connection: Connection, attachment: bytes) -> None:
        """Called by a line with an attachment."""
        self._decode(connection, connection.decoder.attachment, attachment)

    def closed(self, connection: Connection, reason: str) -> None:
        """Called by a line when it is over."""
        if self.connections.pop(connection.id, None) is None:
            return
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]
        for peer in list(connection.peers.values()):
            self._part(peer, reason)
        if not self.connections:
            self._none_left.set()
        seconds = round(asyncio.get_running_loop().time() - connection.opened_at, 1)
        seen = {"address": connection.address, "user_agent": connection.agent}
        logger.bind(**seen, seconds=seconds, reason=reason).info(
            "socket of {} closed after {} s: {}", connection.address, seconds, reason
        )

    def close(self, connection: Connection, reason: str) -> None:
        """Ends a connection, behind what was sent so far; what its clients said and was not handled yet, is not."""
        for peer in connection.peers.values():
            peer.ignored = True
        line = connection.line
        self.closed(connection, reason)
        line.close()

    def see_off(self, connection: Connection) -> None:
        """Ends a connection as soon as nothing is being handled for it: behind the acks of all it has said."""
        connection.leaving = True
        if not connection.inboxes:
            self.close(connection, "server draining")

    async def until_none_left(self, at: float) -> None:
        """Waits until there is no connection, or for that moment of the loop's time. For when nobody is let in."""
        if self.connections:
            self._none_left.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(at):
                    await self._none_left.wait()

    async def close_all(self) -> None:
        """Ends every connection, and returns when the application has dealt with it, or has had `CLOSE_S` for it."""
        for connection in list(self.connections.values()):
            self.close(connection, "server shutdown")
        while self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
            for task in self._tasks:
                task.cancel()
        self._time_is_over.clear()

    def _decode(self, connection: Connection, decode: Callable[[bytes], Packet | None], data: bytes) -> None:
        try:
            received = decode(data)
        except MALFORMED:
            connection.line.refuse("packet")
            return
        if received is not None:
            self._receive(connection, received)

    def _receive(self, connection: Connection, packet: Packet) -> None:
        kind = packet.kind
        if kind == EVENT:
            self._event(connection, packet)
        elif kind == ACK:
            self._answer(connection, packet)
        elif kind == CONNECT:
            self._connect(connection, packet.namespace, packet.data)
        elif kind == DISCONNECT and (peer := connection.peers.get(packet.namespace)):
            self._part(peer, "client disconnect")

    # Connecting and parting.

    def _connect(self, connection: Connection, namespace: str, auth: Any) -> None:
        space = self.spaces.get(namespace)
        if connection.connects is not None and not connection.connects.take(1):
            self._refuse(connection, namespace, RateLimited(connection.connects.wait_ms(1)))
        elif self.draining:
            self._refuse(connection, namespace, Draining())
        elif space is None:
            self._refuse(connection, namespace, NotFound("There is no such namespace."))
        elif namespace in connection.peers:
            self._refuse(connection, namespace, BadRequest("This connection is in the namespace already."))
        elif self._is_full(connection, namespace):
            self._refuse(connection, namespace, RateLimited(OVERFLOW_RETRY_MS))
        else:
            peer = Peer(Client(secrets.token_urlsafe(15), namespace, connection.id), connection, space)
            connection.peers[namespace] = self.peers[peer.client.sid] = peer
            self._put(connection, namespace, partial(self._admit, peer, auth))

    async def _admit(self, peer: Peer, auth: Any) -> None:
        if peer.client.sid not in self.peers:
            return
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                first = await peer.space.application.connect(peer.client, auth)
        except AppError as error:
            self._turn_away(peer, error)
        except TimeoutError:
            self._turn_away(peer, Unavailable())
        except Exception:
            logger.bind(socket=peer.client.sid).exception("connecting to /{} failed", peer.client.namespace)
            self._turn_away(peer, Internal())
        else:
            peer.admitted = True
            if peer.client.sid in self.peers:  # else it has parted meanwhile, and its goodbye waits in the inbox
                self._welcome(peer, first)

    def _welcome(self, peer: Peer, first: First) -> None:
        connection, space = peer.connection, peer.space
        held, peer.held = peer.held or (), None
        connection.refusals = 0
        space.connected.add(peer)
        connection.line.send(encode(CONNECT, space.prefix, {"sid": peer.client.sid}))
        connection.line.send(encode(EVENT, space.prefix, first))
        for message in held:
            connection.line.send(message)
        self._metrics.connected(space.name, connection.line.transport)
        self._metrics.event_out(first[0], 1)

    def _turn_away(self, peer: Peer, error: AppError) -> None:
        if peer.client.sid in self.peers:
            connection = peer.connection
            self._forget(peer)
            self._refuse(connection, peer.client.namespace, error)
            if connection.overdue and not connection.peers:
                self.close(connection, "no namespace")

    def _refuse(self, connection: Connection, namespace: str, error: AppError) -> None:
        body = error.as_error()
        refusal = {"message": body.pop("message"), "data": body}
        connection.line.send(encode(CONNECT_ERROR, _prefix(namespace), refusal))
        self._metrics.connect_refused(self._label(namespace), error.code)
        self._count_refusal(connection)

    def _part(self, peer: Peer, reason: str) -> None:
        self._forget(peer)
        if peer.held is None:
            self._metrics.disconnected(peer.client.namespace, peer.connection.line.transport, reason)
        for waiting in (peer.calls or {}).values():
            if not waiting.done():
                waiting.set_exception(NotFound("The client is gone."))
        self._put(peer.connection, peer.client.namespace, partial(self._say_goodbye, peer, reason))

    async def _say_goodbye(self, peer: Peer, reason: str) -> None:
        if not peer.admitted:
            return
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                await peer.space.application.disconnect(peer.client, reason)
        except Exception:
            logger.bind(socket=peer.client.sid).exception("parting from /{} failed", peer.client.namespace)

    def _forget(self, peer: Peer) -> None:
        connection = peer.connection
        del connection.peers[peer.client.namespace], self.peers[peer.client.sid]
        peer.space.remove(peer)
        if not connection.peers and peer.admitted:  # one that was refused gets no more time
            self._expect_namespace(connection)

    def _expect_namespace(self, connection: Connection) -> None:
        """Closes the connection unless it is in a namespace when its time is over."""
        connection.overdue = False
        if connection.id in self.connections:
            connection.waits += 1
            self._time_is_over.add(connection)

    def _ask_for_namespace(self, connection: Connection) -> None:
        connection.waits -= 1
        if not connection.waits:
            connection.overdue = True
            if not connection.peers:
                self.close(connection, "no namespace")

    # Events and acks.

    def _event(self, connection: Connection, packet: Packet) -> None:
        namespace, (name, *arguments) = packet.namespace, packet.data
        peer = connection.peers.get(namespace)
        error: AppError
        if peer is None or peer.held is not None or name in RESERVED_EVENTS:
            error = UnknownEvent()
        elif self._is_full(connection, namespace):
            error = RateLimited(OVERFLOW_RETRY_MS)
            peer.space.application.overflow(peer.client, last=connection.refusals + 1 >= self._config.patience)
        else:
            connection.refusals = 0
            if namespace in connection.inboxes:
                self._put(connection, namespace, partial(self._handle_later, peer, name, arguments, packet.id))
            else:
                self._handle_now(peer, name, arguments, packet.id)
            return
        self._metrics.event_refused(self._label(namespace), error.code)
        if packet.id is not None:
            connection.line.send(encode(ACK, _prefix(namespace), [failure(error)], packet.id))
        self._count_refusal(connection)

    def _handle_now(self, peer: Peer, name: str, arguments: Sequence[Any], ack_id: int | None) -> None:
        """Handles an event in the turn it came in, or, if the application has to wait for something, begins to."""
        try:
            answer = peer.space.application.event(peer.client, name, arguments)
            if type(answer) is CoroutineType:
                self._put(peer.connection, peer.client.namespace, partial(self._finish, peer, answer, ack_id))
            else:
                self._acknowledge(peer, ack_id, answer)
        except Exception:
            self._fail(peer, ack_id)

    async def _handle_later(self, peer: Peer, name: str, arguments: Sequence[Any], ack_id: int | None) -> None:
        if peer.ignored:
            return
        try:
            answer = peer.space.application.event(peer.client, name, arguments)
            if type(answer) is CoroutineType:
                answer = await answer
            self._acknowledge(peer, ack_id, answer)
        except Exception:
            self._fail(peer, ack_id)

    async def _finish(self, peer: Peer, answer: Any, ack_id: int | None) -> None:
        try:
            self._acknowledge(peer, ack_id, await answer)
        except Exception:
            self._fail(peer, ack_id)

    def _fail(self, peer: Peer, ack_id: int | None) -> None:
        logger.bind(socket=peer.client.sid).exception("an event of /{} failed", peer.client.namespace)
        self._acknowledge(peer, ack_id, failure(Internal()))

    def _acknowledge(self, peer: Peer, ack_id: int | None, answer: Any) -> None:
        if ack_id is not None:
            peer.connection.line.send(encode(ACK, peer.space.prefix, [answer], ack_id))

    def _answer(self, connection: Connection, packet: Packet) -> None:
        """The client acks an event of ours."""
        peer = connection.peers.get(packet.namespace)
        waiting = peer.calls.get(packet.id) if peer and peer.calls and packet.id is not None else None
        if waiting is not None and not waiting.done():
            waiting.set_result(packet.data)

    # In order, and not without end.

    def waiting(self) -> int:
        """How many events of all clients wait to be handled."""
        return sum(len(inbox) for connection in self.connections.values() for inbox in connection.inboxes.values())

    def _is_full(self, connection: Connection, namespace: str) -> bool:
        return len(connection.inboxes.get(namespace, ())) >= self._config.inbox_size

    def _put(self, connection: Connection, namespace: str, job: Job) -> None:
        """Runs a job behind all that came before it in the namespace."""
        inbox = connection.inboxes.get(namespace)
        if inbox is not None:
            inbox.put(job)
            return
        inbox = connection.inboxes[namespace] = Inbox(partial(self._all_done, connection, namespace))
        task = asyncio.create_task(inbox.run(job), name="inbox")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _all_done(self, connection: Connection, namespace: str) -> None:
        del connection.inboxes[namespace]
        if connection.leaving and connection.id in self.connections:
            self.see_off(connection)

    def _count_refusal(self, connection: Connection) -> None:
        connection.refusals += 1
        if connection.refusals >= self._config.patience:
            self.close(connection, "refused too often")

    def _label(self, namespace: str) -> str:
        return namespace if namespace in self.spaces else "(unknown)"


def _prefix(namespace: str) -> bytes:
    return f"/{namespace},".encode() if namespace else b""
