"""The tick: reads each pool, lets the pure parts form groups, and proposes them. It schedules; it decides nothing."""

from collections.abc import Sequence
from datetime import datetime

from domain.core.clock import Clock, ms_between
from domain.core.ids import TicketId
from domain.core.leases import Leases
from domain.games.games import Games
from domain.matchmaking.compatibility import candidate, group_size
from domain.matchmaking.matchmaking import Matchmaking
from domain.matchmaking.pairing import form_groups
from domain.matchmaking.pool import PoolEntry, PoolKey, TicketPool
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.relaxation import STEPS, Step, level_at
from domain.matchmaking.tickets import TicketBoard, first_pool

LEASE_MS = 4000
UPDATE_EVERY_MS = 4000
"""A tick later at most this is the 5 s the contract promises."""


class Tick:
    """One pass over the pools. Run by any number of workers; the lease of a pool only spares them double work."""

    def __init__(
        self,
        *,
        pool: TicketPool,
        games: Games,
        matchmaking: Matchmaking,
        proposals: Proposals,
        board: TicketBoard,
        leases: Leases,
        clock: Clock,
        interval_ms: int,
        steps: tuple[Step, ...] = STEPS,
    ) -> None:
        self._pool, self._games, self._matchmaking, self._proposals = pool, games, matchmaking, proposals
        self._board, self._leases, self._clock = board, leases, clock
        self._interval_ms, self._steps = interval_ms, steps
        self._last_run: dict[PoolKey, datetime] = {}

    async def run(self) -> int:
        """One tick over the pools this worker holds; how many matches were proposed."""
        proposed = 0
        for key in await self._pool.pools():
            if await self._leases.acquire(f"pool:{key.game_id}:{key.mode}", LEASE_MS + self._interval_ms):
                proposed += await self.run_pool(key)
        return proposed

    async def run_pool(self, key: PoolKey) -> int:
        """One tick over one pool; how many matches were proposed."""
        now = self._clock.now()
        last = self._last_run.get(key, now)
        self._last_run[key] = now
        game = await self._games.get(key.game_id)
        mode = game.mode(key.mode) if game else None
        if mode is None:
            return 0
        waiting = await self._expire(await self._pool.waiting(key))
        candidates = [
            candidate(entry, key, size, now, self._steps)
            for entry in waiting
            if (size := group_size(entry.criteria, mode)) is not None
        ]
        taken: set[TicketId] = set()
        proposed = 0
        for group in form_groups(candidates, mode.teams):
            if await self._proposals.propose(key, group) is not None:
                taken.update(member.ticket_id for member in group.members)
                proposed += 1
        left = [entry for entry in waiting if entry.ticket_id not in taken and first_pool(entry.criteria) == key]
        due = [entry.ticket_id for entry in left if self._update_due(entry, last, now)]
        if due:
            await self._board.show(due, pool_size=len(waiting) - len(taken))
        return proposed

    async def _expire(self, entries: Sequence[PoolEntry]) -> list[PoolEntry]:
        """Ends the tickets that waited too long; the others."""
        limit = self._matchmaking.expiry_limit()
        for entry in entries:
            if entry.queued_at <= limit:
                await self._matchmaking.expire(entry.ticket_id)
        return [entry for entry in entries if entry.queued_at > limit]

    def _update_due(self, entry: PoolEntry, last: datetime, now: datetime) -> bool:
        """Whether since the last tick the ticket reached another step, or the time of its next regular update."""
        before, waited = ms_between(entry.queued_at, last), ms_between(entry.queued_at, now)
        another_step = level_at(before / 1000, self._steps) != level_at(waited / 1000, self._steps)
        return another_step or before // UPDATE_EVERY_MS != waited // UPDATE_EVERY_MS
