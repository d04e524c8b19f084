"""`/matchmaking`: tickets and the ready check."""

from typing import ClassVar

from domain.core.events import user_stream
from domain.core.model import Empty
from domain.matchmaking import events
from domain.matchmaking.commands import AnswerMatch, CancelTicket, ReportResult
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.matchmaking import Matchmaking
from domain.matchmaking.model import MatchView, TicketView
from domain.matchmaking.results import Results
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.hub import Hub
from realtime.snapshot import snapshot


class MatchmakingNamespace(Namespace):
    """Looking for a match."""

    name = "matchmaking"
    sends: ClassVar = {
        "matchmaking:user:<userId>": (
            events.TicketUpdated,
            events.TicketExpired,
            events.MatchProposed,
            events.MatchAccepted,
            events.MatchConfirmed,
            events.MatchCancelled,
            events.MatchReported,
        )
    }

    def __init__(self, matchmaking: Matchmaking, results: Results, hub: Hub) -> None:
        self._matchmaking, self._results, self._hub = matchmaking, results, hub

    @on("enqueue", Criteria, cost=4)
    async def enqueue(self, user: SessionUser, command: Criteria) -> TicketView:
        """Starts looking for a match."""
        return await self._matchmaking.enqueue(user.id, command)

    @on("cancel", CancelTicket, cost=2)
    async def cancel(self, user: SessionUser, command: CancelTicket) -> TicketView:
        """Stops looking; the ticket's final answer: cancelled or matched."""
        return await self._matchmaking.cancel(user.id, command)

    @on("status", Empty)
    async def status(self, user: SessionUser, command: Empty) -> Reply[TicketView | None]:
        """The ticket that waits or is proposed a match, or null."""
        return await snapshot(self._hub, [user_stream("matchmaking", user.id)], self._matchmaking.status(user.id))

    @on("accept", AnswerMatch)
    async def accept(self, user: SessionUser, command: AnswerMatch) -> MatchView:
        """Accepts a proposed match."""
        return await self._matchmaking.accept(user.id, command)

    @on("decline", AnswerMatch)
    async def decline(self, user: SessionUser, command: AnswerMatch) -> MatchView:
        """Declines a proposed match."""
        return await self._matchmaking.decline(user.id, command)

    @on("report_result", ReportResult, cost=2)
    async def report_result(self, user: SessionUser, command: ReportResult) -> MatchView:
        """Says how a confirmed match ended. The result counts once more than half of its players, some of every team
        among them, say the same; without that it is disputed some time after the first report."""
        return await self._results.report(user.id, command)
