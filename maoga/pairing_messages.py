"""What is said between a worker and the child that pairs its large pools."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from domain.core.ids import GameId, TicketId
from domain.core.model import Kept
from domain.games.model import Mode
from domain.matchmaking.pairing.matcher import Explanation, Group
from domain.matchmaking.pool import PoolEntry

LENGTH_BYTES = 4


class _OfPool(Kept):
    """pool: a number that the parent has given it. call: what the answers to this are marked with."""

    pool: int
    call: int = 0


class Open(_OfPool):
    """A new, empty pool; no answer."""

    do: Literal["open"] = "open"
    game_id: GameId
    mode: Mode


class Apply(_OfPool):
    """Tickets wait, or wait no more; no answer."""

    do: Literal["apply"] = "apply"
    entries: tuple[PoolEntry, ...]
    gone: tuple[TicketId, ...]


class Free(_OfPool):
    """Tickets of groups that came to nothing wait again; no answer."""

    do: Literal["free"] = "free"
    tickets: tuple[TicketId, ...]


class Groups(_OfPool):
    """Which groups can be formed? Answered some at a time."""

    do: Literal["groups"] = "groups"
    now: datetime


class Explain(_OfPool):
    """Why do tickets wait?"""

    do: Literal["explain"] = "explain"
    tickets: tuple[TicketId, ...]
    now: datetime


class Close(_OfPool):
    """The pool is needed no more; no answer."""

    do: Literal["close"] = "close"


Request = Open | Apply | Free | Groups | Explain | Close
REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])


class Answer(Kept):
    """A part of the answer to a call. failed: the pool has come to grief, and is forgotten."""

    call: int
    groups: tuple[Group, ...] = ()
    explained: dict[TicketId, Explanation] = Field(default_factory=dict)
    stretch: float = 1.0
    last: bool = True
    failed: bool = False


def framed(message: Kept) -> bytes:
    """The message as it is sent."""
    body = message.model_dump_json(by_alias=True).encode()
    return len(body).to_bytes(LENGTH_BYTES) + body


def length_of(head: bytes) -> int:
    """How long the message is whose frame begins so."""
    return int.from_bytes(head)
