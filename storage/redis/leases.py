"""Leases in Redis: one key per lease, held by the name of an instance."""

from domain.core.leases import Leases
from storage.redis.client import Client, load_script


class RedisLeases(Leases):
    """Leases of the instance `instance`. All scripts run twice without harm: they look at the holder first."""

    def __init__(self, redis: Client, instance: str) -> None:
        self._instance = instance
        self._acquire = load_script(redis, "lease_acquire")
        self._release = load_script(redis, "lease_release")
        self._attend = load_script(redis, "attend")

    async def acquire(self, name: str, ttl_ms: int) -> bool:
        return bool(await self._acquire(keys=[_key(name)], args=[self._instance, ttl_ms]))

    async def release(self, name: str) -> None:
        await self._release(keys=[_key(name)], args=[self._instance])

    async def attend(self, name: str, ttl_ms: int) -> int:
        return int(await self._attend(keys=[f"maoga:attending:{name}"], args=[self._instance, ttl_ms]))


def _key(name: str) -> str:
    return f"maoga:lease:{name}"
