"""Leaderboards in Redis: one sorted set a board, of user ids by their negated ordinal, so that equals stand by id."""

from collections.abc import Mapping, Sequence
from typing import cast

from domain.core.ids import UserId
from domain.rankings.leaderboards import Board, Leaderboards
from storage.redis.client import Client

KEPT_S = 7 * 86_400
"""A board nobody writes to is that of a season long past."""

CHUNK = 500


class RedisLeaderboards(Leaderboards):
    """The boards. Every command may run twice without harm; reads cost O(log n + what they return)."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def put(self, board: Board, ordinals: Mapping[UserId, float]) -> None:
        key, entries = _key(board), list(ordinals.items())
        for start in range(0, len(entries), CHUNK):
            await self._redis.zadd(key, {user: -ordinal for user, ordinal in entries[start : start + CHUNK]})
        if entries:
            await self._redis.expire(key, KEPT_S)

    async def remove(self, board: Board, users: Sequence[UserId]) -> None:
        if users:
            await self._redis.zrem(_key(board), *users)

    async def page(self, board: Board, start: int, count: int) -> list[UserId]:
        found = cast(list[bytes], await self._redis.zrange(_key(board), start, start + count - 1))
        return [UserId(user.decode()) for user in found]

    async def place(self, board: Board, user: UserId) -> int | None:
        return cast(int | None, await self._redis.zrank(_key(board), user))

    async def size(self, board: Board) -> int:
        return int(await self._redis.zcard(_key(board)))


def _key(board: Board) -> str:
    return f"maoga:leaderboard:{board.game_id}:{board.mode}:{board.season}"
