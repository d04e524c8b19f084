"""Matches, as game servers see them."""

from domain.core.errors import NotFound
from domain.core.ids import MatchId
from domain.matchmaking.commands import Result
from domain.matchmaking.model import MatchView
from domain.matchmaking.results import MatchNotConfirmed, ResultConflict, ResultElsewhere, ResultTooLate
from rest.routes import Call, Route


async def report_result(call: Call) -> MatchView:
    """Says how a match ended: all its players by place, the winners first. It counts at once. The same result again
    gets the same answer."""
    return await call.services.results.decide(MatchId(call.path["id"]), call.body)


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
    )
]
