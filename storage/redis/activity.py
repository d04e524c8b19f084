"""Who was active when, as HyperLogLogs: 12 KB each, however many users there are."""

from collections.abc import Collection
from datetime import datetime

from domain.presence.activity import Active, Activity
from storage.redis.client import Client

MINUTES, HOURS = 5, 24
EXPIRY_S = (HOURS + 1) * 3600
AT_ONCE = 1000


class RedisActivity(Activity):
    """One set of users for each minute, and one for each hour. A call that runs twice changes nothing."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def seen(self, users: Collection[str], now: datetime) -> None:
        minute, hour = _keys(now)
        for chunk in _chunks(list(users)):
            for key in (minute[0], hour[0]):
                await self._redis.execute_command("PFADD", key, *chunk)
                await self._redis.execute_command("EXPIRE", key, EXPIRY_S)

    async def count(self, now: datetime) -> Active:
        minutes, hours = _keys(now)
        return Active(
            five_minutes=await self._redis.execute_command("PFCOUNT", *minutes),
            day=await self._redis.execute_command("PFCOUNT", *hours),
        )


def _keys(now: datetime) -> tuple[list[str], list[str]]:
    """The keys of the last minutes and hours, the present ones first."""
    seconds = int(now.timestamp())
    minutes = [f"maoga:{{active}}:minute:{seconds // 60 - n}" for n in range(MINUTES)]
    return minutes, [f"maoga:{{active}}:hour:{seconds // 3600 - n}" for n in range(HOURS)]


def _chunks(users: list[str]) -> list[list[str]]:
    return [users[start : start + AT_ONCE] for start in range(0, len(users), AT_ONCE)]
