"""Rate limits taken in portions, so that most requests of a busy caller need not ask the store.

An instance takes as much at a time as the caller has lately spent in a second, at most a tenth of the limit, and spends
it here. What it has taken is gone from the store: all instances together let no more through than the limit, and in any
stretch of time at most one portion each on top, which was taken before it began. What is left of a portion after a
second counts no more, once the store has all back.
"""

import asyncio
import math
import time
from collections import OrderedDict

from domain.core.limits import Limit, RateLimits, Spent

LEAST_COUNT = 100
"""Smaller limits are counted one by one."""

SHARES = 10
"""A portion is at most this part of the limit."""

AIM_S = 1.0
"""For so long a portion should last, and is kept at least."""

MOST_KEPT = 10_000
"""Callers remembered. Who is forgotten loses what was left of their portion."""


class _Portion:
    """One caller's last portion.

    size: what was taken. dropped: what of it counts no more. full_at: the moment by which the store has all back, if
    nothing else is spent.
    """

    __slots__ = ("dropped", "full_at", "left", "size", "taken_at", "taking")

    def __init__(self) -> None:
        self.size, self.left, self.dropped = 1, 0, 0
        self.taken_at = self.full_at = -math.inf
        self.taking: asyncio.Task[Spent | None] | None = None

    def next_size(self, now: float, most: int) -> int:
        """What the caller would spend in `AIM_S` at their pace of late; careful with those who have just begun."""
        pace = (self.size - self.dropped) * AIM_S / max(now - self.taken_at, 0.001)
        return max(1, min(int(pace), 2 * self.size, most))

    def drop_if_old(self, now: float) -> None:
        """Drops what is left, if it may be had from the store as well."""
        if self.left and now >= self.full_at and now >= self.taken_at + AIM_S:
            self.dropped, self.left = self.left, 0

    def fill(self, size: int, spent: Spent) -> None:
        """The store gave so much, and said this of the rest."""
        self.size, self.left, self.dropped = size, size, 0
        self.taken_at = time.monotonic()
        self.full_at = self.taken_at + spent.reset_ms / 1000

    def spend(self, limit: Limit, now: float) -> Spent:
        """Spends one."""
        self.left -= 1
        interval_s = limit.per_s / limit.count
        reset_s = max(0.0, self.full_at - self.left * interval_s - now)
        return Spent(limit, 0, max(0, limit.count - math.ceil(reset_s / interval_s - 0.001)), int(reset_s * 1000))


class PortionedLimits(RateLimits):
    """Rate limits with portions in front of the store's. One per process."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._portions: OrderedDict[str, _Portion] = OrderedDict()

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Spent | None:
        if cost > 1 or limit.count < LEAST_COUNT:
            return await self._limits.spend(key, limit, cost)
        portion = self._portion_of(key)
        now = time.monotonic()
        portion.drop_if_old(now)
        while not portion.left:
            taken = await self._taken(portion, key, limit)
            if taken is None or taken.wait_ms:
                return taken
            now = time.monotonic()
        return portion.spend(limit, now)

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        spent = await self.spend(key, limit, cost)
        return spent.wait_ms if spent else 0

    async def reset(self, key: str) -> None:
        self._portions.pop(key, None)
        await self._limits.reset(key)

    def _portion_of(self, key: str) -> _Portion:
        portion = self._portions.get(key)
        if portion is None:
            portion = self._portions[key] = _Portion()
            if len(self._portions) > MOST_KEPT:
                self._portions.popitem(last=False)
        else:
            self._portions.move_to_end(key)
        return portion

    async def _taken(self, portion: _Portion, key: str, limit: Limit) -> Spent | None:
        """What the store says to the next portion; all who need it meanwhile share the answer, also a failure."""
        if portion.taking is None:
            portion.taking = asyncio.create_task(self._take(portion, key, limit), name="portion of a limit")
            portion.taking.add_done_callback(lambda task: task.cancelled() or task.exception())  # they may all be gone
        return await asyncio.shield(portion.taking)

    async def _take(self, portion: _Portion, key: str, limit: Limit) -> Spent | None:
        try:
            size = portion.next_size(time.monotonic(), limit.count // SHARES)
            spent = await self._limits.spend(key, limit, size)
            if spent and spent.wait_ms and size > 1:  # near the end it goes one by one
                size = 1
                spent = await self._limits.spend(key, limit)
            if spent and not spent.wait_ms:
                portion.fill(size, spent)
            return spent
        finally:
            portion.taking = None
