"""The catalogue: reading it, from memory for some seconds and for as long as the database is away."""

from domain.core.cached import Cached, CachedReads
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.ids import GameId
from domain.core.paging import Page, PageQuery, after, cursor_of
from domain.games.model import GAMES, Game

TTL_S = 5.0
PAGE = 500


class Games:
    """The use cases of the catalogue."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._games = CachedReads(database.collection(GAMES), clock, ttl_s=TTL_S)

    async def get(self, game_id: GameId) -> Game | None:
        """The game, if the catalogue has it."""
        return (await self._games.get(game_id)).value

    async def read(self, game_id: GameId) -> Cached[Game]:
        """The game, for somebody who asks for it by name; raises `NotFound`."""
        found = await self._games.get(game_id)
        if found.value is None:
            raise NotFound("There is no such game.")
        return Cached(found.value, found.stale)

    async def all(self) -> tuple[Game, ...]:
        """The whole catalogue, by id."""
        games: tuple[Game, ...] = ()
        while True:
            behind = (games[-1].id, games[-1].id) if games else None
            page = (await self._games.find({}, limit=PAGE, after=behind)).value
            games += page
            if len(page) < PAGE:
                return games

    async def list(self, query: PageQuery) -> Cached[Page[Game]]:
        """A page of the catalogue, the most popular first."""
        start = after(query.cursor, float)
        found = await self._games.find({}, sort="-popularity", limit=query.limit + 1, after=start)
        games = list(found.value[: query.limit])
        more = len(found.value) > len(games)
        next_cursor = cursor_of(games[-1].popularity, games[-1].id) if more else None
        return Cached(Page(games, next_cursor), found.stale)
