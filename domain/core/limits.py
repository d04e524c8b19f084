"""Rate limits shared by all instances."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` requests per `per_s` seconds, spent in a burst of at most `count`, refilled evenly."""

    count: int
    per_s: float


class RateLimits(Protocol):
    """Generic cell rate algorithm (GCRA, ITU-T I.371): one timestamp per key."""

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        """Spends `cost`; 0 when allowed, else the milliseconds after which it would be. A refusal costs nothing."""
        ...

    async def reset(self, key: str) -> None:
        """Forgets what was spent under the key."""
        ...


class ScaledLimits:
    """Rate limits with every count multiplied by `scale`; 0 allows everything."""

    def __init__(self, limits: RateLimits, scale: float) -> None:
        self._limits, self._scale = limits, scale

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        if self._scale == 0:
            return 0
        return await self._limits.take(key, Limit(max(1, round(limit.count * self._scale)), limit.per_s), cost)

    async def reset(self, key: str) -> None:
        await self._limits.reset(key)
