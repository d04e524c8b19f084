"""Deadlines in Redis: one sorted set of `<kind>:<id>` by Unix milliseconds."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import cast

from domain.core.deadlines import Deadlines, Due, Kind
from storage.redis.client import Client, load_script, unix_ms

KEY = "maoga:deadlines"
PRESENCE_KEY = "maoga:presence:changes"
LEASE_MS = 10_000


class RedisDeadlines(Deadlines):
    """Deadlines, leased by moving them ahead.

    A leased one stands half a millisecond off the full one, where nobody can set a deadline: `done` takes away only
    what its own lease left there. When the answer of `due` is lost, its deadlines come again after the lease.
    """

    def __init__(self, redis: Client, key: str = KEY) -> None:
        """key: of an index of its own, for deadlines that may be so many at once that others would wait."""
        self._redis, self._key = redis, key
        self._due = load_script(redis, "deadlines_due")
        self._done = load_script(redis, "deadlines_done")

    async def set(self, kind: Kind, id: str, at: datetime) -> None:
        await self._redis.zadd(self._key, {_member(kind, id): unix_ms(at)})

    async def hasten(self, kind: Kind, ids: Sequence[str], at: datetime) -> None:
        if ids:
            await self._redis.zadd(self._key, dict.fromkeys((_member(kind, id) for id in ids), unix_ms(at)), lt=True)

    async def drop(self, kind: Kind, id: str) -> None:
        await self._redis.zrem(self._key, _member(kind, id))

    async def due(self, now: datetime, limit: int) -> list[Due]:
        until = unix_ms(now) + LEASE_MS
        members = await self._due(keys=[self._key], args=[unix_ms(now), limit, _leased(until)])
        return [_due(member.decode(), until) for member in members]

    async def done(self, *due: Due) -> None:
        lines = ((_member(one.kind, one.id), _leased(one.leased_until_ms)) for one in due)
        await self._done(keys=[self._key], args=chain.from_iterable(lines))


def _member(kind: Kind, id: str) -> str:
    return f"{kind}:{id}"


def _due(member: str, until: int) -> Due:
    kind, _, id = member.partition(":")
    return Due(cast(Kind, kind), id, until)


def _leased(until: int) -> str:
    return f"{until}.5"
