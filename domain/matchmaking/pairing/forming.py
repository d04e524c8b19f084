"""Forming: one pass over a pool, from its free tickets to groups. Pure.

First an exact search around those who have waited too long, then the best groups of a small pool, or windows of
neighbours by rating, context by context, then an exact search around the oldest of those left over.
"""

from collections.abc import Iterator

import numpy as np

from domain.games.model import Mode
from domain.matchmaking.pairing.anchored import group_around, refusals
from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import Array, Columns
from domain.matchmaking.pairing.contexts import contexts
from domain.matchmaking.pairing.filling import Filling
from domain.matchmaking.pairing.futile import Futile
from domain.matchmaking.pairing.groups import Group
from domain.matchmaking.pairing.legality import Legality
from domain.matchmaking.pairing.pairs import Pairs, sparse_pairs
from domain.matchmaking.pairing.relaxation import Schedule
from domain.matchmaking.pairing.rosters import Rosters
from domain.matchmaking.pairing.search import Problem, search
from domain.matchmaking.pairing.windows import windows

OLDEST, NEXT = 8, 8
"""An exact search is for so many of the oldest tickets and for so many that have gone longest without one."""

WORTH_ANOTHER = 8
"""A context is gone through once more if that gave so many groups, at most `PASSES` times."""

PASSES = 4
SMALL = 64
"""Up to so many tickets are searched for the best groups, more by windows."""

SMALL_LATE = 4
"""In a small pool the best groups leave nobody out without need, so that a ticket goes before them only after so many
times its last step."""

BATCH = 64
"""How many windows become groups between two breathing spaces."""


