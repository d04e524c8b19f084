"""From the streams to the clients of this process."""

import time
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import orjson

from domain.core.ids import UserId
from domain.core.streams import Entry
from domain.core.trace import Span, span
from realtime import packet
from realtime.auth import Kick, Sessions
from realtime.engine import Engine
from realtime.events import Announcement
from realtime.follows import Follows
from realtime.greeter import Greeter
from realtime.hub import Audience
from realtime.packet import namespace_of


class Fanout(Audience):
    """Hands what the hub delivers to the clients of this process."""

    def __init__(self, engine: Engine, follows: Follows, sessions: Sessions, greeter: Greeter) -> None:
        self._engine, self._follows = engine, follows
        self._sessions, self._greeter = sessions, greeter

    def durable(self, stream: str, entry: Entry) -> None:
        self._engine.metrics.delivered_late(time.time() - entry.position.at / 1000)
        header, body = packet.opened(entry.packet)
        with _span(stream, body, header.trace) if header.trace else nullcontext():
            for user in header.join:
                self._follows.join(user, stream)
            self._broadcast(stream, body, packet.durable_payload(stream, entry.position, body))
            for user in header.leave:
                self._follows.leave(user, stream)

    def other(self, stream: str | None, message: bytes) -> None:
        if stream is None:
            self._heed(orjson.loads(message))
            return
        header, body = packet.opened(message)
        if header.invitation:
            user = UserId(stream.rpartition(":")[2])
            self._follows.invite(user, header.invitation)
        elif header.review:
            self._follows.review(self._engine.members(namespace_of(stream), stream))
        else:
            self._broadcast(stream, body, packet.transient_payload(body))

    def _heed(self, control: dict[str, Any]) -> None:
        """What is for every instance: something to say to everybody, or somebody to send away."""
        if said := control.get("announcement"):
            self._engine.emit_everywhere(*Announcement(**said).arguments(datetime.now(UTC)))
        else:
            self._sessions.kick(Kick(**control))

    def lost(self, stream: str) -> None:
        self._greeter.greet(self._engine.members(namespace_of(stream), stream))

    def missed(self) -> None:
        self._greeter.check_everybody()
        self._greeter.greet(self._follows.wishers())  # what they have asked for is transient, and nobody repeats it

    def occupied(self, stream: str) -> bool:
        return bool(self._engine.members(namespace_of(stream), stream))

    def _broadcast(self, stream: str, body: bytes, payload: bytes) -> None:
        namespace = namespace_of(stream)
        clients = self._engine.broadcast(namespace, stream, packet.name_of(body), payload)
        self._engine.metrics.fanned_out(namespace, clients)


def _span(stream: str, body: bytes, parent: str) -> Span:
    """The delivery of an event here, as a span of the trace to which its publication belongs."""
    name, namespace = packet.name_of(body), namespace_of(stream)
    attributes = {
        "messaging.operation.type": "process",
        "messaging.operation.name": "deliver",
        "messaging.destination.template": namespace,
        "maoga.event": name,
    }
    return span(f"deliver /{namespace} {name}", "consumer", attributes, parent)
