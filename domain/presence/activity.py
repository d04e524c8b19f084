"""How many different users are active. A port, and what operators see of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Active:
    """How many different users there were in the last 5 minutes and 24 hours, within 1 % or so."""

    five_minutes: int
    day: int


class Activity(Protocol):
    """Remembers for a day who was active when. Each call raises `errors.Unavailable`."""

    async def seen(self, users: Collection[str], now: datetime) -> None:
        """These users are active now."""
        ...

    async def count(self, now: datetime) -> Active:
        """How many were, of all instances."""
        ...


class ActivityMetrics:
    """Is told how many users are active. This one drops what it is told."""

    def counted(self, active: Active) -> None:
        """So many users of all instances are."""

    def uncounted(self) -> None:
        """Another worker counts from now on."""