class Forming:
    """One pass. pool: the candidates, openings included."""

    def __init__(
        self,
        columns: Columns,
        mode: Mode,
        schedule: Schedule,
        *,
        rosters: Rosters,
        futile: Futile,
        pool: Candidates,
        now: int,
        hold_s: float,
    ) -> None:
        self._columns, self._mode, self._schedule, self._rosters = columns, mode, schedule, rosters
        self._futile = futile
        self._pool, self._now = pool, now
        self._blocked, self._avoided = sparse_pairs(columns, pool.row)
        self._hold_s = hold_s
        self._edits = columns.edits
        self._changed = columns.changed[pool.row]
        self._opening = columns.column["opening"][pool.row]

    def run(self) -> Iterator[Group | None]:
        """The groups, each with its tickets taken; None as a breathing space."""
        if not self._futile.fruitless:
            yield from self._filled()
        small = not self._hold_s and int(self._open().sum()) <= SMALL
        last_step = self._schedule.times[-1] if len(self._schedule.times) else 0.0
        late = self._pool.waited >= last_step * (SMALL_LATE if small else 1)
        yield from self._anchored(self._open() & late & (self._pool.elapsed >= self._hold_s))
        if not self._futile.fruitless:
            if int((self._open() & np.isinf(self._pool.pays)).sum()) <= SMALL:
                yield from self._searched()
            if self._hold_s or int(self._open().sum()) > SMALL:
                yield from self._by_windows()
        yield from self._anchored(self._open())
        self._futile.end()

    def _filled(self) -> Iterator[Group | None]:
        """Newcomers for the free places there are, the longest free first."""
        places = np.flatnonzero(self._opening)
        for place in places[np.lexsort((self._pool.digest[places], -self._pool.waited[places]))].tolist():
            row = int(self._pool.row[place])
            if not self._still(np.array([place])):
                continue
            entry = self._columns.entry(row)
            if entry.opening is None:
                continue
            filling = Filling(self._pool, place, entry, entry.opening, self._rosters)
            found = filling.newcomers(np.flatnonzero(self._open()), self._blocked, self._avoided)
            if found is not None:
                newcomers, sides = found
                self._columns.free[self._pool.row[[place, *newcomers]]] = False
                self._futile.found()
                yield self._rosters.joined(self._pool, place, newcomers, sides)
            yield None

    def _searched(self) -> Iterator[Group | None]:
        """The groups of a small pool, near the best there are."""
        for total in self._totals():
            places = np.flatnonzero(self._open() & self._pool.takes(total) & np.isinf(self._pool.pays))
            if self._pool.size[places].sum() < total:
                continue
            among = self._pool.take(places)
            problem = Problem(
                sizes=among.size.tolist(),
                ratings=among.skill.value.tolist(),
                ages=among.elapsed.tolist(),
                compatible=~refusals(among, places, self._blocked),
                totals=frozenset({total}),
                legal=Legality(among, total, self._mode.teams).holds,
                needs=[(count.players > 0, count.low) for count in among.counts if count.until_s == np.inf],
            )
            found = yield from search(problem)
            yield from self._emit([places[list(group)] for group in found])

    def _by_windows(self) -> Iterator[Group | None]:
        for context in contexts(self._columns, self._pool):
            yield None
            for total in self._totals():
                for _ in range(PASSES):
                    before = int(self._open().sum())
                    yield from self._windows(context, total)
                    if before - int(self._open().sum()) < WORTH_ANOTHER * total:
                        break

    def _open(self) -> Array:
        """Of each candidate, whether it is still as it was and in no group."""
        row = self._pool.row
        still: Array = self._columns.free[row] & (self._columns.changed[row] == self._changed) & ~self._opening
        return still

    def _totals(self) -> list[int]:
        """The sizes of group somebody takes, the largest first."""
        if self._mode.teams:
            return [self._mode.teams.count * self._mode.teams.size]
        sized, still = self._pool.sized, self._open()
        if not still.any():
            return []
        sizes = range(int(sized.high[still].max()), int(sized.low[still].min()) - 1, -1)
        return [total for total in sizes if (self._pool.takes(total) & still).any()]

    def _windows(self, context: Array, total: int) -> Iterator[Group | None]:
        places = np.flatnonzero(self._open() & self._pool.takes(total))
        if self._pool.size[places].sum() < total:
            return
        found = windows(
            self._pool.take(places),
            context[places],
            total,
            teams=self._mode.teams,
            blocked=self._among(self._blocked, places),
            avoided=self._among(self._avoided, places),
        )
        chosen = [places[window] for window in found]
        for start in range(0, len(chosen), BATCH):
            yield None
            yield from self._emit(chosen[start : start + BATCH])

    def _anchored(self, due: Array) -> Iterator[Group | None]:
        places = np.flatnonzero(due)
        order = np.lexsort((self._pool.digest[places], -self._pool.waited[places]))
        oldest, rest = places[order[:OLDEST]], places[order[OLDEST:]]
        order = np.lexsort((self._pool.digest[rest], self._columns.searched[self._pool.row[rest]]))
        for anchor in [*oldest.tolist(), *rest[order[:NEXT]].tolist()]:
            if not self._still(np.array([anchor])):
                continue
            row = int(self._pool.row[anchor])
            self._columns.searched[row] = self._now
            if self._futile.tried(row):
                continue
            for total in self._totals():
                found = group_around(
                    anchor,
                    self._pool,
                    np.flatnonzero(self._open()),
                    total=total,
                    teams=self._mode.teams,
                    blocked=self._blocked,
                    avoided=self._avoided,
                    accept=lambda chosen: self._rosters.playable(self._pool, chosen),
                    futile=self._futile,
                )
                if found is not None:
                    if self._pool.ripe(found):
                        yield from self._emit([found])
                    break
                yield None

    def _emit(self, chosen: list[Array]) -> Iterator[Group]:
        """The groups of those whose tickets are all still open; they are taken."""
        if self._columns.edits != self._edits:
            chosen = [places for places in chosen if self._still(places)]
        edits = self._columns.edits
        for places, group in self._rosters.groups(self._pool, chosen):
            if self._columns.edits == edits or self._still(places):
                self._columns.free[self._pool.row[places]] = False
                self._futile.found()
                yield group

    def _still(self, places: Array) -> bool:
        """Whether all these tickets are as they were when the pass began."""
        rows = self._pool.row[places]
        return bool((self._columns.free[rows] & (self._columns.changed[rows] == self._changed[places])).all())

    def _among(self, pairs: Pairs, places: Array) -> Pairs:
        """The pairs of which both are among the places, as indices into these."""
        if not len(pairs[0]):
            return pairs
        index = np.full(len(self._pool), -1)
        index[places] = np.arange(len(places))
        first, second = index[pairs[0]], index[pairs[1]]
        both = (first >= 0) & (second >= 0)
        return first[both], second[both]
