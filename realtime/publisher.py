"""Events on their way through the streams: out of the use cases, and in to the clients of this process."""

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

import orjson
from loguru import logger

from domain.core.clock import Clock
from domain.core.events import Outgoing
from domain.core.events import Publisher as PublisherPort
from domain.core.ids import UserId, new_id
from domain.core.streams import Delivery, Gap, StreamLog
from realtime.auth import Kick, Sessions
from realtime.engine import Engine
from realtime.events import Meta, from_ms
from realtime.follows import Follows, namespace_of
from realtime.gateway import Gateway

REMEMBERED = 20_000
"""Events that are known by their ids, in case they are published again."""


class StreamPublisher(PublisherPort):
    """Puts events on their streams. Local clients get them from there too: a short cut would break the order."""

    def __init__(self, streams: StreamLog, clock: Clock) -> None:
        self._streams, self._clock = streams, clock

    async def publish(self, *events: Outgoing) -> None:
        for event in events:
            await self._streams.append(event.stream, self._packet(event), durable=event.durable)

    async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
        await self._streams.control(orjson.dumps(asdict(Kick(new_id(), user, session, reason))))

    def _packet(self, event: Outgoing) -> bytes:
        packet: dict[str, Any] = {"id": event.id, "name": event.name, "data": event.data}
        if not event.durable:
            packet["at"] = int(self._clock.now().timestamp() * 1000)
        if event.join or event.leave:
            packet |= {"join": event.join, "leave": event.leave}
        return orjson.dumps(packet)


class Fanout:
    """Hands what the streams deliver to the clients of this process. Without it they are deaf: it is essential."""

    def __init__(
        self, streams: StreamLog, engine: Engine, follows: Follows, sessions: Sessions, gateway: Gateway
    ) -> None:
        self._streams, self._engine, self._follows = streams, engine, follows
        self._sessions, self._gateway = sessions, gateway
        self._missed = asyncio.Event()
        self._delivered: OrderedDict[str, None] = OrderedDict()

    async def run(self) -> None:
        """Delivers for ever; an end of it is the end of the process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver_all())
            tasks.create_task(self._make_up())

    async def _deliver_all(self) -> None:
        async with aclosing(self._streams.listen()) as deliveries:  # type: ignore[type-var]
            async for delivery in deliveries:
                if isinstance(delivery, Gap):
                    logger.warning("events were missed; every client is greeted again")
                    self._missed.set()
                    continue
                try:
                    self._deliver(delivery)
                except Exception:  # one packet nobody understands must not take every process down
                    logger.exception("a packet of {} could not be delivered", delivery.stream)
        raise RuntimeError("the streams ended")

    async def _make_up(self) -> None:
        while True:
            await self._missed.wait()
            self._missed.clear()
            await self._gateway.greet_again()

    def _deliver(self, delivery: Delivery) -> None:
        packet = orjson.loads(delivery.packet)
        if delivery.stream is None:
            self._sessions.kick(Kick(**packet))
            return
        if not self._is_news(packet["id"]):
            return
        for user in packet.get("join", ()):
            self._follows.join(user, delivery.stream)
        name, data, meta = packet["name"], packet["data"], self._meta(delivery, packet)
        self._engine.emit(namespace_of(delivery.stream), delivery.stream, name, data, meta)
        for user in packet.get("leave", ()):
            self._follows.leave(user, delivery.stream)

    def _is_news(self, id: str) -> bool:
        """Whether the event was not delivered yet. One published again comes late, and its joins may be outdated."""
        if id in self._delivered:
            return False
        self._delivered[id] = None
        if len(self._delivered) > REMEMBERED:
            self._delivered.popitem(last=False)
        return True

    @staticmethod
    def _meta(delivery: Delivery, packet: dict[str, Any]) -> dict[str, Any]:
        place = delivery.position
        if place is None:
            return Meta(stream=delivery.stream, at=from_ms(packet["at"])).wire()
        return Meta(stream=delivery.stream, seq=place.seq, epoch=place.epoch, at=from_ms(place.at)).wire()
