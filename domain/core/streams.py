"""Streams as instances see them: packets in one order, and for durable ones a position and a place in the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream: after its `seq`-th durable event, of the moment `at` (Unix milliseconds).

    `seq` counts from 1 within an `epoch`; 0 is the start. A stream whose head was lost starts a new epoch.
    """

    epoch: str
    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A durable packet in a stream's log, and its position."""

    position: Position
    packet: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A published packet. One of control has no `stream`; a transient one and a notice have no `position`."""

    stream: str | None
    position: Position | None
    packet: bytes


class Receiver(Protocol):
    """Takes what the log carries to this instance. Called from the event loop: must neither block nor raise."""

    def deliver(self, delivery: Delivery) -> None:
        """A packet of a followed stream, or one of control."""
        ...

    def interrupted(self) -> None:
        """The subscription is lost: what is published from now on may be missed."""
        ...

    def resumed(self) -> None:
        """Every followed stream is subscribed again, confirmed: the time to compare the heads."""
        ...


class StreamLog(Protocol):
    """Numbers and keeps the durable packets of each stream, and carries packets to the instances that follow it.

    The packets of one stream arrive in the order of their positions, but after an interruption some may be missing.
    Every awaited call raises `errors.Unavailable` when the carrier does not answer in time.
    """

    async def append(self, stream: str, packet: bytes, *, id: str, again: bool = False) -> Position:
        """Logs and publishes a durable packet as the next of its stream, and returns its place.

        `id` is the event's. `again` says that it may be in the log already, from an earlier call: it is then
        published again at the place it has, and nothing new is numbered. After `Unavailable` it may be in the log.
        """
        ...

    async def notify(self, stream: str, packet: bytes) -> None:
        """Publishes a packet to a stream's followers without a place in it."""
        ...

    def cast(self, stream: str, packet: bytes) -> None:
        """Publishes a transient packet to the stream's followers on the *other* instances.

        Not awaited, and dropped while the carrier is away.
        """
        ...

    async def control(self, packet: bytes) -> None:
        """Publishes a packet for the instances themselves, to all of them."""
        ...

    async def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        """The last place of each stream; a stream without a head starts a new epoch at 0."""
        ...

    async def read(self, stream: str, after: Position, limit: int) -> Sequence[Entry] | None:
        """The durable packets right behind `after`, in order, at most `limit`; empty when `after` is the head.

        None when they cannot all be had: they were trimmed, or `after` is no place of this stream (another epoch,
        another `at`, beyond the head). At `seq` 0 no `at` is compared.
        """
        ...

    async def follow(self, streams: Iterable[str]) -> None:
        """Returns when what is published to each of these streams from then on reaches this instance."""
        ...

    def unfollow(self, streams: Iterable[str]) -> None:
        """Takes these streams' packets from this instance, at once."""
        ...

    async def run(self, receiver: Receiver) -> NoReturn:
        """Holds the subscription and hands what arrives to the receiver, its only one; reconnects by itself."""
        ...

    async def ready(self) -> None:
        """Returns when the subscription of `run` is live."""
        ...
