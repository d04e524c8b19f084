"""The ticket pool in Redis. Its keys share the hash tag `{mm}`, so that one script may touch them all."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from domain.core.ids import GameId, MatchId, TicketId
from domain.games.model import ModeName
from domain.matchmaking.pool import Change, Changes, Claim, PoolEntry, PoolKey, PoolStatistics, Position, TicketPool
from storage.redis.client import Client, load_script, unix_ms

KNOWN, ENTRIES, CLAIMED, CLAIMS, POOLS, LOG = KEYS = [
    f"maoga:{{mm}}:{name}" for name in ("known", "entries", "claimed", "claims", "pools", "log")
]
STATISTICS = "maoga:{mm}:statistics"

PAGE = 100
"""So many tickets in one call: they keep Redis, and who decodes them, for some milliseconds."""

T = TypeVar("T")


class RedisTicketPool(TicketPool):
    """Pools and claims, each change one run of `lua/tickets.lua`.

    Runs twice without harm: `claim` finds its own claim and says True again, `settle` and `release` find none and do
    nothing. A second `add` may let a ticket wait that was settled in between; the documents refuse such a match.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._script = load_script(redis, "tickets")

    async def add(self, *entries: PoolEntry) -> None:
        await self._put("add", entries)

    async def replace(self, *entries: PoolEntry) -> None:
        await self._put("replace", entries)

    async def remove(self, ticket_ids: Sequence[TicketId]) -> None:
        for some in _pages(ticket_ids):
            await self._run("remove", *some)

    async def pools(self) -> list[PoolKey]:
        names = cast(set[bytes], await self._redis.smembers(POOLS))
        return sorted(map(_key, names))

    async def size(self, pool: PoolKey) -> int:
        return int(await self._redis.zcard(f"{POOLS}:{_name(pool)}"))

    async def snapshot(self, pool: PoolKey) -> AsyncIterator[Changes]:
        position, cursor = Position((await self._run("position", _name(pool))).decode()), "0"
        while True:
            after, *entries = await self._run("page", _name(pool), cursor, PAGE)
            waiting = map(PoolEntry.model_validate_json, entries)
            yield Changes(position, tuple(Change(entry.ticket_id, entry) for entry in waiting))
            cursor = after.decode()
            if cursor == "0":
                return

    async def changes(self, pool: PoolKey, after: Position) -> Changes | None:
        answer = await self._run("changes", _name(pool), after, PAGE)
        if answer is None:
            return None
        position, *found = answer
        return Changes(Position(position.decode()), tuple(map(_change, found[::2], found[1::2])))

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

    async def write_statistics(self, pool: PoolKey, statistics: PoolStatistics) -> None:
        await self._redis.hset(STATISTICS, _name(pool), statistics.model_dump_json(by_alias=True))

    async def statistics(self, pool: PoolKey) -> PoolStatistics:
        stored = await self._redis.hget(STATISTICS, _name(pool))
        return PoolStatistics.model_validate_json(stored) if stored else PoolStatistics()

    async def _put(self, command: str, entries: Sequence[PoolEntry]) -> None:
        for some in _pages(entries):
            await self._run(command, *(text for entry in some for text in _stored(entry)))

    async def _run(self, command: str, *args: str | int) -> Any:
        return await self._script(keys=KEYS, args=(command, *args))


def _pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + PAGE] for start in range(0, len(items), PAGE))


def _stored(entry: PoolEntry) -> tuple[str, str, str]:
    """An entry as the script takes it: ticket, place, entry."""
    place = " ".join([str(unix_ms(entry.queued_at)), *map(_name, entry.pools)])
    return entry.ticket_id, place, entry.model_dump_json(by_alias=True)


def _change(ticket: bytes, entry: bytes) -> Change:
    return Change(TicketId(ticket.decode()), PoolEntry.model_validate_json(entry) if entry else None)


def _name(pool: PoolKey) -> str:
    return f"{pool.game_id}:{pool.mode}"


def _key(name: bytes) -> PoolKey:
    game, _, mode = name.decode().partition(":")
    return PoolKey(GameId(game), cast(ModeName, mode))
