"""The use cases of lobbies: what players ask of them, and what their coming and going does."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Literal

from domain.core.clock import Clock, seconds
from domain.core.codes import new_code
from domain.core.collection import Database, Duplicate, Filter, Insert, Write
from domain.core.errors import Conflict, NotFound, ValidationFailed
from domain.core.ids import IdFactory, LobbyId, UserId
from domain.core.retries import RETRIES
from domain.games.games import Games
from domain.games.model import Mode
from domain.lobbies import rules, settings, spectating, teams
from domain.lobbies.access import LobbyAccess
from domain.lobbies.changes import Decision, LobbyChanges, LobbyConfig
from domain.lobbies.commands import (
    AboutPlayer,
    CreateLobby,
    JoinLobby,
    SetReady,
    SetRole,
    SetTeam,
    Spectate,
    UpdateSettings,
)
from domain.lobbies.events import lobby_stream, watch_stream
from domain.lobbies.model import (
    LOBBIES,
    SEATS,
    SPECTATOR_SEATS,
    Connection,
    Lobby,
    LobbySettings,
    LobbyView,
    Member,
    Seat,
    SpectatorSeat,
    lobby_view,
    outside_view,
)
from domain.lobbies.rules import Draft, LobbyOver, NotInLobby
from domain.lobbies.seats import taken
from domain.lobbies.spectating import AlreadySpectating
from domain.users.users import Users


class Lobbies:
    """The use cases of lobbies."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        games: Games,
        access: LobbyAccess,
        changes: LobbyChanges,
        clock: Clock,
        new_id: IdFactory,
        config: LobbyConfig,
    ) -> None:
        self._users, self._games, self._access, self._changes = users, games, access, changes
        self._clock, self._new_id, self._config = clock, new_id, config
        self._lobbies = database.collection(LOBBIES)
        self._seats = database.collection(SEATS)
        self._spectator_seats = database.collection(SPECTATOR_SEATS)

    # Looking.

    async def get(self, lobby_id: LobbyId) -> Lobby | None:
        """The lobby, as the rules see it."""
        return await self._lobbies.get(lobby_id)

    async def view(self, user: UserId, lobby_id: LobbyId) -> LobbyView:
        """The lobby as the user may see it; raises `NotFound`."""
        lobby = await self._lobbies.get(lobby_id)
        if lobby is None:
            raise NotFound
        if lobby.status == "closed" or not lobby.member(user):
            if user not in lobby.spectators:
                await self._access.check_visible(user, lobby)
            return outside_view(lobby)
        return lobby_view(lobby)

    async def sync(self, user: UserId, lobby_id: LobbyId | None = None) -> LobbyView:
        """The lobby the user has a seat in or, as those see it, watches. Raises `NotInLobby`."""
        lobby = await self._lobbies.get(await self._place_of(user, lobby_id))
        if lobby is not None and lobby.member(user):
            return lobby_view(lobby)
        if lobby is not None and user in lobby.spectators:
            return outside_view(lobby)
        raise NotInLobby

    async def seat_of(self, user: UserId) -> Seat | None:
        """Where the user is."""
        return await self._seats.get(user)

    async def streams_of(self, user: UserId) -> list[str]:
        """The streams of the lobby the user has a seat in and of the one they watch."""
        seat, watched = await self._seats.get(user), await self._spectator_seats.get(user)
        streams = [lobby_stream(seat.lobby_id)] if seat and seat.lobby_id else []
        return [*streams, watch_stream(watched.lobby_id)] if watched else streams

    # Coming and going.

    async def create(self, user: UserId, command: CreateLobby) -> LobbyView:
        """Opens a lobby whose host the user is.

        Raises `ValidationFailed`, and `AlreadyInLobby` or `AlreadyQueued` for who has a place already.
        """
        mode = await self._mode(command)
        host = await self._member(user)
        for _ in range(1 + RETRIES):
            lobby = self._new(command, mode, host)
            try:
                seat = Insert(SEATS, Seat(id=user, lobby_id=lobby.lobby_id))
                return lobby_view(await self._changes.make(lobby, seat, by=user))
            except Duplicate:  # the user has a seat, or had one until now, or another lobby has this code
                seat_there = await self._seats.get(user)
                if seat_there is not None:
                    raise taken(seat_there) from None
        raise Conflict

    async def join(self, user: UserId, command: JoinLobby) -> LobbyView:
        """The user takes a free place; once more changes nothing.

        Raises `NotFound` for a lobby the user may not know of, `LobbyBanned`, `LobbyFull`, `LobbyStartedAlready`,
        `LobbyFromMatch`, `RateLimited` for too many codes, and `AlreadyInLobby` or `AlreadyQueued`.
        """
        lobby_id = command.lobby_id
        if command.join_code is not None:
            lobby_id = await self._access.lobby_with(user, command.join_code, lobby_id)
        if lobby_id is None:
            raise NotFound
        member = await self._member(user)

        def decide(draft: Draft, now: datetime) -> None:
            draft.check_open_to_changes()
            if user in draft.lobby.spectators:
                spectating.unwatch(draft, user, "joined")
            team = teams.smallest_team(draft.lobby)
            rules.join(draft, member.model_copy(update={"team": team}), now, self._config.countdown_s)

        check = partial(self._access.check_join, user, code=command.join_code)
        for _ in range(1 + RETRIES):
            seat = await self._seats.get(user)
            if seat is not None and seat.lobby_id != lobby_id:
                raise taken(seat)
            if seat is not None:
                return await self.sync(user, lobby_id)
            also = [Insert(SEATS, Seat(id=user, lobby_id=lobby_id))]
            with suppress(Duplicate):  # the user has come to have a seat in this very moment
                return lobby_view(await self._changes.change(lobby_id, decide, by=user, check=check, also=also))
        raise Conflict

    async def leave(
        self, user: UserId, lobby_id: LobbyId | None = None, *, reason: Literal["left", "banned"] = "left"
    ) -> LobbyView:
        """The user gives up the seat, or watches no longer; the lobby as it is without them. Raises `NotInLobby`."""
        place = await self._place_of(user, lobby_id)

        def decide(draft: Draft, now: datetime) -> None:
            if user in draft.lobby.spectators:
                spectating.unwatch(draft, user, reason)
            else:
                rules.leave(draft, user, reason, now, self._config.countdown_s)

        return outside_view(await self._changes.change(place, decide, by=user if reason == "left" else None))

    async def close(self, lobby_id: LobbyId, by: UserId | None, *also: Write) -> LobbyView:
        """The operators close a lobby, in one commit with `also`. Raises `NotFound` and `LobbyOver`."""

        def decide(draft: Draft, now: datetime) -> None:
            if draft.lobby.status == "closed":
                raise LobbyOver
            rules.close(draft, "moderated", now)

        return outside_view(await self._changes.change(lobby_id, decide, by=by, also=also))

    async def spectate(self, user: UserId, command: Spectate) -> LobbyView:
        """The user watches a lobby, and no other; once more changes nothing.

        Raises `NotFound` for a lobby the user may not know of, `AlreadySpectating`, and what `spectating.watch` does.
        """
        lobby_id = command.lobby_id

        def decide(draft: Draft, _: datetime) -> None:
            spectating.watch(draft, user)

        check = partial(self._access.check_visible, user)
        for _ in range(1 + RETRIES):
            watched = await self._spectator_seats.get(user)
            if watched is not None and watched.lobby_id != lobby_id:
                raise AlreadySpectating(watched.lobby_id)
            if watched is not None:
                return await self.sync(user, lobby_id)
            also = [Insert(SPECTATOR_SEATS, SpectatorSeat(id=user, lobby_id=lobby_id))]
            with suppress(Duplicate):  # as in `join`
                return outside_view(await self._changes.change(lobby_id, decide, by=user, check=check, also=also))
        raise Conflict

    async def kick(self, user: UserId, command: AboutPlayer) -> LobbyView:
        """The host sends a member or a spectator away, for good."""
        other = command.user_id

        def decide(draft: Draft, now: datetime) -> None:
            if other in draft.lobby.spectators:
                spectating.kick_spectator(draft, user, other)
            else:
                rules.kick(draft, user, other, now, self._config.countdown_s, new_code=new_code())

        return await self._change_own(user, decide)

    async def expire_grace(self, user: UserId, lobby_id: LobbyId) -> None:
        """The user's seat is given up, unless they came back in this very moment (`Conflict`)."""

        def decide(draft: Draft, now: datetime) -> None:
            rules.leave(draft, user, "grace_expired", now, self._config.countdown_s)

        over: Filter = {"grace_until": {"$lte": self._clock.now()}}
        await self._changes.change(lobby_id, decide, expect_seat=over)

    async def set_connection(
        self, users: Sequence[UserId], lobby_id: LobbyId, connection: Connection, *also: Write
    ) -> None:
        """Tells the lobby that members lost their last connections, or came back, in one commit with `also`."""

        def decide(draft: Draft, _: datetime) -> None:
            for user in users:
                rules.set_connection(draft, user, connection)

        await self._changes.change(lobby_id, decide, also=also)

    # What members do. lobby_id: names the lobby that must be theirs, where it is named.

    async def set_ready(self, user: UserId, command: SetReady, lobby_id: LobbyId | None = None) -> LobbyView:
        """Says whether the user is ready. When all are, the lobby is ready and, on auto start, counts down."""

        def decide(draft: Draft, now: datetime) -> None:
            rules.set_ready(draft, user, command.ready, now, self._config.countdown_s)

        return await self._change_own(user, decide, lobby_id)

    async def start(self, user: UserId, lobby_id: LobbyId | None = None) -> LobbyView:
        """The host begins the countdown."""

        def decide(draft: Draft, now: datetime) -> None:
            rules.start(draft, user, now, self._config.countdown_s)

        return await self._change_own(user, decide, lobby_id)

    async def ready_check(self, user: UserId) -> LobbyView:
        """The host asks everybody to be ready in time."""
        return await self._change_own(
            user, lambda draft, now: rules.ready_check(draft, user, now, self._config.ready_check_s)
        )

    async def transfer_host(self, user: UserId, command: AboutPlayer) -> LobbyView:
        """The host hands the lobby over to another member."""
        return await self._change_own(user, lambda draft, _: rules.transfer_host(draft, user, command.user_id))

    async def set_team(self, user: UserId, command: SetTeam) -> LobbyView:
        """Moves a member to another team."""
        return await self._change_own(
            user, lambda draft, _: teams.set_team(draft, user, command.user_id, command.team, command.swap_with)
        )

    async def set_role(self, user: UserId, command: SetRole) -> LobbyView:
        """Gives a member a role, or takes it."""
        return await self._change_own(user, lambda draft, _: teams.set_role(draft, user, command.user_id, command.role))

    async def update_settings(self, user: UserId, command: UpdateSettings) -> LobbyView:
        """The host changes settings."""
        return await self._change_own(
            user, lambda draft, now: settings.update(draft, user, command, now, self._config.countdown_s)
        )

    # Within.

    async def _change_own(self, user: UserId, decide: Decision, lobby_id: LobbyId | None = None) -> LobbyView:
        """Changes the lobby the user has a seat in; raises `NotInLobby` without one, or in another one."""
        seat = await self._seats.get(user)
        if seat is None or seat.lobby_id is None or lobby_id not in {None, seat.lobby_id}:
            raise NotInLobby
        return lobby_view(await self._changes.change(seat.lobby_id, decide, by=user))

    async def _place_of(self, user: UserId, lobby_id: LobbyId | None) -> LobbyId:
        """The lobby the user has a seat in, or watches, if none or that one is asked for; raises `NotInLobby`."""
        seat = await self._seats.get(user)
        if seat is not None and seat.lobby_id is not None and lobby_id in {None, seat.lobby_id}:
            return seat.lobby_id
        watched = await self._spectator_seats.get(user)
        if watched is None or lobby_id not in {None, watched.lobby_id}:
            raise NotInLobby
        return watched.lobby_id

    async def _mode(self, command: CreateLobby) -> Mode:
        game = await self._games.get(command.game_id)
        if game is None:
            raise ValidationFailed([{"field": "gameId", "message": "unknown game; see GET /api/v1/games"}])
        mode = game.playable(command.mode)
        if game.mode(command.mode) is None and command.mode == "custom":
            return Mode(mode="custom")  # a game need not say how its players play among themselves
        if mode is None:
            known = ", ".join(sorted(game.mode_names))
            raise ValidationFailed([{"field": "mode", "message": f"{game.id} has no such mode; it has: {known}"}])
        return mode

    async def _member(self, user: UserId) -> Member:
        """The user, as they come into a lobby."""
        found = await self._users.get(user)
        return Member(
            user_id=user, username=found.username, display_name=found.display_name, joined_at=self._clock.now()
        )

    def _new(self, command: CreateLobby, mode: Mode, host: Member) -> Lobby:
        now = self._clock.now()
        in_teams = mode.teams if mode.teams and mode.teams.count > 1 else None
        return Lobby(
            id=self._new_id(),
            name=command.name or f"{host.display_name}'s lobby",
            game_id=command.game_id,
            mode=command.mode,
            region=command.region,
            host_id=host.user_id,
            members=(host.model_copy(update={"team": 1 if in_teams else None}),),
            capacity=settings.first_capacity(mode, command.capacity),
            size_limit=settings.size_limit(mode),
            teams=in_teams,
            settings=LobbySettings(**command.settings.model_dump()),
            join_code=new_code(),
            created_at=now,
            idle_at=now + seconds(self._config.idle_s),
        )
