"""The tick: brings each pool up to date, lets its matcher form groups, and proposes them. It decides nothing."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from datetime import datetime
from typing import Protocol

from domain.core.clock import Clock
from domain.core.ids import GameId, TicketId
from domain.core.index import may_lag
from domain.core.isolation import Report, isolated
from domain.games.model import Game, Mode
from domain.matchmaking.board import PoolState
from domain.matchmaking.matching import MatcherLost, OpenMatcher, open_inline
from domain.matchmaking.metrics import UNWATCHED, MatchmakingMetrics
from domain.matchmaking.model import Match
from domain.matchmaking.ownership import Ownership
from domain.matchmaking.pairing.matcher import Explanation, Group
from domain.matchmaking.pool import PoolKey, TicketPool
from domain.matchmaking.served import ServedPool

LARGE = 1000
"""Pools of more tickets than this are paired elsewhere, if there is such a place."""

PROPOSED_AT_ONCE = 16
ATTENDED_AT_ONCE = 100


class Catalogue(Protocol):
    """Knows the games."""

    async def get(self, game_id: GameId) -> Game | None:
        """The game, if there is one."""
        ...


class Proposer(Protocol):
    """Proposes matches."""

    async def propose(self, pool: PoolKey, group: Group) -> Match | None:
        """Claims the group's tickets and proposes the match; None when somebody else was quicker with one of them."""
        ...


class Expiry(Protocol):
    """Ends tickets that waited too long."""

    def expiry_limit(self) -> datetime:
        """Tickets queued before this moment have waited too long."""
        ...

    async def expire(self, ticket_id: TicketId) -> None:
        """Ends such a ticket."""
        ...

    async def cancel_unplayable(self, ticket_id: TicketId) -> bool:
        """Ends a ticket none of whose games can be played in its mode any more; False while one can."""
        ...


class Board(Protocol):
    """Tells players of their tickets."""

    async def show_waiting(self, explained: Mapping[TicketId, Explanation], state: PoolState) -> None:
        """Sends how things stand for those of the tickets that still wait."""
        ...


