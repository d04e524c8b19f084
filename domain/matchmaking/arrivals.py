"""Arrivals: how busy a pool is, which decides how fast its tickets relax. Pure."""

from collections.abc import Iterable
from datetime import datetime

from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.columns import microseconds
from domain.matchmaking.compatibility import UNDEFINED_SIZE
from domain.matchmaking.pool import PoolEntry

REMEMBERED_S = 30
"""For how long an arrival counts."""

PACE_S = 10
"""A pool in which a match's worth of players arrives in so many seconds is just not busy."""


class Arrivals:
    """Who came of late, by the moment they began to wait; who waits again did not come again."""

    def __init__(self, mode: Mode) -> None:
        self._slowest = mode.matching.slowest
        if mode.teams:
            self._match = mode.teams.count * mode.teams.size
        else:
            self._match = mode.group_size.max if mode.group_size else UNDEFINED_SIZE[1]
        self._recent: dict[TicketId, tuple[int, int]] = {}
        self._since = 0

    def add(self, entries: Iterable[PoolEntry]) -> None:
        """Tickets wait."""
        for entry in entries:
            queued = microseconds(entry.queued_at)
            if queued > self._since and entry.opening is None:
                self._recent[entry.ticket_id] = queued, len(entry.players)

    def stretch(self, now: datetime) -> float:
        """How many times slower than by its steps a ticket relaxes: 1 in a quiet pool, more in a busy one.

        It grows with the matches' worth of players that arrive in `PACE_S`: where the next match is near, it is worth
        to wait for a better one.
        """
        until = microseconds(now)
        if until - REMEMBERED_S * 1_000_000 > self._since:
            self._since = until - REMEMBERED_S * 1_000_000
            self._recent = {id: seen for id, seen in self._recent.items() if seen[0] > self._since}
        players = sum(size for queued, size in self._recent.values() if queued <= until)
        pace = players / self._match * PACE_S / REMEMBERED_S
        return min(self._slowest, max(1.0, pace))
