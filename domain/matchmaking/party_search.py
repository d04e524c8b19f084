"""The ticket of a party follows the party: who joins is looked for as well, who leaves is not.

Searching          join: in the ticket too, which keeps its waiting time. leave, kick: the ticket goes on without them,
                   unless it was the leader, who ends it for all, as does a member whose grace is over.
Match proposed     join: `MatchPending`. leave, kick: declines the match, which ends the ticket for all; of a kick the
                   leader is the one who declined.
Otherwise          the party alone changes.
"""

from collections.abc import Sequence
from functools import partial

from domain.core.collection import Database, Insert, Replace
from domain.core.errors import Conflict
from domain.core.ids import TicketId, UserId
from domain.lobbies.model import SEATS, Seat
from domain.lobbies.seats import taken
from domain.matchmaking.admission import Admission
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.cooldowns import Cooldowns
from domain.matchmaking.model import MATCHES, TICKETS, CancelReason, Ticket, pool_entry
from domain.matchmaking.pool import PoolPlayer, TicketPool
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.seating import seats_given_up
from domain.parties.model import LeaveReason, Party
from domain.parties.rules import PartyFull
from domain.parties.search import Following, MatchPending, Search


class PartySearch(Search):
    """What a change of its party means for a ticket."""

    def __init__(
        self,
        *,
        database: Database,
        admission: Admission,
        cooldowns: Cooldowns,
        pool: TicketPool,
        board: TicketBoard,
        proposals: Proposals,
    ) -> None:
        self._admission, self._cooldowns = admission, cooldowns
        self._pool, self._board, self._proposals = pool, board, proposals
        self._seats = database.collection(SEATS)
        self._tickets = database.collection(TICKETS)
        self._matches = database.collection(MATCHES)

    async def follow(self, before: Party, after: Party, reason: LeaveReason) -> Following:
        joined = [user for user in after.member_ids if user not in before.member_ids]
        left = [user for user in before.member_ids if user not in after.member_ids]
        if joined:
            return await self._join(before, joined)
        return await self._leave(before, left, reason) if left else Following()

    async def _join(self, party: Party, joined: Sequence[UserId]) -> Following:
        ticket = await self._ticket_of(party)
        for seat in (await self._seats.get_many(joined)).values():
            if ticket is not None or seat.ticket_id is not None:  # a lobby does not keep one from a party at rest
                raise taken(seat)
        if ticket is None:
            return Following()
        if ticket.status == "proposed":
            raise MatchPending
        most = await self._admission.most_together(ticket.criteria)
        if len(ticket.player_ids) + len(joined) > most:
            raise PartyFull(most)
        await self._cooldowns.check(joined[0], joined)
        newcomers = await self._admission.players(joined, ticket.criteria)
        grown = _with(ticket, (*ticket.players, *newcomers))
        seats = [Insert(SEATS, Seat(id=user, ticket_id=TicketId(ticket.id))) for user in joined]
        return Following([Replace(TICKETS, grown), *seats], partial(self._changed, TicketId(ticket.id)))

    async def _leave(self, party: Party, left: Sequence[UserId], reason: LeaveReason) -> Following:
        ticket = await self._shared_ticket(party, left)
        if ticket is not None and ticket.status == "proposed":
            to_blame = [party.leader_id] if reason == "kicked" else left
            await self._decline(ticket, to_blame, "disconnected" if reason == "grace_expired" else "declined")
            ticket = await self._shared_ticket(party, left)
        if ticket is None:
            return Following()
        if ticket.status == "proposed":
            raise Conflict
        changed, gone = _with(ticket, [player for player in ticket.players if player.user_id not in left]), left
        if party.leader_id in left or reason == "grace_expired":
            changed, gone = ticket.changed(status="cancelled"), ticket.player_ids
        writes = [Replace(TICKETS, changed), *seats_given_up(ticket, gone)]
        return Following(writes, partial(self._changed, TicketId(ticket.id)))

    async def _ticket_of(self, party: Party) -> Ticket | None:
        """The ticket the party looks with: that of its leader."""
        seat = await self._seats.get(party.leader_id)
        ticket = await self._tickets.get(seat.ticket_id) if seat and seat.ticket_id else None
        return ticket if ticket and ticket.status in {"scheduled", "queued", "proposed"} else None

    async def _shared_ticket(self, party: Party, left: Sequence[UserId]) -> Ticket | None:
        """The party's ticket, if those who leave share it with others; whoever is alone in it may well go on alone."""
        ticket = await self._ticket_of(party)
        shared = ticket is not None and len(ticket.player_ids) > 1 and not set(left).isdisjoint(ticket.player_ids)
        return ticket if shared else None

    async def _decline(self, ticket: Ticket, refusers: Sequence[UserId], reason: CancelReason) -> None:
        match = await self._matches.get(ticket.match_id) if ticket.match_id else None
        if match is not None and match.status == "proposed":
            await self._proposals.refuse(match, refusers, reason)

    async def _changed(self, ticket_id: TicketId) -> None:
        """The pool and the players see the ticket as it is now."""
        ticket = await self._tickets.get(ticket_id)
        if ticket is not None:
            if ticket.status != "queued":
                await self._pool.remove([ticket_id])
            else:
                await self._pool.replace(pool_entry(ticket))
        await self._board.show([ticket_id])


def _with(ticket: Ticket, players: Sequence[PoolPlayer]) -> Ticket:
    """The ticket with these players, the first of whom speaks for it."""
    first, *others = player_ids = [player.user_id for player in players]
    criteria = ticket.criteria.model_copy(update={"party": others})
    return ticket.changed(user_id=first, player_ids=tuple(player_ids), players=tuple(players), criteria=criteria)