class Tick:
    """One pass over the pools this worker serves. Any number of workers run it; a lease gives each pool one owner."""

    def __init__(
        self,
        *,
        pool: TicketPool,
        games: Catalogue,
        expiry: Expiry,
        proposals: Proposer,
        board: Board,
        ownership: Ownership,
        clock: Clock,
        report: Report,
        open_small: OpenMatcher = open_inline,
        open_large: OpenMatcher | None = None,
        metrics: MatchmakingMetrics = UNWATCHED,
    ) -> None:
        """open_large: makes the matchers of pools of more than `LARGE` tickets, if not this process shall pair them."""
        self._pool, self._games, self._expiry, self._proposals = pool, games, expiry, proposals
        self._board, self._ownership, self._clock, self._report = board, ownership, clock, report
        self._open_small, self._open_large, self._metrics = open_small, open_large, metrics
        self._served: dict[PoolKey, ServedPool] = {}

    async def run(self) -> int:
        """One tick over the pools this worker serves; how many matches were proposed.

        Small pools come first, one after the other, as they are paired here. The large ones do not wait for each other.
        """
        keys = await self._ownership.update(await self._pool.pools())
        for key in set(self._served) - set(keys):
            await self._drop(key)
        proposed = 0

        async def run_pool(key: PoolKey) -> None:
            nonlocal proposed
            proposed += await self.run_pool(key)

        async def run_pools(keys: Iterable[PoolKey]) -> None:
            for key in keys:
                await isolated(self._report, f"the pool {key.game_id} {key.mode}", run_pool(key))

        large = [key for key in keys if key in self._served and self._served[key].large]
        await run_pools(key for key in keys if key not in large)
        outcomes = await asyncio.gather(*(run_pools([key]) for key in large), return_exceptions=True)
        for failure in filter(None, outcomes):  # once all have ended, for no pool may be run twice at a time
            raise failure
        return proposed

    async def run_pool(self, key: PoolKey) -> int:
        """One tick over one pool; how many matches were proposed."""
        now, began = self._clock.now(), time.perf_counter()
        try:
            served = await self._up_to_date(key, now)
            proposed = await self._propose(served, now) if served.mode else 0
            await self._write_statistics(served, now)
            while due := served.due(now, ATTENDED_AT_ONCE):
                await self._expire(served, due)
                if served.mode is None:
                    await self._cancel(served, due)
                await self._show(served, due, now)
        except MatcherLost:
            await self._drop(key)
            raise
        self._metrics.ticked(key, served.size, time.perf_counter() - began)
        return proposed

    async def close(self) -> None:
        """Lets go of all pools, so that other workers serve them at once."""
        for key in [*self._served]:
            await self._drop(key)
        with may_lag():  # the leases lapse by themselves
            await self._ownership.release()

    async def _up_to_date(self, key: PoolKey, now: datetime) -> ServedPool:
        """The pool as it is now; loaded if it is new here, was lost, has become large, or is played in another way."""
        game = await self._games.get(key.game_id)
        mode = game.playable(key.mode) if game else None
        served = self._served.get(key)
        if served and served.mode == mode and await served.follow(self._pool, now) and not self._outgrown(served):
            return served
        await self._drop(key)
        large = self._open_large is not None and await self._pool.size(key) > LARGE
        open_matcher = self._open_large if self._open_large and large else self._open_small
        matcher = await open_matcher(key, mode or Mode(mode=key.mode))
        async with AsyncExitStack() as unless_loaded:
            unless_loaded.push_async_callback(matcher.close)
            served = ServedPool(key, mode, matcher, await self._pool.statistics(key), large=large)
            await served.load(self._pool, now)
            await served.follow(self._pool, now)
            unless_loaded.pop_all()
        self._served[key] = served
        return served

    def _outgrown(self, served: ServedPool) -> bool:
        return self._open_large is not None and not served.large and served.size > LARGE

    async def _drop(self, key: PoolKey) -> None:
        if served := self._served.pop(key, None):
            self._metrics.left(key)
            await served.matcher.close()

    async def _expire(self, served: ServedPool, tickets: Sequence[TicketId]) -> None:
        """Ends those of the tickets that waited too long."""
        late = served.queued_before(self._expiry.expiry_limit(), tickets)
        for ticket_id in late:
            await self._expiry.expire(ticket_id)
        if late:
            await served.forget(late)

    async def _cancel(self, served: ServedPool, tickets: Sequence[TicketId]) -> None:
        """Ends those of the tickets for which the catalogue has no game any more."""
        ended = [ticket_id for ticket_id in tickets if await self._expiry.cancel_unplayable(ticket_id)]
        if ended:
            await served.forget(ended)

    async def _propose(self, served: ServedPool, now: datetime) -> int:
        """Proposes the groups as they come, some at a time, as long as this worker holds the pool; how many stood."""
        proposed, failures, tasks = 0, list[Exception](), set[asyncio.Task[None]]()

        async def propose(group: Group) -> None:
            nonlocal proposed
            try:
                if await self._proposals.propose(served.key, group):
                    self._metrics.formed(group.quality.overall)
                    for waited_ms in served.matched(group, now):
                        self._metrics.waited(waited_ms / 1000)
                    self._metrics.match("proposed")
                    proposed += 1
                else:
                    self._metrics.match("refused")
                    await served.matcher.free(group.ticket_ids)
            except Exception as error:
                failures.append(error)
                with suppress(MatcherLost):
                    await served.matcher.free(group.ticket_ids)

        try:
            async with aclosing(served.matcher.groups(now)) as groups:
                async for group in groups:
                    if failures or not self._ownership.holds(served.key):
                        await served.matcher.free(group.ticket_ids)
                        break
                    tasks.add(task := asyncio.create_task(propose(group)))
                    task.add_done_callback(tasks.discard)
                    if len(tasks) == PROPOSED_AT_ONCE:
                        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:  # each comes to its end: what fails must not leave the others between two steps
            if tasks:
                await asyncio.wait(tasks)
        if failures:
            raise failures[0]
        return proposed

    async def _write_statistics(self, served: ServedPool, now: datetime) -> None:
        """Lets gateways, and the pool's next owner, know what this one has learned."""
        statistics = served.statistics.model_copy(update={"stretch": await served.matcher.stretch(now)})
        if statistics != served.written:
            with may_lag():
                await self._pool.write_statistics(served.key, statistics)
                served.written = statistics
        served.statistics = statistics

    async def _show(self, served: ServedPool, tickets: Sequence[TicketId], now: datetime) -> None:
        """Tells the players of those of the tickets that still wait why they do."""
        explained = await served.matcher.explain(served.to_show(tickets), now)
        await self._board.show_waiting(explained, PoolState(served.size, served.statistics))
        served.shown(explained, now)
