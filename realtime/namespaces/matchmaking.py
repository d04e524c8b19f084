"""`/matchmaking`: parties, tickets and the ready check."""

from typing import ClassVar

from domain.core.events import user_stream
from domain.core.model import Empty
from domain.matchmaking import events
from domain.matchmaking.commands import AnswerMatch, BackfillLobby, CancelTicket, ReportResult
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.matchmaking import Matchmaking
from domain.matchmaking.model import MatchView, TicketView
from domain.matchmaking.results import Results
from domain.parties.commands import DeclineParty, JoinParty, PartyMemberCommand
from domain.parties.events import PartyInvited, PartyLeft, PartyUpdated
from domain.parties.model import PartyView
from domain.parties.parties import Parties
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
            events.TicketCancelled,
            events.TicketExpired,
            events.MatchProposed,
            events.MatchAccepted,
            events.MatchConfirmed,
            events.MatchCancelled,
            PartyUpdated,
            PartyInvited,
            PartyLeft,
            events.MatchReported,
        )
    }

    def __init__(self, matchmaking: Matchmaking, parties: Parties, results: Results, hub: Hub) -> None:
        self._matchmaking, self._parties, self._results, self._hub = matchmaking, parties, results, hub

    @on("enqueue", Criteria, cost=4)
    async def enqueue(self, user: SessionUser, command: Criteria) -> TicketView:
        """Starts looking for a match."""
        return await self._matchmaking.enqueue(user.id, command)

    @on("cancel", CancelTicket, cost=2)
    async def cancel(self, user: SessionUser, command: CancelTicket) -> TicketView:
        """Stops looking; the ticket's final answer: cancelled or matched."""
        return await self._matchmaking.cancel(user.id, command)

    @on("backfill", BackfillLobby, cost=4)
    async def backfill(self, user: SessionUser, command: BackfillLobby) -> TicketView:
        """Asks for players for the free places of the host's lobby; its ticket."""
        return await self._matchmaking.backfill(user.id, command)

    @on("status", Empty)
    async def status(self, user: SessionUser, command: Empty) -> Reply[TicketView | None]:
        """The ticket that waits or is proposed a match, else the one that is scheduled, or null."""
        return await snapshot(self._hub, [user_stream("matchmaking", user.id)], self._matchmaking.status(user.id))

    @on("accept", AnswerMatch)
    async def accept(self, user: SessionUser, command: AnswerMatch) -> MatchView:
        """Accepts a proposed match."""
        return await self._matchmaking.accept(user.id, command)

    @on("decline", AnswerMatch)
    async def decline(self, user: SessionUser, command: AnswerMatch) -> MatchView:
        """Declines a proposed match."""
        return await self._matchmaking.decline(user.id, command)

    @on("party_create", Empty, cost=2)
    async def party_create(self, user: SessionUser, command: Empty) -> PartyView:
        """Founds a party, with the player as its leader."""
        return await self._parties.create(user.id)

    @on("party_sync", Empty)
    async def party_sync(self, user: SessionUser, command: Empty) -> Reply[PartyView | None]:
        """The party as it is now, or null."""
        return await snapshot(self._hub, [user_stream("matchmaking", user.id)], self._parties.sync(user.id))

    @on("party_invite", PartyMemberCommand, cost=4)
    async def party_invite(self, user: SessionUser, command: PartyMemberCommand) -> PartyView:
        """Invites a player; any member may."""
        return await self._parties.invite(user.id, command)

    @on("party_join", JoinParty, cost=4)
    async def party_join(self, user: SessionUser, command: JoinParty) -> PartyView:
        """Joins a party, and its search if it is searching. This is the consent to what its leader enqueues."""
        return await self._parties.join(user.id, command)

    @on("party_decline", DeclineParty)
    async def party_decline(self, user: SessionUser, command: DeclineParty) -> None:
        """Turns an invitation down."""
        await self._parties.decline(user.id, command)

    @on("party_leave", Empty)
    async def party_leave(self, user: SessionUser, command: Empty) -> PartyView:
        """Leaves the party; the party as it is without the player. While a match is proposed this declines it."""
        return await self._parties.leave(user.id)

    @on("party_kick", PartyMemberCommand)
    async def party_kick(self, user: SessionUser, command: PartyMemberCommand) -> PartyView:
        """The leader removes a member, or takes an invitation back."""
        return await self._parties.kick(user.id, command)

    @on("party_promote", PartyMemberCommand)
    async def party_promote(self, user: SessionUser, command: PartyMemberCommand) -> PartyView:
        """The leader hands the party over to another member."""
        return await self._parties.promote(user.id, command)

    @on("report_result", ReportResult, cost=2)
    async def report_result(self, user: SessionUser, command: ReportResult) -> MatchView:
        """Says how a match ended whose game has begun. The result counts once more than half of its players, some of
        every team among them, say the same; without that it is disputed some time after the first report."""
        return await self._results.report(user.id, command)
