"""The matcher: the tickets of one pool in memory, who of them may play together, and what keeps the others. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np

from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.pairing.arrivals import Arrivals
from domain.matchmaking.pairing.candidates import candidates
from domain.matchmaking.pairing.columns import Columns, microseconds
from domain.matchmaking.pairing.explaining import Explanation, Sample, explanations
from domain.matchmaking.pairing.forming import Forming
from domain.matchmaking.pairing.futile import Futile
from domain.matchmaking.pairing.groups import Group
from domain.matchmaking.pairing.outlooks import Outlooks
from domain.matchmaking.pairing.relaxation import Schedule
from domain.matchmaking.pairing.rosters import Rosters
from domain.matchmaking.pool import PoolEntry, PoolKey
from domain.matchmaking.sizes import most_sizes

__all__ = ["Explanation", "Group", "Matcher"]


class Matcher:
    """The pool of one game and mode. What it returns depends on nothing but what it was told, and the seed."""

    def __init__(self, key: PoolKey, mode: Mode, *, seed: int = 0) -> None:
        self._mode = mode
        self._columns = Columns(key, mode)
        self._schedule = Schedule(mode.matching)
        self._rosters = Rosters(key, self._columns, mode, self._schedule)
        self._arrivals = Arrivals(mode)
        self._outlooks = Outlooks(self._columns, most_sizes(mode).max)
        self._futile = Futile(self._columns, self._schedule)
        self._sample = Sample(self._columns, seed)

    def __len__(self) -> int:
        """How many tickets wait."""
        return int(self._columns.free.sum())

    def stretch(self, now: datetime) -> float:
        """How many times slower than at best tickets relax now."""
        return self._arrivals.stretch(now)

    def put(self, entries: Iterable[PoolEntry]) -> None:
        """Tickets wait, or wait again, as they are now."""
        rows = self._columns.put(entries)
        self._arrivals.add(self._columns, rows)
        self._outlooks.add(rows)

    def drop(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets wait no more."""
        self._columns.drop(ticket_ids)

    def free(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets of a group that came to nothing wait again, unless they were dropped meanwhile."""
        rows = [row for ticket_id in ticket_ids if (row := self._columns.rows.get(ticket_id)) is not None]
        self._columns.free[rows] = True

    def queued_before(self, moment: datetime) -> list[TicketId]:
        """The tickets that wait since `moment` or longer."""
        early = np.flatnonzero(self._columns.column["queued"] <= microseconds(moment)).tolist()
        entries = self._columns.entries
        return [entry.ticket_id for row in early if row < len(entries) and (entry := entries[row]) is not None]

    def groups(self, now: datetime) -> Iterator[Group | None]:
        """The groups that can be formed now. Their tickets are taken: in no other group until `put` or `free`.

        None comes between them as a breathing space, after at most some 10 ms of work.
        """
        self._columns.tidy()
        column = self._columns.column
        rows = np.flatnonzero(self._columns.free & (column["high"] > 0))
        rows = rows[np.lexsort((column["digest"][rows], column["queued"][rows]))]
        stretch = self.stretch(now)
        hold_s = self._arrivals.hold_s(now)
        pool = candidates(
            self._columns,
            rows,
            self._mode,
            self._schedule,
            now=microseconds(now),
            stretch=stretch,
            hold_s=hold_s,
            shares=self._outlooks.shares(rows, microseconds(now)) if hold_s else 0.0,
        )
        yield None
        if not len(pool):
            return
        self._futile.begin(pool, stretch)
        yield from Forming(
            self._columns,
            self._mode,
            self._schedule,
            rosters=self._rosters,
            futile=self._futile,
            pool=pool,
            now=microseconds(now),
            hold_s=hold_s,
        ).run()

    def explain(self, ticket_ids: Iterable[TicketId], now: datetime) -> dict[TicketId, Explanation]:
        """Why those of the tickets that are here still wait."""
        return explanations(
            self._columns,
            ticket_ids,
            self._mode,
            self._schedule,
            sample=self._sample.rows(),
            now=now,
            stretch=self.stretch(now),
        )
