"""A document with a field of every kind, for the tests of both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from domain.core.collection import Spec
from domain.core.model import Command, Document, Model, Timestamp

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


class Part(Model):
    """A nested model."""

    name: str
    note: str | None = None


class Wish(Command):
    """A nested model that is strict about types and names when it comes from the wire."""

    game_id: str
    sizes: tuple[int, ...] = ()


class Thing(Document):
    """Unique by `name`, by `owner` and `slot` where it has both, and by `room` and `place` where it has a room."""

    name: str
    kind: Literal["a", "b"] = "a"
    owner: str | None = None
    slot: int | None = None
    room: str | None = None
    place: int = 0
    rank: int = 0
    score: float = 0.0
    is_open: bool = False
    at: Timestamp = START
    due: Timestamp | None = None
    tags: tuple[str, ...] = ()
    numbers: list[int] | None = None
    moments: tuple[Timestamp, ...] = ()
    parts: tuple[Part, ...] = ()
    wish: Wish | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    expires_at: Timestamp | None = None


class Note(Document):
    """A second collection, without keys."""

    text: str = ""


THINGS = Spec(
    "things",
    Thing,
    unique=(("name",), ("owner", "slot"), ("room", "place")),
    indexes=(("kind", "rank"), ("score",), ("is_open", "at"), ("due",), ("tags",), ("numbers", "kind"), ("moments",)),
    expires="expires_at",
)
NOTES = Spec("notes", Note)
SPECS = (THINGS, NOTES)


def a_thing(id: str, **fields: Any) -> Thing:
    """A thing, named like its id unless told otherwise."""
    return Thing(**{"id": id, "name": f"name of {id}", **fields})


def moment(seconds: float) -> datetime:
    """`seconds` after the start."""
    return START + timedelta(seconds=seconds)


def ids(things: Sequence[Thing]) -> list[str]:
    """Their ids, in order."""
    return [thing.id for thing in things]
