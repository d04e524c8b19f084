"""Server events: what clients are told, on which stream, and how an event survives a crash before it is sent.

A use case writes first and publishes after. The write keeps its events in the document's `unpublished` list, so that a
worker can publish what a crash left there (`Outbox`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, TypeVar

import orjson

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Collection, Database, Spec
from domain.core.errors import Unavailable
from domain.core.ids import UserId, new_id
from domain.core.isolation import Report, isolated
from domain.core.model import Document, Kept, Model, Timestamp

Namespace = Literal["matchmaking", "lobby", "chat", "social", "bench"]

REPUBLISH_AFTER_S = 2.0
"""An event that is still unpublished after this long was left by a crash."""


class Event(Model):
    """Something that happened, in the past tense. `wire_name` is its name for clients; durable ones carry a `seq`."""

    wire_name: ClassVar[str]
    durable: ClassVar[bool] = True


class Outgoing(Kept):
    """An event on its way to a stream.

    join: users whose sockets follow the stream from this event on; leave: users whose sockets stop after it. Carrying
    them with the event keeps membership and order one thing, on every instance; only durable events can.
    """

    id: str
    stream: str
    name: str
    durable: bool
    data: dict[str, Any]
    join: tuple[UserId, ...] = ()
    leave: tuple[UserId, ...] = ()


class Publisher(Protocol):
    """Sends events to the sockets that follow their streams, on every instance."""

    async def publish(self, *events: Outgoing, again: bool = False) -> None:
        """Returns when the events are handed over, those of one stream in their order.

        again: they may have been published before; one that was keeps its place. Raises `errors.Unavailable` when
        they cannot be handed over; some may be out all the same.
        """
        ...

    async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
        """Closes the user's connections everywhere (those of one session, if given), telling them `kicked {reason}`."""
        ...


class Reviews(Protocol):
    """Has sockets look anew at what they may follow, on every instance."""

    async def review(self, *streams: str) -> None:
        """The sockets that follow one of the streams read anew what they may follow, if they have asked for any stream.

        Raises `errors.Unavailable`.
        """
        ...


def user_stream(namespace: Namespace, user: UserId) -> str:
    """The stream of one user in one namespace."""
    return f"{namespace}:user:{user}"


def to(
    stream: str, event: Event, *, id: str | None = None, join: Sequence[UserId] = (), leave: Sequence[UserId] = ()
) -> Outgoing:
    """`event` addressed to `stream`. id: given where the same event may be made again; else a new one."""
    return Outgoing(
        id=id or new_id(),
        stream=stream,
        name=event.wire_name,
        durable=event.durable,
        data=event.wire(),
        join=tuple(join),
        leave=tuple(leave),
    )


class WithEvents(Document):
    """A document whose writes carry events. `unpublished` holds them as JSON until they are sent."""

    unpublished: tuple[str, ...] = ()
    unpublished_at: Timestamp | None = None


E = TypeVar("E", bound=WithEvents)


def carry(document: E, events: Sequence[Outgoing], now: datetime) -> E:
    """The document with `events` waiting in it, for a `Replace` or an `Insert`."""
    if not events:
        return document
    return document.changed(unpublished=(*document.unpublished, *map(packed, events)), unpublished_at=now)


def carrying(events: Sequence[Outgoing], now: datetime, **fields: Any) -> Changes:
    """The changes that set `fields` and leave `events` waiting in a document, for an `Update`."""
    return {
        "$addToSet": {"unpublished": [packed(event) for event in events]},
        "$set": {**fields, "unpublished_at": now},
        "$inc": {"version": 1},
    }


def packed(event: Outgoing) -> str:
    """An event as it waits in `unpublished`."""
    return orjson.dumps(event.model_dump(mode="json")).decode()


class Outbox:
    """Publishes the events that wait in a document, then clears them. Doing it twice is harmless to clients."""

    def __init__(self, database: Database, publisher: Publisher, clock: Clock) -> None:
        self._database, self._publisher, self._clock = database, publisher, clock

    async def flush(self, spec: Spec[E], document: E) -> None:
        """Publishes what waits in `document` (as it was written) and takes it off the stored one.

        When the events cannot be published now, the write stands all the same and `sweep` publishes them later.
        """
        if not document.unpublished:
            return
        events = [Outgoing.model_validate_json(event) for event in document.unpublished]
        try:
            # Writers that follow closely find each other's events in the document, and each publishes them all.
            await self._publisher.publish(*events, again=True)
        except Unavailable:
            return
        collection = self._database.collection(spec)
        taken: Changes = {"$pull": {"unpublished": list(document.unpublished)}}
        cleared: Changes = {**taken, "$unset": {"unpublished_at": True}}
        # A writer that came in between has raised the version: its events are its own to clear.
        if await collection.update(document.id, cleared, expect={"version": document.version}) is None:
            await collection.update(document.id, taken)

    async def sweep(self, spec: Spec[E], report: Report, limit: int = 200) -> None:
        """Publishes what crashes left behind in one collection; tells `report` of what it cannot."""
        before = self._clock.now() - seconds(REPUBLISH_AFTER_S)
        for document in await self._database.collection(spec).find({"unpublished_at": {"$lt": before}}, limit=limit):
            await isolated(report, f"unpublished events of {spec.name} {document.id}", self._sweep(spec, document.id))

    async def _sweep(self, spec: Spec[E], id: str) -> None:
        collection: Collection[E] = self._database.collection(spec)
        document = await collection.get(id)  # again: its own process may have published it meanwhile
        if document is None or document.unpublished_at is None:
            return
        if document.unpublished:
            await self.flush(spec, document)
        else:
            await collection.update(id, {"$unset": {"unpublished_at": True}}, expect={"version": document.version})
