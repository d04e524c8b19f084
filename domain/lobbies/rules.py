"""The rules of a lobby, pure: each takes a `Draft` of the lobby and changes it, noting one event per revision.

forming --all ready--> ready --auto start or host--> countdown --its deadline--> active --last one leaves--> closed
   ^------- un-ready, or too few left -----'------------'
forming, ready, countdown --empty or idle--> closed
"""

from datetime import datetime
from typing import Any

from domain.core.clock import seconds
from domain.core.errors import AppError, Forbidden
from domain.core.ids import UserId
from domain.lobbies.events import (
    CountdownCancelled,
    CountdownStarted,
    HostChanged,
    LobbyClosed,
    LobbyEvent,
    LobbyReady,
    LobbyStarted,
    LobbyUnready,
    MemberConnection,
    MemberJoined,
    MemberLeft,
    MemberReady,
)
from domain.lobbies.model import CloseReason, Connection, LeaveReason, Lobby, LobbyStatus, Member, member_view

TRANSITIONS: dict[LobbyStatus, frozenset[LobbyStatus]] = {
    "forming": frozenset({"ready", "closed"}),
    "ready": frozenset({"forming", "countdown", "closed"}),
    "countdown": frozenset({"forming", "active", "closed"}),
    "active": frozenset({"closed"}),
    "closed": frozenset(),
}


class NotInLobby(AppError):
    """You are not in a lobby."""

    code, status = "NOT_IN_LOBBY", 409


class LobbyNotReady(AppError):
    """The lobby can start when everyone is ready."""

    code, status = "LOBBY_NOT_READY", 409


class LobbyStartedAlready(AppError):
    """The lobby has started; readiness no longer matters."""

    code, status = "LOBBY_STARTED", 409


class LobbyOver(AppError):
    """The lobby is closed."""

    code, status = "LOBBY_CLOSED", 409


class LobbyFull(AppError):
    """The lobby has no free place."""

    code, status = "LOBBY_FULL", 409


class Draft:
    """A lobby being changed: its new state, and the events that lead there."""

    def __init__(self, lobby: Lobby) -> None:
        self.lobby = lobby
        self.events: list[LobbyEvent] = []

    def note(self, event: type[LobbyEvent], changes: dict[str, Any], **fields: Any) -> None:
        """Applies `changes` to the lobby and notes the event that tells of them."""
        status = changes.get("status", self.lobby.status)
        if status != self.lobby.status and status not in TRANSITIONS[self.lobby.status]:
            raise RuntimeError(f"a lobby cannot go from {self.lobby.status} to {status}")
        revision = self.lobby.revision + 1
        self.lobby = self.lobby.changed(**changes, revision=revision)
        self.events.append(event(lobby_id=self.lobby.lobby_id, version=revision, **fields))

    def member(self, user: UserId) -> Member:
        """The member with that id; raises `NotInLobby`."""
        member = self.lobby.member(user)
        if member is None:
            raise NotInLobby
        return member

    def with_member(self, user: UserId, **changes: Any) -> tuple[Member, ...]:
        """The members, one of them changed."""
        return tuple(
            member.model_copy(update=changes) if member.user_id == user else member for member in self.lobby.members
        )


def join(draft: Draft, member: Member, now: datetime, countdown_s: float) -> None:
    """A player takes a free place; one who has one keeps it. Raises `LobbyOver` or `LobbyFull`."""
    lobby = draft.lobby
    if lobby.status == "closed":
        raise LobbyOver
    if lobby.member(member.user_id):
        return
    if len(lobby.members) >= lobby.capacity.max:
        raise LobbyFull
    draft.note(MemberJoined, {"members": (*lobby.members, member)}, member=member_view(lobby, member))
    _follow_readiness(draft, now, countdown_s)


def set_ready(draft: Draft, user: UserId, ready: bool, now: datetime, countdown_s: float) -> None:
    """The member is ready, or no longer; the lobby follows. Raises `LobbyStartedAlready`."""
    if draft.lobby.status in {"active", "closed"}:
        raise LobbyStartedAlready
    if draft.member(user).ready != ready:
        members = draft.with_member(user, ready=ready)
        draft.note(MemberReady, {"members": members}, user_id=user, ready=ready)
        _follow_readiness(draft, now, countdown_s)


def leave(draft: Draft, user: UserId, reason: LeaveReason, now: datetime, countdown_s: float) -> None:
    """The member leaves. The longest-staying member becomes host; an empty lobby closes."""
    draft.member(user)
    members = tuple(member for member in draft.lobby.members if member.user_id != user)
    draft.note(MemberLeft, {"members": members}, user_id=user, reason=reason)
    if not members:
        close(draft, "empty", now)
        return
    if draft.lobby.host_id == user:
        heir = next((member for member in members if member.connection == "connected"), members[0])
        draft.note(HostChanged, {"host_id": heir.user_id}, host_id=heir.user_id)
    _follow_readiness(draft, now, countdown_s)


def start(draft: Draft, user: UserId, now: datetime, countdown_s: float) -> None:
    """The host begins the countdown of a lobby in which everyone is ready."""
    draft.member(user)
    if draft.lobby.host_id != user:
        raise Forbidden("only the host may start the lobby")
    if draft.lobby.status == "forming":
        raise LobbyNotReady
    if draft.lobby.status == "ready":
        _begin_countdown(draft, now, countdown_s)


def elapse_countdown(draft: Draft, now: datetime) -> None:
    """The game begins, if the countdown is still on and over."""
    starts_at = draft.lobby.starts_at
    if draft.lobby.status == "countdown" and starts_at is not None and starts_at <= now:
        draft.note(LobbyStarted, {"status": "active", "active_at": now}, active_at=now)


def elapse_idle(draft: Draft, now: datetime) -> None:
    """A lobby that has not started closes when nothing happened for long; a game that runs may take its time."""
    if draft.lobby.status in {"forming", "ready"} and draft.lobby.idle_at <= now:
        close(draft, "idle", now)


def set_connection(draft: Draft, user: UserId, connection: Connection) -> None:
    """The member lost its last connection, or came back."""
    if draft.lobby.status != "closed" and draft.member(user).connection != connection:
        members = draft.with_member(user, connection=connection)
        draft.note(MemberConnection, {"members": members}, user_id=user, connection=connection)


def close(draft: Draft, reason: CloseReason, now: datetime) -> None:
    """The lobby is over."""
    changes = {"status": "closed", "closed_at": now, "close_reason": reason}
    draft.note(LobbyClosed, changes, reason=reason, closed_at=now)


def _follow_readiness(draft: Draft, now: datetime, countdown_s: float) -> None:
    """forming, ready and countdown follow from who is ready."""
    lobby = draft.lobby
    complete = len(lobby.members) >= lobby.capacity.min and all(member.ready for member in lobby.members)
    back = {"status": "forming", "ready_at": None, "starts_at": None}
    if lobby.status == "forming" and complete:
        draft.note(LobbyReady, {"status": "ready", "ready_at": now}, ready_at=now)
        if lobby.settings.auto_start:
            _begin_countdown(draft, now, countdown_s)
    elif lobby.status == "ready" and not complete:
        draft.note(LobbyUnready, back)
    elif lobby.status == "countdown" and not complete:
        draft.note(CountdownCancelled, back)


def _begin_countdown(draft: Draft, now: datetime, countdown_s: float) -> None:
    starts_at = now + seconds(countdown_s)
    draft.note(CountdownStarted, {"status": "countdown", "starts_at": starts_at}, starts_at=starts_at)
