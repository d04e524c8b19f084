"""Clients, and what stands behind their namespaces."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engineio import packet

from realtime.engine.inbox import Inbox
from realtime.limits import TokenBucket

First = tuple[str, *tuple[Any, ...]]
"""An event's name and its arguments."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client in one namespace.

    sid: its id, never used again. connection: the id of the Engine.IO connection, which its other namespaces share.
    """

    sid: str
    namespace: str
    connection: str


class Application(Protocol):
    """What stands behind a namespace. The calls for one client come in this order and never overlap."""

    async def connect(self, client: Client, auth: Any) -> First:
        """Lets the client in and returns the event it gets first; raises `AppError` to refuse."""
        ...

    async def event(self, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        """Handles an event and returns its ack."""
        ...

    async def disconnect(self, client: Client, reason: str) -> None:
        """The client, which was let in, is gone."""
        ...


@dataclass(slots=True, eq=False)
class Peer:
    """What the engine knows of a client.

    held: what it is told before it is connected, None from then on. admitted: the application has let it in. ignored:
    the server closed it, what it said before counts no more.
    """

    client: Client
    held: list[packet.Packet] | None = field(default_factory=list)
    admitted: bool = False
    ignored: bool = False


@dataclass(slots=True, eq=False)
class Connection:
    """An Engine.IO connection: its clients and inboxes by namespace. connects: limits its CONNECTs.

    refusals: how many things in a row it was refused. idle: closes it unless it is in a namespace soon.
    """

    id: str
    peers: dict[str, Peer] = field(default_factory=dict)
    inboxes: dict[str, Inbox] = field(default_factory=dict)
    refusals: int = 0
    idle: asyncio.TimerHandle | None = None
    overdue: bool = False
    connects: tuple[TokenBucket, ...] = ()
