"""A pool as its owner knows it: a matcher kept up to date from the log, and what the players are told when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice

from domain.core.clock import ms_between, seconds
from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.estimates import Wait
from domain.matchmaking.matching import PoolMatcher
from domain.matchmaking.pairing.matcher import Explanation, Group
from domain.matchmaking.pool import (
    Change,
    Changes,
    PoolEntry,
    PoolKey,
    PoolStatistics,
    Position,
    TicketPool,
    mean_rating,
)
from domain.matchmaking.updates import Updates

UPDATE_EVERY_S = 3.5
"""A tick later at most this is the 5 s the contract promises."""

HURRIED = 1000
"""Players of smaller pools are told at once when these have grown or shrunk by a quarter."""

SPREAD = 16
"""The first updates of tickets that are read all at once come in so many portions."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting ticket in brief. shown: whether this pool is the one its players are told about."""

    queued_at: datetime
    rating: float
    players: int
    shown: bool


class ServedPool:
    """One pool, from its first snapshot on.

    mode: None when it cannot be played any more. large: whether its matcher is one for large pools. statistics: what
    was learned. written: what of this others know.
    """

    def __init__(
        self, key: PoolKey, mode: Mode | None, matcher: PoolMatcher, statistics: PoolStatistics, *, large: bool
    ) -> None:
        self.key, self.mode, self.matcher, self.large = key, mode, matcher, large
        self.statistics = self.written = statistics
        self._waiting: dict[TicketId, Waiting] = {}
        self._updates = Updates()
        self._size_shown = 0
        self._position: Position | None = None

    @property
    def size(self) -> int:
        """How many tickets wait."""
        return len(self._waiting)

    async def load(self, pool: TicketPool, now: datetime) -> None:
        """Reads the whole pool."""
        portions = cycle(now + seconds(UPDATE_EVERY_S * number / SPREAD) for number in range(SPREAD))
        async for page in pool.snapshot(self.key):
            await self._read(page, portions)
        self._hurry(now)

    async def follow(self, pool: TicketPool, now: datetime) -> bool:
        """Reads what changed since; False when that cannot be known any more, and all is to be loaded anew."""
        while self._position is not None:
            changes = await pool.changes(self.key, self._position)
            if changes is None:
                return False
            if not changes.changes:
                break
            await self._read(changes, cycle([now]))
        if abs(self.size - self._size_shown) * 4 > self._size_shown:
            self._hurry(now)
        return True

    def due(self, now: datetime, most: int) -> list[TicketId]:
        """Tickets of which something is to be said or done now, and then again before long; so many at most."""
        due = [*islice(self._updates.due(now), most)]
        for ticket_id in due:
            self._updates.plan(ticket_id, now + seconds(UPDATE_EVERY_S))
        return due

    def queued_before(self, moment: datetime, tickets: Iterable[TicketId]) -> list[TicketId]:
        """Those of the tickets that wait since `moment` or longer."""
        return [id for id in tickets if id in self._waiting and self._waiting[id].queued_at <= moment]

    def to_show(self, tickets: Iterable[TicketId]) -> list[TicketId]:
        """Those of the tickets that wait, and whose players are told of this pool."""
        return [id for id in tickets if id in self._waiting and self._waiting[id].shown]

    def shown(self, explained: Mapping[TicketId, Explanation], now: datetime) -> None:
        """The players were told so; they are again as soon as a ticket relaxes."""
        for ticket_id, explanation in explained.items():
            relaxed_at = explanation.next_relaxation_at
            if relaxed_at and now < relaxed_at < now + seconds(UPDATE_EVERY_S):
                self._updates.plan(ticket_id, relaxed_at)
        if explained:
            self.statistics = self.statistics.model_copy(update={"blockers": _mean_blockers([*explained.values()])})

    def matched(self, group: Group, now: datetime) -> list[int]:
        """The group was proposed a match: its tickets wait no more; how many ms they did, from which others learn."""
        gone = [self._waiting[id] for id in group.ticket_ids if id in self._waiting and id != group.backfill]
        waits = [Wait(ms=ms_between(one.queued_at, now), rating=one.rating, players=one.players) for one in gone]
        self.statistics = self.statistics.model_copy(update={"waits": self.statistics.waits.plus(waits)})
        self._forget(group.ticket_ids)
        return [wait.ms for wait in waits]

    async def forget(self, tickets: Sequence[TicketId]) -> None:
        """Tickets have ended."""
        self._forget(tickets)
        await self.matcher.apply([Change(ticket_id, None) for ticket_id in tickets])

    def _hurry(self, now: datetime) -> None:
        self._size_shown = self.size
        if self.size <= HURRIED:
            self._updates.hurry(now)

    async def _read(self, page: Changes, updates: Iterator[datetime]) -> None:
        for change in page.changes:
            if change.entry:
                self._waiting[change.ticket_id] = self._brief(change.entry)
                self._updates.plan(change.ticket_id, next(updates))
            else:
                self._forget([change.ticket_id])
        await self.matcher.apply(page.changes)
        self._position = page.position

    def _forget(self, tickets: Iterable[TicketId]) -> None:
        for ticket_id in tickets:
            self._waiting.pop(ticket_id, None)
            self._updates.drop(ticket_id)

    def _brief(self, entry: PoolEntry) -> Waiting:
        return Waiting(
            queued_at=entry.queued_at,
            rating=mean_rating(entry.players, self.key.game_id),
            players=len(entry.players),
            shown=entry.pools[0] == self.key,
        )


def _mean_blockers(explained: Sequence[Explanation]) -> dict[str, float]:
    """By rule, the mean share of the others that it refuses."""
    total: defaultdict[str, float] = defaultdict(float)
    for blocker in (blocker for one in explained for blocker in one.blockers):
        total[blocker.rule] += blocker.rejected
    return {rule: round(share / len(explained), 2) for rule, share in sorted(total.items())}
