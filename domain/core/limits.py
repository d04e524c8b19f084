"""Rate limits shared by all instances."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` requests per `per_s` seconds, spent in a burst of at most `count`, refilled evenly."""

    count: int
    per_s: float


class Spent(NamedTuple):
    """What spending came to. wait_ms: 0 when allowed, else the milliseconds after which it would be.

    remaining: what may be spent at once after it. reset_ms: milliseconds until the whole burst is there again.
    """

    limit: Limit
    wait_ms: int
    remaining: int
    reset_ms: int


class RateLimits(Protocol):
    """Generic cell rate algorithm (GCRA, ITU-T I.371): one timestamp per key."""

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Spent | None:
        """Spends `cost`, unless that must wait: a refusal costs nothing. None where there are no limits."""
        ...

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        """As `spend`: 0 when allowed, else the milliseconds after which it would be."""
        ...

    async def reset(self, key: str) -> None:
        """Forgets what was spent under the key."""
        ...


class ScaledLimits:
    """Rate limits with every count multiplied by `scale`; 0 allows everything."""

    def __init__(self, limits: RateLimits, scale: float) -> None:
        self._limits, self._scale = limits, scale

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Spent | None:
        if self._scale == 0:
            return None
        if self._scale != 1:
            limit = Limit(max(1, round(limit.count * self._scale)), limit.per_s)
        return await self._limits.spend(key, limit, cost)

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        spent = await self.spend(key, limit, cost)
        return spent.wait_ms if spent else 0

    async def reset(self, key: str) -> None:
        await self._limits.reset(key)
