"""Streams as instances see them: packets in one order, and for durable ones a position in their stream."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream: after its `seq`-th durable event, of the moment `at` (Unix milliseconds).

    `seq` counts from 1 within an `epoch`; 0 is the start. A stream whose head was lost starts a new epoch.
    """

    epoch: str
    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A published packet. A transient one has no `position`, one of control has no `stream` either."""

    stream: str | None
    position: Position | None
    packet: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """The subscription was interrupted and is live again: what was published in between is missing."""


class StreamLog(Protocol):
    """Numbers the durable packets of each stream and carries all packets to every instance, in one order.

    Every awaited call raises `errors.Unavailable` when the packets' carrier does not answer in time.
    """

    async def append(self, stream: str, packet: bytes, *, durable: bool) -> Position | None:
        """Publishes a packet; a durable one takes the next place in its stream, which is returned.

        At least once: after `Unavailable`, or a retry below, the packet may have been published, even twice.
        """
        ...

    async def control(self, packet: bytes) -> None:
        """Publishes a packet for the instances themselves, in order with the streams'."""
        ...

    async def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        """The last place of each stream; a stream without a head starts a new epoch at 0."""
        ...

    def listen(self) -> AsyncIterator[Delivery | Gap]:
        """Everything published from the subscription on, in order, for one consumer.

        Reconnects by itself, and then yields `Gap` before anything else.
        """
        ...

    async def ready(self) -> None:
        """Returns when the subscription of `listen` is live."""
        ...
