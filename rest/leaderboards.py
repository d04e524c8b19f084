"""Leaderboards."""

from domain.core.errors import NotFound
from domain.core.ids import GameId
from domain.rankings.commands import LeaderboardQuery
from domain.rankings.standings import LeaderboardEntry, ModeNotRated
from rest.envelope import Reply, page_reply
from rest.routes import Call, Route


async def leaderboard(call: Call) -> Reply:
    """The leaderboard of a game's mode in the season that runs. `meta` has the caller's `own` entry, if there is one,
    the `season`'s name and how many players are on it (`size`)."""
    found = await call.services.standings.read(call.principal.user_id, GameId(call.path["id"]), call.query)
    reply = page_reply(found.page, call.query.limit)
    own = {"own": found.own.wire()} if found.own else {}
    return Reply(reply.data, {**reply.meta, **own, "season": found.season, "size": found.size})


routes = [
    Route(
        "GET",
        "/leaderboards/{id}",
        leaderboard,
        query=LeaderboardQuery,
        answer=list[LeaderboardEntry],
        errors=(NotFound, ModeNotRated),
    )
]
