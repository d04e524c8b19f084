"""Why a ticket waits: how far it has relaxed, and which rules refuse those it might play with. Pure."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import Blocker, RelaxedRule
from domain.matchmaking.pairing.candidates import Candidates, candidates
from domain.matchmaking.pairing.columns import Array, Columns, microseconds
from domain.matchmaking.pairing.relaxation import Schedule

SAMPLED = 256
"""How many of the waiting tickets each one is held against."""

CHUNK = 128
"""How many tickets are held against the sample at once, so that the figures stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a ticket waits.

    level: how many steps it has relaxed. relaxed: what it holds to now, rule by rule. next_relaxation_at: None at the
    last step. blockers: the share of candidates that each rule refuses, the largest first.
    """

    level: int
    relaxed: tuple[RelaxedRule, ...]
    next_relaxation_at: datetime | None
    blockers: tuple[Blocker, ...]


class Sample:
    """Some of the waiting tickets of a pool, drawn anew when the pool has changed."""

    def __init__(self, columns: Columns, seed: int) -> None:
        self._columns, self._seed = columns, seed
        self._drawn_of: tuple[int, int] | None = None
        self._rows: Array = np.zeros(0, np.int64)

    def rows(self) -> Array:
        """Their rows, `SAMPLED` at most."""
        waiting = self._columns.free & ~self._columns.column["opening"]
        state = self._columns.edits, int(waiting.sum())
        if state != self._drawn_of:
            self._drawn_of, self._rows = state, self._draw(np.flatnonzero(waiting))
        return self._rows

    def _draw(self, rows: Array) -> Array:
        rows = rows[np.lexsort((self._columns.column["queued"][rows], self._columns.column["digest"][rows]))]
        return rows[random.Random(self._seed).sample(range(len(rows)), min(SAMPLED, len(rows)))]


def explanations(
    columns: Columns,
    ticket_ids: Iterable[TicketId],
    mode: Mode,
    schedule: Schedule,
    *,
    sample: Array,
    now: datetime,
    stretch: float,
) -> dict[TicketId, Explanation]:
    """Of those of the tickets that are here, why they still wait, at the relaxation in force.

    sample: the rows of those they are held against.
    """
    asked = {id: row for id in ticket_ids if (row := columns.rows.get(id)) is not None}
    if not asked:
        return {}
    rows = np.concatenate([np.fromiter(asked.values(), np.int64, len(asked)), sample])
    pool = candidates(columns, rows, mode, schedule, now=microseconds(now), stretch=stretch)
    shares = _shares(columns, pool, len(asked))
    levels, waited = schedule.level(pool.waited).tolist(), pool.waited.tolist()
    found = {}
    for place, (ticket_id, row) in enumerate(asked.items()):
        level, entry = levels[place], columns.entry(row)
        later = schedule.times[level:]
        refusing = sorted(((float(share[place]), name) for name, share in shares.items()), key=lambda s: (-s[0], s[1]))
        found[ticket_id] = Explanation(
            level=level,
            relaxed=tuple(schedule.relaxed(entry.criteria, mode, waited[place])),
            next_relaxation_at=entry.queued_at + timedelta(seconds=float(later[0]) * stretch) if len(later) else None,
            blockers=tuple(_blocker(name, round(share, 3)) for share, name in refusing if share),
        )
    return found


@lru_cache(4096)
def _blocker(name: str, rejected: float) -> Blocker:
    return Blocker(rule=name, rejected=rejected)


def by_itself(criteria: Criteria, queued_at: datetime, mode: Mode, *, now: datetime, stretch: float) -> Explanation:
    """What can be told of a ticket without those it might play with."""
    schedule = Schedule(mode.matching)
    waited = (now - queued_at) / timedelta(seconds=stretch)
    level = int(schedule.level(np.array([waited]))[0])
    later = schedule.times[level:]
    return Explanation(
        level=level,
        relaxed=tuple(schedule.relaxed(criteria, mode, waited)),
        next_relaxation_at=queued_at + timedelta(seconds=float(later[0]) * stretch) if len(later) else None,
        blockers=(),
    )


def _shares(columns: Columns, pool: Candidates, asked: int) -> dict[str, Array]:
    """By rule, the share of the sample it refuses to each of the first `asked` candidates; the rest is the sample."""
    sample = np.arange(asked, len(pool))[None, :]
    counts: dict[str, Array] = {}
    others = np.zeros(asked)
    blocked = _blocked(columns, pool.row[:asked], pool.row[asked:])
    for start in range(0, asked, CHUNK):
        some = np.arange(start, min(asked, start + CHUNK))[:, None]
        other = pool.row[some] != pool.row[sample]
        others[some[:, 0]] = other.sum(axis=1)
        refused: dict[str, Array] = {}
        for constraint in pool.constraints:
            refused[constraint.name] = refused.get(constraint.name, False) | constraint.refuses(some, sample)
        for name, refusals in refused.items():
            counts.setdefault(name, np.zeros(asked))[some[:, 0]] = (refusals & other).sum(axis=1)
    return {name: count / np.maximum(others, 1) for name, count in {**counts, "block": blocked}.items()}


def _blocked(columns: Columns, asked: Array, sample: Array) -> Array:
    """Of each row asked for, how many of the sample its players have blocked. Who has blocked them is not told."""
    sparse = columns.column["sparse"]
    sampled = set(sample.tolist())
    count = np.zeros(len(asked))
    for place, row in enumerate(asked.tolist()):
        if sparse[row]:
            count[place] = len((_blocks(columns, row) & sampled) - {row})
    return count


def _blocks(columns: Columns, row: int) -> set[int]:
    """The rows of those whom a player of this row has blocked."""
    users = (user for player in columns.entry(row).players for user in player.blocked)
    return {home for user in users if (home := columns.homes.get(user)) is not None}
