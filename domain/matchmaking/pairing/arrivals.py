"""Arrivals: how busy a pool is, which decides how fast its tickets relax. Pure."""

from datetime import datetime

from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.pairing.columns import Array, Columns, microseconds
from domain.matchmaking.sizes import most_sizes

REMEMBERED = 30_000_000
"""For how many microseconds an arrival counts."""

PACE = 10_000_000
"""A pool in which a match's worth of players arrives in so many microseconds is just not busy."""

BUSY = 2
"""Groups are put off only in a pool in which so many matches' worth of players came while it is remembered."""


class Arrivals:
    """Who came of late, by the moment they began to wait; who waits again did not come again."""

    def __init__(self, mode: Mode) -> None:
        self._slowest, self._hold_s = mode.matching.slowest, mode.matching.hold_s
        self._match = most_sizes(mode).max
        self._recent: dict[TicketId, tuple[int, int]] = {}
        self._since = 0
        self._known: tuple[int, int] | None = None

    def add(self, columns: Columns, rows: Array) -> None:
        """The tickets of these rows wait, since now or for longer."""
        queued, size = columns.column["queued"][rows], columns.column["size"][rows]
        late = (queued > max(self._since, queued.max(initial=0) - REMEMBERED)) & ~columns.column["opening"][rows]
        for row, moment, players in zip(rows[late].tolist(), queued[late].tolist(), size[late].tolist(), strict=True):
            self._recent[columns.entry(row).ticket_id] = moment, players
        self._known = None

    def hold_s(self, now: datetime) -> float:
        """For how long groups are put off now: not at all in a quiet pool, in which waiting brings nobody."""
        return self._hold_s if self._players(now) >= BUSY * self._match else 0.0

    def stretch(self, now: datetime) -> float:
        """How many times slower than by its steps a ticket relaxes: 1 in a quiet pool, more in a busy one.

        It grows with the matches' worth of players that arrive in `PACE`: where the next match is near, it is worth
        to wait for a better one.
        """
        pace = self._players(now) / self._match * PACE / REMEMBERED
        return min(self._slowest, max(1.0, pace))

    def _players(self, now: datetime) -> int:
        """How many came of late."""
        until = microseconds(now)
        if self._known and self._known[0] == until:
            return self._known[1]
        if until - REMEMBERED > self._since:
            self._since = until - REMEMBERED
            self._recent = {id: seen for id, seen in self._recent.items() if seen[0] > self._since}
        players = sum(size for queued, size in self._recent.values() if queued <= until)
        self._known = until, players
        return players
