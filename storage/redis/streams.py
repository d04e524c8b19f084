"""Streams over Redis."""

from domain.core.streams import StreamLog
from storage.redis.client import Client


class RedisStreams(StreamLog):
    """Not there yet."""

    def __init__(self, redis: Client, *, size: int, age_s: float) -> None:
        self._redis, self._size, self._age_s = redis, size, age_s

    async def __aenter__(self) -> "RedisStreams":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Lets go of the connections."""
