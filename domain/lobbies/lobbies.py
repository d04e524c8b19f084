"""The use cases of lobbies: load, decide (`rules`), save on condition, publish."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.chat.events import channel_updated, chat_stream
from domain.chat.model import CHANNELS, Channel
from domain.core.clock import Clock, seconds
from domain.core.collection import (
    Database,
    Delete,
    Duplicate,
    Filter,
    Insert,
    Replace,
    StorageConflict,
    Update,
    Write,
)
from domain.core.deadlines import Deadlines
from domain.core.errors import Conflict, NotFound
from domain.core.events import Outbox, Outgoing, carry, to
from domain.core.ids import GameId, LobbyId, MatchId, TicketId, UserId
from domain.core.index import may_lag
from domain.core.retries import RETRIES, pause
from domain.lobbies import rules
from domain.lobbies.commands import SetReady
from domain.lobbies.events import LobbyClosed, LobbyEvent, LobbyUpdated, MemberLeft, lobby_stream
from domain.lobbies.model import (
    LOBBIES,
    SEATS,
    Capacity,
    Connection,
    LeaveReason,
    Lobby,
    LobbyView,
    Member,
    Seat,
    lobby_view,
)
from domain.lobbies.rules import Draft, NotInLobby
from domain.lobbies.trail import Trail
from domain.users.users import Users

Decision = Callable[[Draft, datetime], None]


@dataclass(frozen=True, slots=True)
class LobbyConfig:
    """countdown_s: from all ready to the start. idle_s: a lobby that has not started closes after so long."""

    countdown_s: float = 5
    idle_s: float = 1800


@dataclass(frozen=True, slots=True)
class Place:
    """A player whose ticket was matched, and where the match puts them."""

    user_id: UserId
    ticket_id: TicketId
    team: int | None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class LobbyPlan:
    """A lobby to be made from a match. The first place is the host's."""

    match_id: MatchId
    name: str
    game_id: GameId
    mode: str
    region: str | None
    places: tuple[Place, ...]
    capacity: Capacity


