"""Trending: the games that are played now, counted for all instances at most every half minute."""

import asyncio

from pydantic import TypeAdapter

from domain.core.cache import Cache
from domain.core.collection import Database
from domain.core.ids import GameId
from domain.games.games import CATALOGUE_TAG, Games
from domain.games.model import Game, GameView, game_view
from domain.lobbies.model import LOBBIES, LobbyStatus
from domain.matchmaking.pool import TicketPool

COUNTED_S = 30.0
COUNTED = 200
"""So many games are counted, the most popular ones."""
COUNTED_AT_ONCE = 8
MOST = 50

OPEN: tuple[LobbyStatus, ...] = ("forming", "ready", "countdown", "active")


class TrendingGame(GameView):
    """A game and how much it is played now. waiting: tickets in its pools. lobbies: those that are open or play."""

    waiting: int
    lobbies: int


_KIND = TypeAdapter(list[TrendingGame])


class Trending:
    """Tells which games are played most."""

    def __init__(self, database: Database, games: Games, pool: TicketPool, cache: Cache) -> None:
        self._games, self._pool, self._cache = games, pool, cache
        self._lobbies = database.collection(LOBBIES)

    async def read(self, limit: int) -> list[TrendingGame]:
        """At most `limit` games, those with the most tickets and lobbies first, then the most popular."""
        found = await self._cache.get_or("trending:all", self._count, kind=_KIND, tags=[CATALOGUE_TAG], ttl_s=COUNTED_S)
        return found[:limit]

    async def _count(self) -> list[TrendingGame]:
        playable = [game for game in await self._games.all() if game.mode_names]
        known = sorted(playable, key=lambda game: (-game.popularity, game.id))[:COUNTED]
        waiting = dict.fromkeys((GameId(game.id) for game in known), 0)
        for pool in await self._pool.pools():
            if pool.game_id in waiting:
                waiting[pool.game_id] += await self._pool.size(pool)
        turns = asyncio.Semaphore(COUNTED_AT_ONCE)

        async def counted(game: Game) -> TrendingGame:
            async with turns:
                lobbies = await self._lobbies.count({"game_id": game.id, "status": {"$in": OPEN}})
            return TrendingGame(**dict(game_view(game)), waiting=waiting[GameId(game.id)], lobbies=lobbies)

        found = await asyncio.gather(*map(counted, known))
        return sorted(found, key=lambda one: (-one.waiting - one.lobbies, -one.popularity, one.id))[:MOST]
