"""What Redis holds under names of users: presence, streams, limits."""

from collections.abc import Sequence

from domain.privacy.departures import Traces
from storage.redis.client import Client

AT_ONCE = 1000


class RedisTraces(Traces):
    """Looks through all keys, as no list of them is kept; most go by themselves long before."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def forget(self, marks: Sequence[str]) -> None:
        sought = [mark.encode() for mark in marks]
        if not sought:
            return
        for master in await self._redis.masters():
            cursor = 0
            while True:
                cursor, keys = await master.scan(cursor, match="maoga:*", count=AT_ONCE)
                for key in keys:
                    if any(mark in key for mark in sought):
                        await self._redis.delete(key)
                if not cursor:
                    break
