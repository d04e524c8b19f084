"""Failed logins in Redis, by its clock."""

from domain.auth.throttle import Failures, Pauses
from storage.redis.client import Client, load_script


class RedisFailures(Failures):
    """A hash of count and pause for each key, and a plain key for each trusted one; all expire by themselves."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._failures = load_script(redis, "failures")

    async def count(self, key: str, pauses: Pauses) -> int:
        return await self._run("1", key, pauses)

    async def wait(self, key: str, pauses: Pauses) -> int:
        return await self._run("0", key, pauses)

    async def forget(self, key: str) -> None:
        await self._redis.delete(_key(key))

    async def trust(self, key: str, for_s: int) -> None:
        await self._redis.set(_trust_key(key), 1, ex=for_s)

    async def trusted(self, key: str) -> bool:
        return bool(await self._redis.exists(_trust_key(key)))

    async def _run(self, counts: str, key: str, pauses: Pauses) -> int:
        first_ms, most_ms = round(pauses.first_s * 1000), round(pauses.most_s * 1000)
        return int(await self._failures(keys=[_key(key)], args=[counts, pauses.after, first_ms, most_ms]))


def _key(key: str) -> str:
    return f"maoga:failures:{key}"


def _trust_key(key: str) -> str:
    return f"maoga:trusted:{key}"
