"""Deadlines stand in their document and in an index that workers poll: never a timer in one process's memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal["accept", "grace", "countdown", "ready", "idle", "result", "schedule", "presence"]


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline that has come, leased to this worker until `leased_until_ms` (Unix milliseconds)."""

    kind: Kind
    id: str
    leased_until_ms: int


class Deadlines(Protocol):
    """An index of moments at which something must be looked at. At least once; the handler makes it one effect."""

    async def set(self, kind: Kind, id: str, at: datetime) -> None:
        """Sets or moves the deadline of one thing."""
        ...

    async def hasten(self, kind: Kind, ids: Sequence[str], at: datetime) -> None:
        """Sets the deadlines of many things, or brings them forward: what is due sooner stays."""
        ...

    async def drop(self, kind: Kind, id: str) -> None:
        """Removes the deadline."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Due]:
        """Leases at most `limit` deadlines that have come: nobody else sees them for 10 s."""
        ...

    async def done(self, *due: Due) -> None:
        """Removes leased deadlines, except those that were set anew meanwhile."""
        ...
