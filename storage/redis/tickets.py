"""The ticket pool in Redis. Its keys share the hash tag `{mm}`, so that one script may touch them all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from domain.core.ids import GameId, MatchId, TicketId
from domain.games.model import ModeName
from domain.matchmaking.pool import Claim, PoolEntry, PoolKey, TicketPool
from storage.redis.client import Client, load_script, unix_ms

KNOWN, ENTRIES, CLAIMED, CLAIMS, POOLS = KEYS = [
    f"maoga:{{mm}}:{name}" for name in ("known", "entries", "claimed", "claims", "pools")
]


class RedisTicketPool(TicketPool):
    """Pools and claims, each change one run of `lua/tickets.lua`.

    Runs twice without harm: `claim` finds its own claim and says True again, `settle` and `release` find none and do
    nothing. A second `add` may let a ticket wait that was settled in between; the documents refuse such a match.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._script = load_script(redis, "tickets")

    async def add(self, entry: PoolEntry) -> None:
        place = " ".join([str(unix_ms(entry.queued_at)), *map(_name, entry.pools)])
        await self._run("add", entry.ticket_id, place, entry.model_dump_json(by_alias=True))

    async def remove(self, ticket_ids: Sequence[TicketId]) -> None:
        await self._run("remove", *ticket_ids)

    async def pools(self) -> list[PoolKey]:
        names = cast(set[bytes], await self._redis.smembers(POOLS))
        return sorted(map(_key, names))

    async def waiting(self, pool: PoolKey) -> list[PoolEntry]:
        return [PoolEntry.model_validate_json(entry) for entry in await self._run("waiting", _name(pool))]

    async def size(self, pool: PoolKey) -> int:
        return int(await self._redis.zcard(f"{POOLS}:{_name(pool)}"))

    async def claim(self, match_id: MatchId, ticket_ids: Sequence[TicketId], now: datetime) -> bool:
        return bool(await self._run("claim", match_id, unix_ms(now), *ticket_ids))

    async def settle(self, match_id: MatchId) -> None:
        await self._run("settle", match_id)

    async def release(self, match_id: MatchId, keep: Sequence[TicketId]) -> None:
        await self._run("release", match_id, *keep)

    async def claims(self, before: datetime) -> list[Claim]:
        stored = cast(dict[bytes, bytes], await self._redis.hgetall(CLAIMS))
        claims = {MatchId(match.decode()): claim.decode().split() for match, claim in stored.items()}
        return [
            Claim(match, tuple(map(TicketId, tickets)))
            for match, (made, *tickets) in claims.items()
            if int(made) < unix_ms(before)
        ]

    async def unknown(self, ticket_ids: Sequence[TicketId]) -> list[TicketId]:
        if not ticket_ids:
            return []
        known = await self._redis.hmget(KNOWN, list(ticket_ids))
        return [ticket for ticket, place in zip(ticket_ids, known, strict=True) if place is None]

    async def _run(self, command: str, *args: str | int) -> Any:
        return await self._script(keys=KEYS, args=(command, *args))


def _name(pool: PoolKey) -> str:
    return f"{pool.game_id}:{pool.mode}"


def _key(name: bytes) -> PoolKey:
    game, _, mode = name.decode().partition(":")
    return PoolKey(GameId(game), cast(ModeName, mode))
