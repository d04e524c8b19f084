"""What the server tells a client in every namespace, and the `meta` of every event."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from domain.core.events import Event
from domain.core.model import Model, Timestamp
from domain.core.streams import Position

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_ms(unix_ms: int) -> datetime:
    """The moment so many milliseconds after 1970."""
    return EPOCH + timedelta(milliseconds=unix_ms)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


class StreamPosition(Model):
    """A place in a stream: the client knows everything up to its `seq`-th durable event, of the moment `at`."""

    epoch: str
    seq: int
    at: Timestamp

    @classmethod
    def of(cls, position: Position) -> "StreamPosition":
        """The position as clients see it."""
        return cls(epoch=position.epoch, seq=position.seq, at=from_ms(position.at))


class Meta(Model):
    """With every event. Transient ones have no `seq` and `epoch`; those about the connection no `stream` either."""

    stream: str | None = None
    seq: int | None = None
    epoch: str | None = None
    at: Timestamp


class ConnectionEvent(Event):
    """An event about the connection itself: it belongs to no stream."""

    durable = False

    def arguments(self, at: datetime) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Name, data and meta, as they are emitted."""
        return self.wire_name, self.wire(), Meta(at=at).wire()


class Hello(ConnectionEvent):
    """The first event after CONNECT: the streams the client follows from here on, and where each stands.

    A client that was here before sends `resume` with the places it knows, or fetches the snapshots. `hello` comes again
    when this server has lost events: a stream whose `seq` or `epoch` is not the client's has moved on unseen, and the
    client fetches the snapshot anew. pingMs: between two heartbeats.
    """

    wire_name: ClassVar[str] = "hello"

    streams: dict[str, StreamPosition]
    server_time: Timestamp
    ping_ms: int


class SessionExpiring(ConnectionEvent):
    """The access token expires in `inMs`: send `renew` with a new one, or the connection is closed."""

    wire_name: ClassVar[str] = "session_expiring"

    in_ms: int


class RateLimitWarning(ConnectionEvent):
    """Events are being refused as too many: wait `retryInMs`. Who goes on is kicked with `rate_limited`."""

    wire_name: ClassVar[str] = "rate_limited"

    retry_in_ms: int


class Kicked(ConnectionEvent):
    """The server closes the connection. reason: token_expired, logged_out, banned and the like."""

    wire_name: ClassVar[str] = "kicked"

    reason: str


class ServerDraining(ConnectionEvent):
    """The server is about to stop: make the connection anew after `reconnectInMs`, and `resume` there.

    The time differs from connection to connection, so that those who come back are not all there at once. Who has not
    left soon after it is disconnected.
    """

    wire_name: ClassVar[str] = "server_draining"

    reconnect_in_ms: int


class Announcement(ConnectionEvent):
    """The operators have something to say to everybody who is connected. It comes in every namespace a client is in,
    and may come twice, with the same `id`; who is not connected never hears of it."""

    wire_name: ClassVar[str] = "announcement"

    id: str
    title: str
    body: str
