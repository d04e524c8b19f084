"""The use cases of matchmaking that a player calls: enqueue, cancel, status (accept and decline: `proposals`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Duplicate, Filter, Insert, StorageConflict, Update
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.events import Event, Outbox, carrying, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import IdFactory, TicketId, UserId
from domain.core.index import may_lag
from domain.core.retries import RETRIES, pause
from domain.flags.flags import Flags
from domain.lobbies.model import SEATS, Seat
from domain.lobbies.seats import taken
from domain.matchmaking.admission import Admission
from domain.matchmaking.backfills import Backfills
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.commands import AnswerMatch, BackfillLobby, CancelTicket
from domain.matchmaking.cooldowns import Cooldowns
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.events import TicketCancelled, TicketExpired
from domain.matchmaking.model import (
    KEPT_S,
    MATCHES,
    TICKETS,
    CancelReason,
    MatchView,
    Ticket,
    TicketStatus,
    TicketView,
    pool_entry,
)
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.schedule import Schedule
from domain.matchmaking.seating import party_unchanged, seats_given_up
from domain.parties.model import Party
from domain.parties.parties import Parties
from domain.parties.rules import NotPartyLeader


class PartyMismatch(AppError):
    """`party` must name the other members of your party, `expected`: all of them and nobody else."""

    code, status = "PARTY_MISMATCH", 409

    def __init__(self, expected: list[UserId]) -> None:
        super().__init__(details={"expected": expected})


class PartyMemberBusy(AppError):
    """Members of your party, `userIds`, are looking for a match already or sit in a lobby."""

    code, status = "PARTY_MEMBER_BUSY", 409

    def __init__(self, user_ids: list[str]) -> None:
        super().__init__(details={"userIds": user_ids})


@dataclass(frozen=True, slots=True)
class MatchmakingConfig:
    """ticket_max_s: how long a ticket waits before it expires."""

    ticket_max_s: float = 1800


class Matchmaking:
    """What a player asks of the matchmaking."""

    def __init__(
        self,
        *,
        database: Database,
        admission: Admission,
        parties: Parties,
        pool: TicketPool,
        board: TicketBoard,
        proposals: Proposals,
        schedule: Schedule,
        backfills: Backfills,
        cooldowns: Cooldowns,
        outbox: Outbox,
        flags: Flags,
        clock: Clock,
        new_id: IdFactory,
        config: MatchmakingConfig,
    ) -> None:
        self._database, self._admission, self._parties, self._pool = database, admission, parties, pool
        self._board, self._proposals, self._outbox = board, proposals, outbox
        self._schedule, self._backfills, self._cooldowns = schedule, backfills, cooldowns
        self._flags, self._clock, self._new_id, self._config = flags, clock, new_id, config
        self._tickets = database.collection(TICKETS)
        self._seats = database.collection(SEATS)

    async def enqueue(self, user: UserId, criteria: Criteria) -> TicketView:
        """Starts looking, with the whole party if the user leads one. When it raises, nothing is enqueued.

        With `scheduledAt` the search begins then; a moment that has just passed means now.
        Raises `QueueDisabled`, `ValidationFailed`, `PartyMismatch`, `NotPartyLeader`, `OnCooldown`, `AlreadyQueued`,
        `AlreadyInLobby`, `PartyMemberBusy` or `AlreadyScheduled`.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            party = await self._parties.of(user)
            members = _members(user, criteria, party)
            for wish in criteria.games:
                await self._flags.check_queue(wish.game_id, criteria.mode)
            await self._admission.check(criteria, len(members))
            ticket = await self._ticket(user, members, criteria)
            if ticket.status == "scheduled":
                await self._schedule.put(ticket)
                break
            await self._cooldowns.check(user, members)
            seats = [Insert(SEATS, Seat(id=id, ticket_id=TicketId(ticket.id))) for id in members]
            try:
                await self._database.commit(Insert(TICKETS, ticket), *seats, *party_unchanged(party))
            except Duplicate:
                raise await self._taken(user, members) from None
            except StorageConflict:
                continue  # somebody has joined or left the party
            fault_point("enqueued")
            with may_lag():
                await self._pool.add(pool_entry(ticket))
            break
        else:
            raise Conflict
        await self._board.show([TicketId(ticket.id)])
        return await self._board.view(ticket)

    async def backfill(self, user: UserId, command: BackfillLobby) -> TicketView:
        """Asks for players for the free places of the user's lobby. Raises `OnCooldown`, and what `Backfills` does."""
        await self._cooldowns.check(user)
        return await self._backfills.open(user, command)

    async def cancel(self, user: UserId, command: CancelTicket) -> TicketView:
        """Stops looking; while a match is proposed this declines it. The final answer: cancelled or matched."""
        return await self._board.view(await self.withdraw(user, command.ticket_id, "declined"))

    async def withdraw(
        self, user: UserId, ticket_id: TicketId, reason: CancelReason, expect_seat: Filter | None = None
    ) -> Ticket:
        """Ends a ticket whatever state it is in; the ticket as it ended. Raises `NotFound`.

        Any of its players may, and of a backfill the host. expect_seat: what else must hold for their seat while they
        wait; else `Conflict`.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            ticket = await self._tickets.get(ticket_id)
            if ticket is None or user not in ticket.player_ids:
                raise NotFound
            if ticket.status == "queued":
                changes: Changes = {
                    "$set": {"status": "cancelled", "gave_up_at": self._clock.now()},
                    "$unset": {"backfill_of": True},
                    "$inc": {"version": 1},
                }
                if await self._end(ticket, changes, {user: expect_seat} if expect_seat else None):
                    await self._board.show([ticket_id])
            elif ticket.status == "proposed" and ticket.match_id is not None:
                match = await self._database.collection(MATCHES).get(ticket.match_id)
                if match is not None and match.status == "proposed":
                    await self._proposals.refuse(match, [user], "withdrawn" if ticket.opening else reason)
            elif ticket.status == "scheduled":
                await self._schedule.cancel(ticket)
            else:
                return ticket
        raise Conflict

    async def status(self, user: UserId) -> TicketView | None:
        """The user's waiting or proposed ticket, else the one they have scheduled, if there is one."""
        seat = await self._seats.get(user)
        ticket = await self._tickets.get(seat.ticket_id) if seat and seat.ticket_id else None
        ticket = ticket or await self._schedule.of(user)
        return await self._board.view(ticket) if ticket else None

    async def accept(self, user: UserId, command: AnswerMatch) -> MatchView:
        """Accepts a proposed match; the last accept makes the lobby."""
        return await self._proposals.accept(user, command.match_id)

    async def decline(self, user: UserId, command: AnswerMatch) -> MatchView:
        """Declines a proposed match; the others wait on."""
        return await self._proposals.decline(user, command.match_id)

    async def expire(self, ticket_id: TicketId) -> None:
        """Ends a ticket that has waited too long. Idempotent."""
        ticket = await self._tickets.get(ticket_id)
        if ticket is None or ticket.status != "queued":
            await self._pool.remove([ticket_id])
            return
        if ticket.queued_at > self.expiry_limit():
            return
        await self._end_telling(ticket, TicketExpired(ticket_id=ticket_id), "expired")

    async def cancel_unplayable(self, ticket_id: TicketId) -> bool:
        """Ends a waiting ticket none of whose games can be played in its mode any more; False while one can.

        Idempotent: of a ticket that waits no more it says True.
        """
        ticket = await self._tickets.get(ticket_id)
        if ticket is None or ticket.status != "queued":
            await self._pool.remove([ticket_id])
            return True
        if await self._admission.playable(ticket.criteria):
            return False
        event = TicketCancelled(ticket_id=ticket_id, reason="mode_disabled")
        await self._end_telling(ticket, event, "cancelled")
        return True

    def expiry_limit(self) -> datetime:
        """Tickets queued before this moment have waited too long."""
        return self._clock.now() - seconds(self._config.ticket_max_s)

    async def _end_telling(self, ticket: Ticket, event: Event, status: TicketStatus) -> None:
        """Ends a queued ticket and tells its players, unless it has moved on."""
        events = [to(user_stream("matchmaking", player), event) for player in ticket.player_ids]
        if await self._end(ticket, carrying(events, self._clock.now(), status=status, backfill_of=None)):
            ended = await self._tickets.get(ticket.id)
            if ended is not None:
                await self._outbox.flush(TICKETS, ended)

    async def _end(self, ticket: Ticket, changes: Changes, expect_seats: Mapping[UserId, Filter] | None = None) -> bool:
        """Ends a queued ticket and its seats, which a backfill has none of; False when it has moved on."""
        try:
            await self._database.commit(
                Update(TICKETS, ticket.id, changes, expect={"status": "queued", "version": ticket.version}),
                *seats_given_up(ticket, [] if ticket.opening else ticket.player_ids, expect_seats),
            )
        except StorageConflict:
            return False
        with may_lag():
            await self._pool.remove([TicketId(ticket.id)])
        return True

    async def _ticket(self, user: UserId, members: Sequence[UserId], criteria: Criteria) -> Ticket:
        now = self._clock.now()
        begins = criteria.scheduled_at if criteria.scheduled_at and criteria.scheduled_at > now else None
        return Ticket(
            id=self._new_id(),
            status="scheduled" if begins else "queued",
            scheduled_by=user if begins else None,
            due_at=begins,
            user_id=user,
            criteria=criteria.model_copy(update={"party": [member for member in members if member != user]}),
            player_ids=tuple(members),
            players=await self._admission.players(members, criteria),
            queued_at=begins or now,
            created_at=now,
            expires_at=now + seconds(KEPT_S),
        )

    async def _taken(self, user: UserId, members: Sequence[UserId]) -> AppError:
        """Why the seats cannot be had."""
        seats = await self._seats.get_many(members)
        if user in seats:
            return taken(seats[user])
        return PartyMemberBusy(sorted(seats)) if seats else Conflict()


def _members(user: UserId, criteria: Criteria, party: Party | None) -> list[UserId]:
    """Everybody who is to play, who asks first. Raises `PartyMismatch` or `NotPartyLeader`."""
    members = party.member_ids if party else [user]
    if party and party.leader_id != user:
        raise NotPartyLeader
    others = [member for member in members if member != user]
    if {*criteria.party} - {user} != set(others):
        raise PartyMismatch(others)
    return [user, *others]
