"""What the members of a lobby are told, on `lobby:<lobbyId>`, and those who watch it, on `lobby:watch:<lobbyId>`.

Each event raises the lobby's version by one; applying them in order to an old snapshot gives the present one. Both
streams have the same events, but for what only members may know.
"""

from typing import ClassVar, Self

from domain.core.events import Event
from domain.core.ids import LobbyId, UserId
from domain.core.model import Timestamp
from domain.lobbies.connection import GameConnection
from domain.lobbies.model import (
    CancelReason,
    CloseReason,
    Connection,
    InvitationView,
    LeaveReason,
    Lobby,
    LobbyView,
    MemberView,
    UnwatchReason,
    lobby_view,
)


def lobby_stream(lobby: LobbyId) -> str:
    """The stream of one lobby."""
    return f"lobby:{lobby}"


def watch_stream(lobby: LobbyId) -> str:
    """The stream of those who watch a lobby."""
    return f"lobby:watch:{lobby}"


class LobbyUpdated(Event, LobbyView):
    """The lobby as it is now: take it whole. It tells of what has no event of its own, and newcomers of all."""

    wire_name: ClassVar[str] = "lobby_updated"

    def for_watchers(self) -> Self:
        """The same for those who watch: without what lets in."""
        settings = self.settings.model_copy(update={"join_code": None})
        return self.model_copy(update={"settings": settings, "connection": None})


def lobby_updated(lobby: Lobby) -> LobbyUpdated:
    """The event that tells members the whole lobby."""
    return LobbyUpdated(**lobby_view(lobby).model_dump())


class LobbyEvent(Event):
    """Base of the events that change a part of a lobby."""

    lobby_id: LobbyId
    version: int

    def for_watchers(self) -> Self:
        """The same for those who watch: without what only members may know."""
        return self


class MemberJoined(LobbyEvent):
    """A player has come: put it at the end of `members`. The player itself gets `lobby_updated`."""

    wire_name: ClassVar[str] = "member_joined"

    member: MemberView


class MemberLeft(LobbyEvent):
    """A member is gone: take it out of `members`."""

    wire_name: ClassVar[str] = "member_left"

    user_id: UserId
    reason: LeaveReason


class SpectatorJoined(LobbyEvent):
    """Somebody watches now: put them at the end of `spectators`. They themselves get `lobby_updated`."""

    wire_name: ClassVar[str] = "spectator_joined"

    user_id: UserId


class SpectatorLeft(LobbyEvent):
    """Somebody watches no longer: take them out of `spectators`."""

    wire_name: ClassVar[str] = "spectator_left"

    user_id: UserId
    reason: UnwatchReason


class MemberReady(LobbyEvent):
    """A member is ready or no longer ready."""

    wire_name: ClassVar[str] = "member_ready"

    user_id: UserId
    ready: bool


class MemberConnection(LobbyEvent):
    """A member lost its last connection (grace), or came back."""

    wire_name: ClassVar[str] = "member_connection"

    user_id: UserId
    connection: Connection


class HostChanged(LobbyEvent):
    """Another member is the host now."""

    wire_name: ClassVar[str] = "host_changed"

    host_id: UserId


class LobbyReady(LobbyEvent):
    """Everyone is ready: the status is `ready`, and a ready check (`readyBy`) is over."""

    wire_name: ClassVar[str] = "lobby_ready"

    ready_at: Timestamp


class LobbyUnready(LobbyEvent):
    """Not everyone is ready any more: the status is `forming` again, `readyAt` and `startsAt` are gone."""

    wire_name: ClassVar[str] = "lobby_unready"


class CountdownStarted(LobbyEvent):
    """The lobby starts at `startsAt`: the status is `countdown`."""

    wire_name: ClassVar[str] = "countdown_started"

    starts_at: Timestamp


class CountdownCancelled(LobbyEvent):
    """The countdown ended early: the status is `forming`, `readyAt` and `startsAt` are gone, `allocating` is false.

    reason: somebody is not ready any more or is gone; or no server was to be had for the game;
    or its host has asked for too many (`rate_limited`).
    """

    wire_name: ClassVar[str] = "countdown_cancelled"

    reason: CancelReason


class LobbyStarted(LobbyEvent):
    """The game begins: the status is `active`, `allocating` is false. connection: where, if a server was found."""

    wire_name: ClassVar[str] = "lobby_started"

    active_at: Timestamp
    connection: GameConnection | None

    def for_watchers(self) -> Self:
        return self.model_copy(update={"connection": None})


class LobbyClosed(LobbyEvent):
    """The lobby is over: the status is `closed`, `readyBy` is gone, `allocating` is false."""

    wire_name: ClassVar[str] = "lobby_closed"

    reason: CloseReason
    closed_at: Timestamp


class LobbyInvited(Event, InvitationView):
    """Somebody invites the player to a lobby; told on `lobby:user:<userId>`."""

    wire_name: ClassVar[str] = "lobby_invited"
