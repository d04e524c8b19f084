"""The catalogue of games."""

from domain.core.errors import NotFound
from domain.core.ids import GameId
from domain.core.paging import PageQuery
from domain.games.model import Game
from rest.envelope import Reply, page_reply, stale_meta
from rest.routes import Call, Route


async def list_games(call: Call) -> Reply:
    """The catalogue, the most popular first; each mode with its whole rule set, in `matching`."""
    page = await call.services.games.list(call.query)
    return page_reply(page.value, call.query.limit, stale=page.stale)


async def game(call: Call) -> Reply:
    """One game."""
    found = await call.services.games.read(GameId(call.path["id"]))
    return Reply(found.value, stale_meta(found.stale))


routes = [
    Route("GET", "/games", list_games, auth=None, query=PageQuery, answer=list[Game]),
    Route("GET", "/games/{id}", game, auth=None, answer=Game, errors=(NotFound,)),
]
