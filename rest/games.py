"""The catalogue of games, and those who keep it."""

from domain.core.errors import Conflict, NotFound, RateLimited
from domain.core.ids import GameId
from domain.core.paging import Page
from domain.games.catalogue import GameExists
from domain.games.commands import AddGame, FetchGames, GameQuery, ReplaceGame, TrendingQuery
from domain.games.imports import SyncStarted
from domain.games.model import CatalogueEntry, GameView, catalogue_entry, game_view
from domain.games.source import GameSourceUnavailable, NoGameSource
from domain.matchmaking.trending import TrendingGame
from rest.envelope import Reply, page_reply, stale_meta
from rest.routes import Call, Route


async def list_games(call: Call) -> Reply:
    """The games that have all that is asked for; each mode with its whole rule set, in `matching`.

    `query` finds by words of the name and of other names, the last word as far as it is typed.
    """
    found = await call.services.games.search(call.query)
    page = Page([game_view(game) for game in found.value.items], found.value.next_cursor)
    return page_reply(page, call.query.limit, stale=found.stale)


async def trending(call: Call) -> Reply:
    """The games that are played most now, counted every half minute."""
    return Reply([game.wire() for game in await call.services.trending.read(call.query.limit)])


async def game(call: Call) -> Reply:
    """One game."""
    found = await call.services.games.read(GameId(call.path["id"]))
    return Reply(game_view(found.value), stale_meta(found.stale))


async def fetch_games(call: Call) -> Reply:
    """Looks for games where this server imports them from, puts them into the catalogue and answers them. Not for
    guests."""
    found = await call.services.imports.fetch(call.principal.user_id, call.body)
    return Reply([game_view(game).wire() for game in found])


async def sync_games(call: Call) -> SyncStarted:
    """Starts the import of the popular games, as a job."""
    return await call.services.imports.start_sync(call.actor)


async def entry(call: Call) -> CatalogueEntry:
    """One game as it is kept: all its modes, and its version."""
    return catalogue_entry(await call.services.catalogue.get(GameId(call.path["id"])))


async def add_game(call: Call) -> CatalogueEntry:
    """Adds a game."""
    return catalogue_entry(await call.services.catalogue.add(call.actor, call.body))


async def replace_game(call: Call) -> CatalogueEntry:
    """Says anew all of a game: what is left out is gone. With `version`, only if nobody else has changed it since.

    Who waits for a mode that is taken away or disabled is told `ticket_cancelled`; what has begun goes on.
    """
    return catalogue_entry(await call.services.catalogue.replace(call.actor, GameId(call.path["id"]), call.body))


async def remove_game(call: Call) -> None:
    """Removes a game. Players' ratings in it stay, and count again if it is added again."""
    await call.services.catalogue.remove(call.actor, GameId(call.path["id"]))


routes = [
    Route("GET", "/games", list_games, auth=None, query=GameQuery, answer=list[GameView]),
    Route("GET", "/games/trending", trending, auth=None, query=TrendingQuery, answer=list[TrendingGame]),
    Route("GET", "/games/{id}", game, auth=None, answer=GameView, errors=(NotFound,)),
    Route(
        "POST",
        "/games/fetch",
        fetch_games,
        body=FetchGames,
        answer=list[GameView],
        rate="write",
        errors=(RateLimited, GameSourceUnavailable, NoGameSource),
    ),
    Route(
        "POST",
        "/admin/games/sync",
        sync_games,
        permission="games:write",
        scope="games:write",
        answer=SyncStarted,
        status=202,
        rate="write",
        errors=(NoGameSource,),
    ),
    Route(
        "GET",
        "/admin/games/{id}",
        entry,
        permission="games:write",
        scope="games:write",
        answer=CatalogueEntry,
        errors=(NotFound,),
    ),
    Route(
        "POST",
        "/admin/games",
        add_game,
        permission="games:write",
        scope="games:write",
        body=AddGame,
        answer=CatalogueEntry,
        status=201,
        rate="write",
        errors=(GameExists,),
    ),
    Route(
        "PUT",
        "/admin/games/{id}",
        replace_game,
        permission="games:write",
        scope="games:write",
        body=ReplaceGame,
        answer=CatalogueEntry,
        rate="write",
        errors=(NotFound, Conflict, GameExists),
    ),
    Route(
        "DELETE",
        "/admin/games/{id}",
        remove_game,
        permission="games:write",
        scope="games:write",
        status=204,
        rate="write",
        errors=(NotFound, Conflict),
    ),
]
