"""Scheduled tickets: searches that begin later.

Until then they take no seat: their players may play, and look for other matches. When the moment has come, everybody's
seat and the ticket's `queued` are one commit. While a player is busy, away or on cooldown, or the party is another one,
it is tried again; an hour late the ticket expires.
"""

from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Duplicate, Insert, Replace, StorageConflict
from domain.core.deadlines import Deadlines
from domain.core.errors import AppError, Conflict
from domain.core.events import Outbox, carrying, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import TicketId, UserId
from domain.core.index import may_lag
from domain.lobbies.model import SEATS, Seat
from domain.matchmaking.admission import Admission
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.cooldowns import Cooldowns
from domain.matchmaking.events import TicketExpired
from domain.matchmaking.model import TICKETS, Ticket, pool_entry
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.seating import party_unchanged
from domain.parties.model import Party
from domain.parties.parties import Parties
from domain.presence.presence import Presence

RETRY_S = 30.0
GIVE_UP_S = 3600.0


class AlreadyScheduled(AppError):
    """You have a scheduled search already; cancel it first."""

    code, status = "ALREADY_SCHEDULED", 409

    def __init__(self, ticket_id: TicketId) -> None:
        super().__init__(details={"ticketId": ticket_id})


class Schedule:
    """The scheduled tickets. `scheduled_by` is a unique key: a user has one at the most."""

    def __init__(
        self,
        *,
        database: Database,
        admission: Admission,
        parties: Parties,
        cooldowns: Cooldowns,
        presence: Presence,
        pool: TicketPool,
        board: TicketBoard,
        deadlines: Deadlines,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._database, self._admission, self._parties, self._cooldowns = database, admission, parties, cooldowns
        self._presence, self._pool, self._board, self._deadlines = presence, pool, board, deadlines
        self._outbox, self._clock = outbox, clock
        self._tickets = database.collection(TICKETS)

    async def put(self, ticket: Ticket) -> None:
        """Stores a scheduled ticket; raises `AlreadyScheduled`."""
        try:
            await self._tickets.insert(ticket)
        except Duplicate:
            other = await self._tickets.find_one({"scheduled_by": ticket.user_id})
            raise (AlreadyScheduled(TicketId(other.id)) if other else Conflict()) from None
        await self._remind(ticket)

    async def of(self, user: UserId) -> Ticket | None:
        """The scheduled ticket that the user is a player of; their own, if there are several."""
        own = await self._tickets.find_one({"scheduled_by": user})
        return own or await self._tickets.find_one({"player_ids": user, "status": "scheduled"})

    async def cancel(self, ticket: Ticket) -> None:
        """Cancels a scheduled ticket, unless it has moved on."""
        cancelled = ticket.changed(status="cancelled", scheduled_by=None, due_at=None)
        if await self._tickets.replace(cancelled) is not None:
            with may_lag():
                await self._deadlines.drop("schedule", ticket.id)
            await self._board.show([TicketId(ticket.id)])

    async def elapse(self, ticket_id: TicketId) -> None:
        """The moment has come: the search begins, is put off, or is given up. Idempotent."""
        ticket = await self._tickets.get(ticket_id)
        now = self._clock.now()
        if ticket is None or ticket.status != "scheduled" or ticket.due_at is None or ticket.due_at > now:
            return
        if now >= (ticket.criteria.scheduled_at or ticket.due_at) + seconds(GIVE_UP_S):
            await self._expire(ticket)
            return
        party = await self._parties.of(ticket.user_id)
        if not await self._can_begin(ticket, party) or not await self._begin(ticket, party):
            await self._put_off(ticket)

    async def _can_begin(self, ticket: Ticket, party: Party | None) -> bool:
        """Whether the players are still together, here, and may search."""
        together = party.member_ids if party else [ticket.user_id]
        return (
            (party is None or party.leader_id == ticket.user_id)
            and set(together) == set(ticket.player_ids)
            and await self._presence.online(list(ticket.player_ids)) >= set(ticket.player_ids)
            and not await self._cooldowns.running(ticket.player_ids)
        )

    async def _begin(self, ticket: Ticket, party: Party | None) -> bool:
        """The waiting begins now; False when somebody is busy, or something has changed in this very moment."""
        queued = ticket.changed(
            status="queued",
            queued_at=self._clock.now(),
            players=await self._admission.players(ticket.player_ids, ticket.criteria),
            scheduled_by=None,
            due_at=None,
        )
        seats = [Insert(SEATS, Seat(id=user, ticket_id=TicketId(ticket.id))) for user in ticket.player_ids]
        try:
            await self._database.commit(Replace(TICKETS, queued), *seats, *party_unchanged(party))
        except StorageConflict:
            return False
        fault_point("began")
        with may_lag():
            await self._pool.add(pool_entry(queued))
        await self._board.show([TicketId(ticket.id)])
        return True

    async def _put_off(self, ticket: Ticket) -> None:
        """It is tried again later, unless the ticket has moved on."""
        later = await self._tickets.replace(ticket.changed(due_at=self._clock.now() + seconds(RETRY_S)))
        if later is not None:
            await self._remind(later)

    async def _expire(self, ticket: Ticket) -> None:
        event = TicketExpired(ticket_id=TicketId(ticket.id))
        events = [to(user_stream("matchmaking", user), event) for user in ticket.player_ids]
        expired = carrying(events, self._clock.now(), status="expired", scheduled_by=None, due_at=None)
        changed = await self._tickets.update(ticket.id, expired, expect={"version": ticket.version})
        if changed is not None:
            await self._outbox.flush(TICKETS, changed)

    async def _remind(self, ticket: Ticket) -> None:
        if ticket.due_at is not None:
            with may_lag():
                await self._deadlines.set("schedule", ticket.id, ticket.due_at)
