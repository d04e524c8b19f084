"""Which pools a worker serves. Leases decide, so that a pool has one owner, and moves on when that is gone."""

import asyncio
import random
from collections.abc import Iterable
from datetime import datetime
from math import ceil

from domain.core.clock import Clock, seconds
from domain.core.leases import Leases
from domain.matchmaking.pool import PoolKey

LEASE_MS = 2500
"""A dead worker's pools are free after so long; together with a tick of another worker, within 5 s."""

BEAT_S = 0.8
"""How often leases are renewed, whatever a tick is at: two beats may fail."""

ACTIVE_S = 60.0
"""For so long an empty pool is served on: one that fills and empties must not lose what its owner knows."""


class Ownership:
    """The pools of this worker: of all that had tickets lately, at most an even share."""

    def __init__(self, leases: Leases, clock: Clock) -> None:
        self._leases, self._clock = leases, clock
        self._active: dict[PoolKey, datetime] = {}
        self._until: dict[PoolKey, datetime] = {}
        self._workers = 0

    async def update(self, with_tickets: Iterable[PoolKey]) -> list[PoolKey]:
        """The pools to serve now, given those that have tickets; takes what is free, gives up what is too much.

        In random order, so that workers do not all ask for the same pools first.
        """
        now = self._clock.now()
        self._active |= dict.fromkeys(with_tickets, now)
        self._active = {key: seen for key, seen in self._active.items() if seen > now - seconds(ACTIVE_S)}
        if not self._workers:
            await self.beat()
        share = ceil(len(self._active) / self._workers)
        mine = [key for key in self._active if self.holds(key)]
        await self._give_up(set(self._until) - set(mine[:share]))
        for key in random.sample(free := [key for key in self._active if key not in self._until], len(free)):
            if len(self._until) < share:
                await self._take(key)
        return sorted(self._until)

    async def beat(self) -> None:
        """Renews what is held and counts the workers."""
        self._workers = await self._leases.attend("pools", LEASE_MS)
        await asyncio.gather(*map(self._take, [*self._until]))

    def holds(self, key: PoolKey) -> bool:
        """Whether this worker may count on serving the pool now."""
        return key in self._until and self._clock.now() < self._until[key]

    async def release(self) -> None:
        """Gives everything up, for this worker stops."""
        await self._give_up([*self._until])
        await self._leases.attend("pools", 0)

    async def _take(self, key: PoolKey) -> None:
        until = self._clock.now() + seconds(LEASE_MS / 1000)
        if await self._leases.acquire(_name(key), LEASE_MS):
            self._until[key] = until
        else:
            self._until.pop(key, None)

    async def _give_up(self, keys: Iterable[PoolKey]) -> None:
        for key in keys:
            self._until.pop(key, None)
            await self._leases.release(_name(key))


def _name(key: PoolKey) -> str:
    return f"pool:{key.game_id}:{key.mode}"
