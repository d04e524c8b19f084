"""Matches: their results, from game servers, and what their players think of one another."""

from domain.core.errors import NotFound
from domain.core.ids import MatchId
from domain.matchmaking.commands import Result
from domain.matchmaking.karma import GiveKarma, KarmaGiven, KarmaLimit, KarmaTooLate, KarmaView
from domain.matchmaking.model import MatchView
from domain.matchmaking.results import MatchNotConfirmed, ResultConflict, ResultElsewhere, ResultTooLate
from rest.routes import Call, Route


async def report_result(call: Call) -> MatchView:
    """Says how a match ended: all its players by place, the winners first. It counts at once. The same result again
    gets the same answer."""
    return await call.services.results.decide(MatchId(call.path["id"]), call.body)


async def give_karma(call: Call) -> KarmaView:
    """Rates another player of a match, within a day: 1 for good, -1 for bad company. The same again counts once."""
    return await call.services.karma.give(call.principal.user_id, MatchId(call.path["id"]), call.body)


routes = [
    Route(
        "POST",
        "/matches/{id}/result",
        report_result,
        auth="key",
        scope="results:write",
        body=Result,
        answer=MatchView,
        rate="server",
        errors=(NotFound, MatchNotConfirmed, ResultConflict, ResultElsewhere, ResultTooLate),
    ),
    Route(
        "POST",
        "/matches/{id}/karma",
        give_karma,
        body=GiveKarma,
        answer=KarmaView,
        status=201,
        rate="write",
        errors=(NotFound, MatchNotConfirmed, KarmaGiven, KarmaTooLate, KarmaLimit),
    ),
]
