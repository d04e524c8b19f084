"""What a client that was away for a while asks for, and what it is answered."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.core.model import Command, Model, Timestamp
from domain.core.streams import Position
from realtime.events import EPOCH, from_ms, to_ms

MAX_STREAMS = 200
STREAMS_PER_TOKEN = 10


class Place(Command):
    """A place in a stream, as `hello` or the `meta` of an event told it."""

    epoch: str = Field(max_length=64)
    seq: int = Field(ge=0, le=2**53)
    at: Annotated[AwareDatetime, Field(strict=False, ge=EPOCH)]

    def position(self) -> Position:
        """As the log knows it."""
        return Position(self.epoch, self.seq, to_ms(self.at))


class Resume(Command):
    """The last place the client knows of each stream."""

    streams: dict[Annotated[str, Field(max_length=200)], Place] = Field(max_length=MAX_STREAMS)

    @property
    def extra_cost(self) -> int:
        """Tokens of the rate limits, beyond the first."""
        return len(self.streams) // STREAMS_PER_TOKEN


class Recovery(Model):
    """How a stream was resumed, and where the client stands in it now.

    Recovered: every event between was sent before this ack. Otherwise some are gone, and the client fetches the
    snapshot; without a place it does not follow the stream.
    """

    recovered: bool
    epoch: str | None = None
    seq: int | None = None
    at: Timestamp | None = None

    @classmethod
    def of(cls, recovered: bool, position: Position) -> "Recovery":
        """The answer for a stream the client follows."""
        return cls(recovered=recovered, epoch=position.epoch, seq=position.seq, at=from_ms(position.at))
