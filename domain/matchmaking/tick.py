"""The tick: reads each pool, lets the pure parts form groups, and proposes them. It schedules; it decides nothing."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime

from domain.core.clock import Clock, ms_between
from domain.core.ids import MatchId, TicketId
from domain.core.isolation import Report, isolated
from domain.core.leases import Leases
from domain.games.games import Games
from domain.matchmaking.board import TicketBoard, first_pool
from domain.matchmaking.matcher import Group, Matcher
from domain.matchmaking.matchmaking import Matchmaking
from domain.matchmaking.pool import PoolEntry, PoolKey, TicketPool
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.relaxation import STEPS, Step, level_at

LEASE_MS = 4000
PROPOSED_AT_ONCE = 16
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
        report: Report,
        interval_ms: int,
        steps: tuple[Step, ...] = STEPS,
    ) -> None:
        self._pool, self._games, self._matchmaking, self._proposals = pool, games, matchmaking, proposals
        self._board, self._leases, self._clock = board, leases, clock
        self._report, self._interval_ms, self._steps = report, interval_ms, steps
        self._last_run: dict[PoolKey, datetime] = {}

    async def run(self) -> int:
        """One tick over the pools this worker holds; how many matches were proposed.

        In random order, so that workers spread over the pools instead of queueing up behind the same large one.
        """
        proposed = 0

        async def run_pool(key: PoolKey) -> None:
            nonlocal proposed
            proposed += await self.run_pool(key)

        pools = await self._pool.pools()
        for key in random.sample(pools, len(pools)):
            if await self._hold(key):
                await isolated(self._report, f"the pool {key.game_id} {key.mode}", run_pool(key))
        return proposed

    async def run_pool(self, key: PoolKey) -> int:
        """One tick over one pool; how many matches were proposed."""
        now = self._clock.now()
        last = self._last_run.get(key, now)
        self._last_run[key] = now
        waiting = await self._expire(await self._pool.waiting(key))
        game = await self._games.get(key.game_id)
        mode = game.mode(key.mode) if game else None
        if mode is None:
            return 0
        matcher = Matcher(key, mode)
        matcher.put(waiting)
        # In a thread, as a large pool takes seconds and the sockets of this process must not wait for it.
        groups = await asyncio.to_thread(lambda: [group for group in matcher.groups(now) if group is not None])
        taken = await self._propose(key, groups)
        left = [entry for entry in waiting if entry.ticket_id not in taken and first_pool(entry.criteria) == key]
        due = [entry.ticket_id for entry in left if self._update_due(entry, last, now)]
        if due:
            await self._board.show_waiting(due, pool_size=len(waiting) - len(taken))
        return len({match for match in taken.values() if match})

    async def _propose(self, key: PoolKey, groups: Sequence[Group]) -> dict[TicketId, MatchId | None]:
        """Proposes the groups, some at a time, as long as this worker holds the pool; their tickets and matches."""
        taken: dict[TicketId, MatchId | None] = {}
        for start in range(0, len(groups), PROPOSED_AT_ONCE):
            if start and not await self._hold(key):
                break
            some = groups[start : start + PROPOSED_AT_ONCE]
            proposals = (self._proposals.propose(key, group) for group in some)
            # Each comes to its end: one that fails must not leave the others between two steps.
            outcomes = await asyncio.gather(*proposals, return_exceptions=True)
            for group, outcome in zip(some, outcomes, strict=True):
                if isinstance(outcome, BaseException):
                    raise outcome
                match_id = outcome.match_id if outcome else None
                taken.update(dict.fromkeys(group.ticket_ids, match_id))
        return taken

    async def _hold(self, key: PoolKey) -> bool:
        return await self._leases.acquire(f"pool:{key.game_id}:{key.mode}", LEASE_MS + self._interval_ms)

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
