"""Clients, and what stands behind their namespaces."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from realtime.engine.inbox import Inbox
from realtime.engine.packets import Decoder, Message
from realtime.limits import TokenBucket

if TYPE_CHECKING:
    from realtime.engine.rooms import Space

First = tuple[str, *tuple[Any, ...]]
"""An event's name and its arguments."""


class Client:
    """One client in one namespace.

    sid: its id, never used again. connection: the id of the Engine.IO connection, which its other namespaces share.
    context: whatever the application wants to find again with the client.
    """

    __slots__ = ("connection", "context", "namespace", "sid")

    def __init__(self, sid: str, namespace: str, connection: str) -> None:
        self.sid, self.namespace, self.connection = sid, namespace, connection
        self.context: Any = None


class Application(Protocol):
    """What stands behind a namespace. The calls for one client come in this order and never overlap."""

    async def connect(self, client: Client, auth: Any) -> First:
        """Lets the client in and returns the event it gets first; raises `AppError` to refuse."""
        ...

    def event(self, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        """Handles an event; its ack, or a coroutine that returns it and is awaited before the client's next event."""
        ...

    def overflow(self, client: Client, *, last: bool) -> None:
        """An event of the client was refused, for too many wait. last: it has gone on for too long and is cut off."""
        ...

    async def disconnect(self, client: Client, reason: str) -> None:
        """The client, which was let in, is gone."""
        ...


class Line(Protocol):
    """What carries the packets of a connection: a WebSocket, or polls. transport: which, as operators call it."""

    transport: ClassVar[str]

    def send(self, message: Message) -> None:
        """Takes a message for the client; nothing happens when the line is closing."""
        ...

    def close(self) -> None:
        """Ends the line behind what was sent so far."""
        ...

    def refuse(self, kind: str) -> None:
        """Ends the line because of what the client sent: a `frame`, a `packet` or a `flood`."""
        ...

    async def drained(self) -> bool:
        """Waits until the client has read nearly all; False when the line is over."""
        ...


class Connection:
    """An Engine.IO connection: what carries it, and its peers by namespace.

    inboxes: what is being handled, by namespace. refusals: how many things in a row it was refused. waits: how many
    delays run after which it must be in a namespace. overdue: it has had its time and gets no more. leaving: it ends
    when nothing is being handled for it.
    """

    __slots__ = (
        "address",
        "agent",
        "connects",
        "decoder",
        "id",
        "inboxes",
        "leaving",
        "line",
        "opened_at",
        "overdue",
        "peers",
        "refusals",
        "waits",
    )

    def __init__(
        self,
        id: str,
        line: Line,
        *,
        decoder: Decoder,
        address: str,
        agent: str,
        connects: TokenBucket | None,
        opened_at: float,
    ) -> None:
        self.id, self.line, self.decoder, self.address, self.agent = id, line, decoder, address, agent
        self.connects, self.opened_at = connects, opened_at
        self.peers: dict[str, Peer] = {}
        self.inboxes: dict[str, Inbox] = {}
        self.refusals, self.waits = 0, 0
        self.overdue = self.leaving = False


class Peer:
    """What the engine knows of a client.

    held: what it is told before it is connected, None from then on. admitted: the application has let it in. ignored:
    the server closed it, what it said before counts no more. calls: who waits for its acks, by id.
    """

    __slots__ = ("admitted", "calls", "client", "connection", "held", "ignored", "rooms", "space")

    def __init__(self, client: Client, connection: Connection, space: "Space") -> None:
        self.client, self.connection, self.space = client, connection, space
        self.held: list[Message] | None = []
        self.admitted = self.ignored = False
        self.rooms: tuple[str, ...] = ()
        self.calls: dict[int, asyncio.Future[Any]] | None = None
