"""The use cases of matchmaking that a player calls: enqueue, cancel, status (accept and decline: `proposals`)."""

from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Delete, Duplicate, Filter, Insert, StorageConflict, Update
from domain.core.errors import AppError, Conflict, NotFound, ValidationFailed
from domain.core.events import Outbox, carrying, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import IdFactory, TicketId, UserId
from domain.core.index import may_lag
from domain.games.games import Games
from domain.lobbies.model import SEATS, Seat
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.compatibility import group_size
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.events import TicketExpired
from domain.matchmaking.model import KEPT_S, MATCHES, TICKETS, CancelReason, MatchView, Ticket, TicketView
from domain.matchmaking.pool import PoolPlayer, Skill, TicketPool
from domain.matchmaking.proposals import Proposals, pool_entry
from domain.users.users import Users

RETRIES = 5


class AlreadyQueued(AppError):
    """You are looking for a match already."""

    code, status = "ALREADY_QUEUED", 409

    def __init__(self, ticket_id: TicketId) -> None:
        super().__init__(details={"ticketId": ticket_id})


class AlreadyInLobby(AppError):
    """You have a seat in a lobby; leave it first."""

    code, status = "ALREADY_IN_LOBBY", 409

    def __init__(self, lobby_id: str) -> None:
        super().__init__(details={"lobbyId": lobby_id})


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
        users: Users,
        games: Games,
        pool: TicketPool,
        board: TicketBoard,
        proposals: Proposals,
        outbox: Outbox,
        clock: Clock,
        new_id: IdFactory,
        config: MatchmakingConfig,
    ) -> None:
        self._database, self._users, self._games, self._pool = database, users, games, pool
        self._board, self._proposals, self._outbox = board, proposals, outbox
        self._clock, self._new_id, self._config = clock, new_id, config
        self._tickets = database.collection(TICKETS)
        self._seats = database.collection(SEATS)

    async def enqueue(self, user: UserId, criteria: Criteria) -> TicketView:
        """Starts looking. Raises `ValidationFailed`, `AlreadyQueued` or `AlreadyInLobby`; nothing is enqueued then."""
        await self._check(criteria)
        ratings = await self._users.ratings_of(user)
        skills = {wish.game_id: Skill(mu=ratings[wish.game_id]) for wish in criteria.games}
        now = self._clock.now()
        ticket = Ticket(
            id=self._new_id(),
            user_id=user,
            criteria=criteria,
            player_ids=(user,),
            players=(PoolPlayer(user_id=user, skills=skills),),
            queued_at=now,
            created_at=now,
            expires_at=now + seconds(KEPT_S),
        )
        try:
            seat = Seat(id=user, ticket_id=TicketId(ticket.id))
            await self._database.commit(Insert(SEATS, seat), Insert(TICKETS, ticket))
        except Duplicate:
            raise await self._taken(user) from None
        fault_point("enqueued")
        with may_lag():
            await self._pool.add(pool_entry(ticket))
        await self._board.show([TicketId(ticket.id)])
        return await self._board.view(ticket)

    async def cancel(self, user: UserId, command: CancelTicket) -> TicketView:
        """Stops looking; while a match is proposed this declines it. The final answer: cancelled or matched."""
        return await self._board.view(await self.withdraw(user, command.ticket_id, "declined"))

    async def withdraw(
        self, user: UserId, ticket_id: TicketId, reason: CancelReason, expect_seat: Filter | None = None
    ) -> Ticket:
        """Ends a ticket whatever state it is in; the ticket as it ended. Raises `NotFound`.

        expect_seat: what else must hold for the seat of a waiting player, or `Conflict` is raised.
        """
        for _ in range(RETRIES):
            ticket = await self._tickets.get(ticket_id)
            if ticket is None or ticket.user_id != user:
                raise NotFound
            if ticket.status == "queued":
                gave_up = {"status": "cancelled", "gave_up_at": self._clock.now()}
                changes: Changes = {"$set": gave_up, "$inc": {"version": 1}}
                if await self._end(ticket, changes, expect_seat):
                    await self._board.show([ticket_id])
            elif ticket.status == "proposed" and ticket.match_id is not None:
                match = await self._database.collection(MATCHES).get(ticket.match_id)
                if match is not None and match.status == "proposed":
                    await self._proposals.refuse(match, [user], reason)
            else:
                return ticket
        raise Conflict

    async def status(self, user: UserId) -> TicketView | None:
        """The user's waiting or proposed ticket, if there is one."""
        seat = await self._seats.get(user)
        ticket = await self._tickets.get(seat.ticket_id) if seat and seat.ticket_id else None
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
        event = to(user_stream("matchmaking", ticket.user_id), TicketExpired(ticket_id=ticket_id))
        if await self._end(ticket, carrying([event], self._clock.now(), status="expired")):
            expired = await self._tickets.get(ticket_id)
            if expired is not None:
                await self._outbox.flush(TICKETS, expired)

    def expiry_limit(self) -> datetime:
        """Tickets queued before this moment have waited too long."""
        return self._clock.now() - seconds(self._config.ticket_max_s)

    async def _end(self, ticket: Ticket, changes: Changes, expect_seat: Filter | None = None) -> bool:
        """Ends a queued ticket together with its seat; False when it has moved on."""
        try:
            await self._database.commit(
                Update(TICKETS, ticket.id, changes, expect={"status": "queued"}),
                Delete(SEATS, ticket.user_id, expect={"ticket_id": ticket.id, **(expect_seat or {})}),
            )
        except StorageConflict:
            return False
        with may_lag():
            await self._pool.remove([TicketId(ticket.id)])
        return True

    async def _check(self, criteria: Criteria) -> None:
        """Raises `ValidationFailed` unless every game knows the mode and allows the group size."""
        found = []
        for number, wish in enumerate(criteria.games):
            game = await self._games.get(wish.game_id)
            mode = game.mode(criteria.mode) if game else None
            if game is None:
                found.append({"field": f"games.{number}.gameId", "message": "unknown game; see GET /api/v1/games"})
            elif mode is None:
                known = ", ".join(mode.mode for mode in game.modes)
                found.append({"field": "mode", "message": f"{wish.game_id} has no such mode; it has: {known}"})
            elif group_size(criteria, mode) is None:
                found.append(
                    {"field": "groupSize", "message": f"{wish.game_id} {criteria.mode} has no such group size"}
                )
        if found:
            raise ValidationFailed(found)

    async def _taken(self, user: UserId) -> AppError:
        seat = await self._seats.get(user)
        if seat is not None and seat.ticket_id is not None:
            return AlreadyQueued(seat.ticket_id)
        if seat is not None and seat.lobby_id is not None:
            return AlreadyInLobby(seat.lobby_id)
        return Conflict()
