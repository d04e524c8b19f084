"""The cache in Redis. An answer is kept with the stamps of its tags, and counts as long as they are the same.

All keys share a hash tag, for an answer may have any tags: in a cluster one node holds the cache.
"""

from collections.abc import Sequence

from domain.core.cache import CacheStore, Hit, Turn
from domain.core.ids import new_id
from storage.redis.client import Client, load_script

STAMP_KEPT_MS = 86_400_000
"""A tag that loses its stamp gets a new one, and its answers are made anew."""


class RedisCache(CacheStore):
    """A hash for each answer, a text for each tag and for each turn.

    A script that runs twice does no harm: a turn is given again to the token that has it, and the rest says the same.
    """

    def __init__(self, redis: Client) -> None:
        self._script = load_script(redis, "cache")

    async def look(self, key: str, tags: Sequence[str], lease_ms: int) -> Hit | Turn | None:
        args = ("look", new_id(), lease_ms, STAMP_KEPT_MS)
        kind, value = await self._script(keys=[*_entry(key), *map(_tag, tags)], args=args)
        match kind:
            case b"hit":
                return Hit(value)
            case b"turn":
                return Turn(value.decode())
        return None

    async def keep(self, key: str, turn: Turn, value: bytes, ttl_ms: int) -> None:
        await self._script(keys=_entry(key), args=("keep", turn.token, value, ttl_ms))

    async def give_up(self, key: str, turn: Turn) -> None:
        await self._script(keys=_entry(key), args=("give_up", turn.token))

    async def invalidate(self, tags: Sequence[str]) -> None:
        await self._script(keys=list(map(_tag, tags)), args=("invalidate", new_id(), STAMP_KEPT_MS))


def _entry(key: str) -> list[str]:
    return [f"maoga:{{cache}}:of:{key}", f"maoga:{{cache}}:turn:{key}"]


def _tag(tag: str) -> str:
    return f"maoga:{{cache}}:tag:{tag}"
