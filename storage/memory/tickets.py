"""The ticket pool in plain dictionaries, for `memory://` and for simulations: quick, and gone with its process."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from domain.core.ids import MatchId, TicketId
from domain.matchmaking.pool import Change, Changes, Claim, PoolEntry, PoolKey, PoolStatistics, Position, TicketPool

LOG_SIZE = 100_000

PAGE = 100
"""So many tickets are read at once; then others have their turn."""


class _Log:
    """The tickets that changed in one pool, the last `LOG_SIZE` of them at least."""

    def __init__(self) -> None:
        self._tickets: list[TicketId] = []
        self._dropped = 0

    def append(self, ticket_id: TicketId) -> None:
        self._tickets.append(ticket_id)
        if len(self._tickets) >= 2 * LOG_SIZE:
            del self._tickets[:LOG_SIZE]
            self._dropped += LOG_SIZE

    @property
    def end(self) -> Position:
        return Position(str(self._dropped + len(self._tickets)))

    def since(self, position: Position) -> tuple[Position, list[TicketId]] | None:
        """A page of the tickets behind a position, each once, and where it ends; None when they are not all there."""
        start = int(position) - self._dropped
        if start < 0:
            return None
        page = self._tickets[start : start + PAGE]
        return Position(str(int(position) + len(page))), [*dict.fromkeys(page)]


class MemoryTicketPool(TicketPool):
    """Pools and claims. Each change is done at once, so none meets another halfway."""

    def __init__(self) -> None:
        self._known: dict[TicketId, PoolEntry] = {}
        self._claimed: dict[TicketId, MatchId] = {}
        self._claims: dict[MatchId, tuple[datetime, Claim]] = {}
        self._pools: defaultdict[PoolKey, dict[TicketId, None]] = defaultdict(dict)
        self._logs: defaultdict[PoolKey, _Log] = defaultdict(_Log)
        self._statistics: dict[PoolKey, PoolStatistics] = {}

    async def add(self, *entries: PoolEntry) -> None:
        for entry in entries:
            if entry.ticket_id not in self._known:
                self._known[entry.ticket_id] = entry
                self._enter(entry)

    async def replace(self, *entries: PoolEntry) -> None:
        for entry in entries:
            if self._waits(entry.ticket_id):
                self._leave(self._known[entry.ticket_id])
            self._known[entry.ticket_id] = entry
            if self._waits(entry.ticket_id):
                self._enter(entry)

    async def remove(self, ticket_ids: Sequence[TicketId]) -> None:
        for ticket_id in filter(self._waits, ticket_ids):
            self._leave(self._known.pop(ticket_id))

    async def pools(self) -> list[PoolKey]:
        return sorted(key for key, tickets in self._pools.items() if tickets)

    async def size(self, pool: PoolKey) -> int:
        return len(self._pools[pool])

    async def snapshot(self, pool: PoolKey) -> AsyncIterator[Changes]:
        position, tickets = self._logs[pool].end, [*self._pools[pool]]
        for start in range(0, max(1, len(tickets)), PAGE):
            page = [id for id in tickets[start : start + PAGE] if id in self._pools[pool]]
            yield Changes(position, tuple(Change(ticket_id, self._known[ticket_id]) for ticket_id in page))
            await asyncio.sleep(0)

    async def changes(self, pool: PoolKey, after: Position) -> Changes | None:
        await asyncio.sleep(0)
        found = self._logs[pool].since(after)
        if found is None:
            return None
        position, changed = found
        waiting = self._pools[pool]
        return Changes(position, tuple(Change(id, self._known[id] if id in waiting else None) for id in changed))

    async def claim(self, match_id: MatchId, ticket_ids: Sequence[TicketId], now: datetime) -> bool:
        claim = Claim(match_id, tuple(ticket_ids))
        if match_id in self._claims:
            return self._claims[match_id][1] == claim
        if not all(map(self._waits, ticket_ids)):
            return False
        for ticket_id in ticket_ids:
            self._leave(self._known[ticket_id])
            self._claimed[ticket_id] = match_id
        self._claims[match_id] = now, claim
        return True

    async def settle(self, match_id: MatchId) -> None:
        await self.release(match_id, ())

    async def release(self, match_id: MatchId, keep: Sequence[TicketId]) -> None:
        if match_id not in self._claims:
            return
        _, claim = self._claims.pop(match_id)
        for ticket_id in claim.ticket_ids:
            del self._claimed[ticket_id]
            if ticket_id in keep:
                self._enter(self._known[ticket_id])
            else:
                del self._known[ticket_id]

    async def claims(self, before: datetime) -> list[Claim]:
        return [claim for made, claim in self._claims.values() if made < before]

    async def unknown(self, ticket_ids: Sequence[TicketId]) -> list[TicketId]:
        return [ticket_id for ticket_id in ticket_ids if ticket_id not in self._known]

    async def write_statistics(self, pool: PoolKey, statistics: PoolStatistics) -> None:
        self._statistics[pool] = statistics

    async def statistics(self, pool: PoolKey) -> PoolStatistics:
        return self._statistics.get(pool, PoolStatistics())

    def _waits(self, ticket_id: TicketId) -> bool:
        return ticket_id in self._known and ticket_id not in self._claimed

    def _enter(self, entry: PoolEntry) -> None:
        for pool in entry.pools:
            self._pools[pool][entry.ticket_id] = None
            self._logs[pool].append(entry.ticket_id)

    def _leave(self, entry: PoolEntry) -> None:
        for pool in entry.pools:
            del self._pools[pool][entry.ticket_id]
            self._logs[pool].append(entry.ticket_id)
