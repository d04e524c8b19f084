"""Events on their way out of the use cases."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from itertools import groupby

import orjson

from domain.admin.broadcasts import Announcer
from domain.core import trace
from domain.core.clock import Clock
from domain.core.events import Outgoing, Reviews
from domain.core.events import Publisher as PublisherPort
from domain.core.ids import UserId, new_id
from domain.core.streams import Delivery, Receiver, StreamLog
from realtime import packet
from realtime.auth import Kick

Listener = Callable[[Sequence[Outgoing]], Awaitable[None]]
"""Is called with events after they were published; they may have been before."""


class StreamPublisher(PublisherPort, Reviews, Announcer):
    """Puts events on their streams.

    Durable ones reach the clients of this process by their stream too: a short cut would break the order. Transient
    ones take it, and so are heard here while the carrier of the streams is away.
    """

    def __init__(self, streams: StreamLog, clock: Clock) -> None:
        self._streams, self._clock = streams, clock
        self._here: Receiver | None = None
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Lets a use case know what others publish here. It must be done soon, for publishing waits for it."""
        self._listeners.append(listener)

    def attach(self, here: Receiver) -> None:
        """This process has clients: they hear through `here`."""
        self._here = here

    async def publish(self, *events: Outgoing, again: bool = False) -> None:
        by_stream = groupby(sorted(events, key=_stream), key=_stream)
        lines = [self._publish_in_order(list(line), again) for _, line in by_stream]
        if len(lines) == 1:
            await lines[0]
        else:
            for outcome in await asyncio.gather(*lines, return_exceptions=True):
                if outcome is not None:
                    raise outcome
        for listener in self._listeners:
            await listener(events)

    async def review(self, *streams: str) -> None:
        await asyncio.gather(*(self._streams.notify(stream, packet.review()) for stream in streams))

    async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
        await self._streams.control(orjson.dumps(asdict(Kick(new_id(), user, session, reason))))

    async def announce(self, id: str, title: str, body: str) -> None:
        await self._streams.control(orjson.dumps({"announcement": {"id": id, "title": title, "body": body}}))

    async def _publish_in_order(self, events: Sequence[Outgoing], again: bool) -> None:
        for event in events:
            if event.durable:
                await self._append(event, again)
            else:
                self.cast(event.stream, event.name, orjson.dumps(event.data))

    async def _append(self, event: Outgoing, again: bool) -> None:
        encoded = packet.durable(event, trace.parent())
        position = await self._streams.append(event.stream, encoded, id=event.id, again=again)
        if event.join:  # an instance of theirs may not follow the stream yet
            note = packet.notice(event.stream, position, encoded)
            own_streams = [packet.own_stream(event.stream, user) for user in event.join]
            await asyncio.gather(*(self._streams.notify(own, note) for own in own_streams))

    def cast(self, stream: str, name: str, data: bytes) -> None:
        """Sends a transient event, whose data is JSON already, at once: it is worth no waiting and no retry."""
        encoded = packet.transient(stream, name, data, time.time_ns() // 1_000_000)
        if self._here:
            self._here.deliver(Delivery(stream, None, encoded))
        self._streams.cast(stream, encoded)


def _stream(event: Outgoing) -> str:
    return event.stream
