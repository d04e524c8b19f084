"""The catalogue: reading it."""

from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.ids import GameId
from domain.core.paging import Page, PageQuery, after, cursor_of
from domain.games.model import GAMES, Game


class Games:
    """The use cases of the catalogue."""

    def __init__(self, database: Database) -> None:
        self._games = database.collection(GAMES)

    async def get(self, game_id: GameId) -> Game | None:
        """The game, if the catalogue has it."""
        return await self._games.get(game_id)

    async def read(self, game_id: GameId) -> tuple[Game, bool]:
        """The game, and whether this is an old copy because the database does not answer; raises `NotFound`."""
        game = await self.get(game_id)
        if game is None:
            raise NotFound("There is no such game.")
        return game, False

    async def list(self, query: PageQuery) -> tuple[Page[Game], bool]:
        """A page of the catalogue, the most popular first, and whether it is an old copy."""
        start = after(query.cursor, float)
        found = await self._games.find({}, sort="-popularity", limit=query.limit + 1, after=start)
        games = found[: query.limit]
        more = len(found) > len(games)
        return Page(games, cursor_of(games[-1].popularity, games[-1].id) if more else None), False
