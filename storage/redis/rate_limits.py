"""Rate limits in Redis, by its clock: instances whose own clocks differ still agree."""

import math

from domain.core.limits import Limit, RateLimits, Spent
from storage.redis.client import Client, load_script


class RedisRateLimits(RateLimits):
    """GCRA: a key holds the moment at which everything spent under it is refilled, and expires then.

    A cost above the limit's count spends the whole burst. A `take` that runs twice costs twice: too strict for a
    moment, never too lenient.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._spend = load_script(redis, "gcra")

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> Spent:
        interval_us = math.ceil(limit.per_s * 1_000_000 / limit.count)
        args = [interval_us, limit.count, min(cost, limit.count)]
        wait_ms, reset_us = map(int, await self._spend(keys=[_key(key)], args=args))
        return Spent(limit, wait_ms, max(0, limit.count - math.ceil(reset_us / interval_us)), reset_us // 1000)

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        return (await self.spend(key, limit, cost)).wait_ms

    async def reset(self, key: str) -> None:
        await self._redis.delete(_key(key))


def _key(key: str) -> str:
    return f"maoga:limit:{key}"