class Lobbies:
    """The use cases of lobbies."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        deadlines: Deadlines,
        trail: Trail,
        outbox: Outbox,
        clock: Clock,
        config: LobbyConfig,
    ) -> None:
        self._trail = trail
        self._database, self._users, self._deadlines = database, users, deadlines
        self._outbox, self._clock, self._config = outbox, clock, config
        self._lobbies = database.collection(LOBBIES)
        self._seats = database.collection(SEATS)

    async def create_from_match(self, plan: LobbyPlan, *also: Write) -> Lobby:
        """Makes the lobby of a match, its channel and its seats in one commit with `also`; a retry finds it.

        Raises `StorageConflict` when one of `also` or a player's seat is no longer as expected.
        """
        attempt = 0
        while True:
            try:
                return await self._create(plan, also)
            except StorageConflict as conflict:
                attempt += 1
                if conflict.collection != SEATS.name or attempt > RETRIES:
                    raise
                await pause(attempt)  # a player came or went in this very moment

    async def take_in(self, lobby_id: LobbyId, places: Sequence[Place], *also: Write) -> Lobby:
        """Seats players whose tickets were matched with a lobby that stands, in one commit with `also`.

        Raises `LobbyOver`, `LobbyFull`, or `StorageConflict` when one of `also` or a player's seat is no longer as
        expected.
        """
        attempt = 0
        while True:
            try:
                return await self._take_in(lobby_id, places, also)
            except StorageConflict as conflict:
                attempt += 1
                if conflict.collection != SEATS.name or attempt > RETRIES:
                    raise
                await pause(attempt)  # a player came or went in this very moment

    async def get(self, lobby_id: LobbyId) -> Lobby | None:
        """The lobby, as the rules see it."""
        return await self._lobbies.get(lobby_id)

    async def sync(self, user: UserId) -> LobbyView:
        """The user's lobby; raises `NotInLobby`."""
        lobby = await self._lobbies.get(await self._lobby_of(user))
        if lobby is None or lobby.member(user) is None:
            raise NotInLobby
        return lobby_view(lobby)

    async def set_ready(self, user: UserId, command: SetReady) -> LobbyView:
        """Says whether the user is ready. When all are, the lobby is ready and, on auto start, counts down."""

        def decide(draft: Draft, now: datetime) -> None:
            rules.set_ready(draft, user, command.ready, now, self._config.countdown_s)

        return lobby_view(await self._change(await self._lobby_of(user), decide, by=user))

    async def start(self, user: UserId) -> LobbyView:
        """The host begins the countdown."""

        def decide(draft: Draft, now: datetime) -> None:
            rules.start(draft, user, now, self._config.countdown_s)

        return lobby_view(await self._change(await self._lobby_of(user), decide, by=user))

    async def leave(self, user: UserId) -> LobbyView:
        """The user gives up the seat; the lobby as it is without them."""
        return await self._leave(user, await self._lobby_of(user), "left", by=user)

    async def expire_grace(self, user: UserId, lobby_id: LobbyId) -> None:
        """The user's seat is given up, unless they came back in this very moment (`Conflict`)."""
        await self._leave(user, lobby_id, "grace_expired", {"grace_until": {"$lte": self._clock.now()}})

    async def set_connection(
        self, users: Sequence[UserId], lobby_id: LobbyId, connection: Connection, *also: Write
    ) -> None:
        """Tells the lobby that members lost their last connections, or came back, in one commit with `also`."""

        def decide(draft: Draft, _: datetime) -> None:
            for user in users:
                rules.set_connection(draft, user, connection)

        await self._change(lobby_id, decide, also=also)

    async def elapse_countdown(self, lobby_id: LobbyId) -> None:
        """The game begins if the countdown is over. Idempotent."""
        await self._change(lobby_id, rules.elapse_countdown)

    async def elapse_idle(self, lobby_id: LobbyId) -> None:
        """Closes a lobby in which nothing happened for long; else sets the next deadline. Idempotent."""
        lobby = await self._change(lobby_id, rules.elapse_idle)
        if lobby.status in {"forming", "ready"}:
            await self._deadlines.set("idle", lobby.id, lobby.idle_at)

    async def overdue(self, before: datetime, limit: int) -> list[Lobby]:
        """Lobbies whose countdown or idle deadline passed before that moment and was not acted on."""
        counting: Filter = {"status": "countdown", "starts_at": {"$lt": before}}
        idle: Filter = {"status": {"$in": ["forming", "ready"]}, "idle_at": {"$lt": before}}
        return await self._lobbies.find(counting, limit=limit) + await self._lobbies.find(idle, limit=limit)

    async def seat_of(self, user: UserId) -> Seat | None:
        """Where the user is."""
        return await self._seats.get(user)

    async def streams_of(self, user: UserId) -> list[str]:
        """The stream of the user's lobby, if they have one."""
        seat = await self._seats.get(user)
        return [lobby_stream(seat.lobby_id)] if seat and seat.lobby_id else []

    async def _lobby_of(self, user: UserId) -> LobbyId:
        seat = await self._seats.get(user)
        if seat is None or seat.lobby_id is None:
            raise NotInLobby
        return seat.lobby_id

    async def _leave(
        self,
        user: UserId,
        lobby_id: LobbyId,
        reason: LeaveReason,
        expect_seat: Filter | None = None,
        by: UserId | None = None,
    ) -> LobbyView:
        def decide(draft: Draft, now: datetime) -> None:
            rules.leave(draft, user, reason, now, self._config.countdown_s)

        return lobby_view(await self._change(lobby_id, decide, expect_seat, by=by))

    async def _change(
        self,
        lobby_id: LobbyId,
        decide: Decision,
        expect_seat: Filter | None = None,
        also: Sequence[Write] = (),
        by: UserId | None = None,
    ) -> Lobby:
        """Lets `decide` change the lobby at the version read, and tells of it; raises `Conflict` after some tries.

        by: who asked for it, for the trail; nobody, if it is the server's doing.
        Raises `StorageConflict` at once for one of `also`: that is the caller's to judge.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await self._lobbies.get(lobby_id)
            if before is None:
                raise NotFound
            now = self._clock.now()
            draft = Draft(before)
            decide(draft, now)
            if not draft.events:
                await self._database.commit(*also)
                return before
            after = draft.lobby.changed(idle_at=now + seconds(self._config.idle_s))
            after = carry(after, _outgoing(before, after, draft.events), now)
            record = self._trail.changed(before, after, _names(draft.events), by, now)
            consequences = [*_consequences(before, after, expect_seat), record]
            try:
                await self._database.commit(Replace(LOBBIES, after), *consequences, *also)
            except StorageConflict as conflict:
                if conflict.index > len(consequences):
                    raise
                continue
            after = after.changed(version=after.version + 1)
            if after.starts_at and after.status == "countdown":
                with may_lag():
                    await self._deadlines.set("countdown", after.id, after.starts_at)
            await self._outbox.flush(LOBBIES, after)
            return after
        raise Conflict

    async def _create(self, plan: LobbyPlan, also: Sequence[Write]) -> Lobby:
        made = await self._lobbies.get(plan.match_id)
        if made is not None:
            return made
        now = self._clock.now()
        members, moves = await self._arriving(plan.match_id, plan.places, now)
        lobby = self._planned(plan, members, now)
        channel = _channel(lobby)
        events = [
            to(lobby_stream(lobby.lobby_id), LobbyUpdated(**lobby_view(lobby).model_dump()), join=lobby.member_ids),
            to(chat_stream(lobby.chat_id), channel_updated(channel), join=lobby.member_ids),
        ]
        lobby = carry(lobby, events, now)
        try:
            record = self._trail.changed(None, lobby, ("lobby_created",), None, now)
            await self._database.commit(Insert(LOBBIES, lobby), Insert(CHANNELS, channel), *moves, record, *also)
        except Duplicate as duplicate:
            made = await self._lobbies.get(plan.match_id)
            if made is None:
                raise StorageConflict(duplicate.collection, duplicate.index) from duplicate
            return made
        with may_lag():
            await self._deadlines.set("idle", lobby.id, lobby.idle_at)
        await self._outbox.flush(LOBBIES, lobby)
        return lobby

    async def _take_in(self, lobby_id: LobbyId, places: Sequence[Place], also: Sequence[Write]) -> Lobby:
        members, moves = await self._arriving(lobby_id, places, self._clock.now())

        def decide(draft: Draft, now: datetime) -> None:
            for member in members:
                rules.join(draft, member, now, self._config.countdown_s)

        return await self._change(lobby_id, decide, also=(*moves, *also))

    async def _arriving(
        self, lobby_id: str, places: Sequence[Place], now: datetime
    ) -> tuple[tuple[Member, ...], list[Write]]:
        """The members that the players of the places become, and the writes that move their seats."""
        ids = [place.user_id for place in places]
        away = {user for user, seat in (await self._seats.get_many(ids)).items() if seat.grace_until}
        users = await self._users.get_many(ids)
        moves: list[Write] = [
            Update(
                SEATS,
                place.user_id,
                {"$set": {"lobby_id": lobby_id}, "$unset": {"ticket_id": True}},
                expect={"ticket_id": place.ticket_id, "grace_until": {"$exists": place.user_id in away}},
            )
            for place in places
        ]
        members = tuple(
            Member(
                user_id=place.user_id,
                username=users[place.user_id].username,
                display_name=users[place.user_id].display_name,
                team=place.team,
                role=place.role,
                connection="grace" if place.user_id in away else "connected",
                joined_at=now,
            )
            for place in places
        )
        return members, moves

    def _planned(self, plan: LobbyPlan, members: tuple[Member, ...], now: datetime) -> Lobby:
        return Lobby(
            id=plan.match_id,
            name=plan.name,
            game_id=plan.game_id,
            mode=plan.mode,
            region=plan.region,
            host_id=plan.places[0].user_id,
            members=members,
            capacity=plan.capacity,
            match_id=plan.match_id,
            created_at=now,
            idle_at=now + seconds(self._config.idle_s),
        )


def _names(events: Sequence[LobbyEvent]) -> tuple[str, ...]:
    return tuple(event.wire_name for event in events)


def _channel(lobby: Lobby) -> Channel:
    return Channel(
        id=lobby.chat_id,
        kind="lobby",
        member_ids=tuple(lobby.member_ids),
        lobby_id=lobby.lobby_id,
        created_at=lobby.created_at,
        closed_at=lobby.closed_at,
    )


def _gone(before: Lobby, after: Lobby) -> list[UserId]:
    """Who has no seat in the lobby any more."""
    return [user for user in before.member_ids if after.status == "closed" or after.member(user) is None]


def _new(before: Lobby, after: Lobby) -> list[UserId]:
    """Who has a seat in the lobby now and had none before."""
    return [user for user in after.member_ids if before.member(user) is None]


def _consequences(before: Lobby, after: Lobby, expect_seat: Filter | None) -> list[Write]:
    """What changes with the lobby: the seats of those who are gone, and the channel's members."""
    gone = _gone(before, after)
    if new := _new(before, after):
        return [Update(CHANNELS, before.chat_id, {"$addToSet": {"member_ids": new}})]
    if not gone:
        return []
    left = [user for user in gone if after.member(user) is None]
    closing = {"$set": {"closed_at": after.closed_at}} if after.closed_at else {}
    return [
        *(Delete(SEATS, user, expect={"lobby_id": before.id, **(expect_seat or {})}) for user in gone),
        Update(CHANNELS, before.chat_id, {"$pull": {"member_ids": left}, **closing}),
    ]


def _outgoing(before: Lobby, after: Lobby, events: Sequence[LobbyEvent]) -> list[Outgoing]:
    """The events addressed; those who are gone hear of it and then leave the streams, the new begin with the whole."""
    gone, new = _gone(before, after), _new(before, after)
    outgoing = []
    for event in events:
        leave: list[UserId] = []
        if isinstance(event, MemberLeft):
            leave = [event.user_id]
        elif isinstance(event, LobbyClosed):
            leave = after.member_ids
        outgoing.append(to(lobby_stream(before.lobby_id), event, leave=leave))
    if new:
        outgoing.append(to(lobby_stream(before.lobby_id), LobbyUpdated(**lobby_view(after).model_dump()), join=new))
    if gone or new:
        outgoing.append(to(chat_stream(before.chat_id), channel_updated(_channel(after)), join=new, leave=gone))
    return outgoing
