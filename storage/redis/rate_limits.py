"""Rate limits in Redis, by its clock: instances whose own clocks differ still agree."""

import math

from domain.core.limits import Limit, RateLimits
from storage.redis.client import Client, load_script


class RedisRateLimits(RateLimits):
    """GCRA: a key holds the moment at which everything spent under it is refilled, and expires then.

    A cost above the limit's count spends the whole burst. A `take` that runs twice costs twice: too strict for a
    moment, never too lenient.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._take = load_script(redis, "gcra")

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        interval_us = math.ceil(limit.per_s * 1_000_000 / limit.count)
        return int(await self._take(keys=[_key(key)], args=[interval_us, limit.count, min(cost, limit.count)]))

    async def reset(self, key: str) -> None:
        await self._redis.delete(_key(key))


def _key(key: str) -> str:
    return f"maoga:limit:{key}"
