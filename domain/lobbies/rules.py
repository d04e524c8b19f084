"""The rules of a lobby, pure: each takes a `Draft` of the lobby and changes it, noting one event per revision.

forming --all ready--> ready --auto start or host--> countdown --its deadline--> active
   ^------- un-ready, or too few left -----'------------'
forming, ready, countdown, active --empty, idle, expired or finished--> closed

Teams and roles are in `teams`, settings in `settings`, those who watch in `spectating`.
"""

from datetime import datetime, timedelta
from typing import Any

from domain.core.clock import seconds
from domain.core.errors import AppError, Forbidden
from domain.core.ids import UserId
from domain.lobbies.connection import GameConnection
from domain.lobbies.events import (
    CountdownCancelled,
    CountdownStarted,
    HostChanged,
    LobbyClosed,
    LobbyEvent,
    LobbyReady,
    LobbyStarted,
    LobbyUnready,
    LobbyUpdated,
    MemberConnection,
    MemberJoined,
    MemberLeft,
    MemberReady,
    lobby_updated,
)
from domain.lobbies.model import (
    CancelReason,
    CloseReason,
    Connection,
    LeaveReason,
    Lobby,
    LobbyStatus,
    Member,
    member_view,
)

TRANSITIONS: dict[LobbyStatus, frozenset[LobbyStatus]] = {
    "forming": frozenset({"ready", "closed"}),
    "ready": frozenset({"forming", "countdown", "closed"}),
    "countdown": frozenset({"forming", "active", "closed"}),
    "active": frozenset({"closed"}),
    "closed": frozenset(),
}

FORMING: dict[str, Any] = {"status": "forming", "ready_at": None, "starts_at": None, "allocating": False}
"""What is so again when a lobby goes back to forming."""

BANS_MOST = 100
"""A lobby remembers so many players who were kicked; then it forgets the first of them."""


CLOSED_KEPT = timedelta(days=90)
"""As long as its trail."""


class NotInLobby(AppError):
    """You are not in this lobby, or the other player is not."""

    code, status = "NOT_IN_LOBBY", 409


class LobbyNotReady(AppError):
    """The lobby can start when everyone is ready."""

    code, status = "LOBBY_NOT_READY", 409


class LobbyStartedAlready(AppError):
    """The lobby has started, or is about to; that could be changed before."""

    code, status = "LOBBY_STARTED", 409


class LobbyOver(AppError):
    """The lobby is closed."""

    code, status = "LOBBY_CLOSED", 409


class LobbyFull(AppError):
    """The lobby has no free place."""

    code, status = "LOBBY_FULL", 409


class LobbyBanned(AppError):
    """You were kicked from this lobby."""

    code, status = "LOBBY_BANNED", 403


class LobbyFromMatch(AppError):
    """The lobby was made from a match, which has settled this."""

    code, status = "LOBBY_FROM_MATCH", 409


class Draft:
    """A lobby being changed: its new state, and the events that lead there."""

    def __init__(self, lobby: Lobby) -> None:
        self.lobby = lobby
        self.events: list[LobbyEvent | LobbyUpdated] = []

    def note(self, event: type[LobbyEvent], changes: dict[str, Any], **fields: Any) -> None:
        """Applies `changes` to the lobby and notes the event that tells of them."""
        status = changes.get("status", self.lobby.status)
        if status != self.lobby.status and status not in TRANSITIONS[self.lobby.status]:
            raise RuntimeError(f"a lobby cannot go from {self.lobby.status} to {status}")
        self._apply(changes)
        self.events.append(event(lobby_id=self.lobby.lobby_id, version=self.lobby.revision, **fields))

    def update(self, **changes: Any) -> None:
        """Applies changes that have no event of their own: everybody is told the whole lobby."""
        self._apply(changes)
        self.events.append(lobby_updated(self.lobby))

    def ban(self, user: UserId) -> None:
        """The user may not come back; nobody is told of that alone."""
        self.lobby = self.lobby.changed(banned=(*self.lobby.banned, user)[-BANS_MOST:])

    def member(self, user: UserId) -> Member:
        """The member of the open lobby with that id; raises `NotInLobby`."""
        member = self.lobby.member(user)
        if member is None or self.lobby.status == "closed":
            raise NotInLobby
        return member

    def with_member(self, user: UserId, **changes: Any) -> tuple[Member, ...]:
        """The members, one of them changed."""
        return tuple(
            member.model_copy(update=changes) if member.user_id == user else member for member in self.lobby.members
        )

    def check_host(self, user: UserId) -> None:
        """Raises `NotInLobby`, or `Forbidden` unless the user is the host."""
        self.member(user)
        if self.lobby.host_id != user:
            raise Forbidden("Only the host of the lobby may do this.")

    def check_open_to_changes(self) -> None:
        """Raises `LobbyStartedAlready` once the countdown runs."""
        if self.lobby.status not in {"forming", "ready"}:
            raise LobbyStartedAlready

    def _apply(self, changes: dict[str, Any]) -> None:
        self.lobby = self.lobby.changed(**changes, revision=self.lobby.revision + 1)


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
    follow_readiness(draft, now, countdown_s)


def set_ready(draft: Draft, user: UserId, ready: bool, now: datetime, countdown_s: float) -> None:
    """The member is ready, or no longer; the lobby follows. Raises `LobbyStartedAlready`."""
    if draft.lobby.status in {"active", "closed"}:
        raise LobbyStartedAlready
    if draft.member(user).ready != ready:
        members = draft.with_member(user, ready=ready)
        draft.note(MemberReady, {"members": members}, user_id=user, ready=ready)
        follow_readiness(draft, now, countdown_s)


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
    follow_readiness(draft, now, countdown_s)


def kick(draft: Draft, user: UserId, other: UserId, now: datetime, countdown_s: float, *, new_code: str) -> None:
    """The host removes a member, who may not come back; nor can others who have the code from them.

    Raises `Forbidden`, `NotInLobby`, or `LobbyStartedAlready` for a match's players while it is played.
    """
    draft.check_host(user)
    if other == user:
        raise Forbidden("The host leaves with `leave`.")
    if draft.lobby.match_id is not None and draft.lobby.status == "active":
        raise LobbyStartedAlready
    leave(draft, other, "kicked", now, countdown_s)
    draft.ban(other)
    if draft.lobby.join_code is not None:
        draft.update(join_code=new_code)


def transfer_host(draft: Draft, user: UserId, other: UserId) -> None:
    """The host hands the lobby over. Raises `Forbidden` or `NotInLobby`."""
    draft.check_host(user)
    draft.member(other)
    if other != user:
        draft.note(HostChanged, {"host_id": other}, host_id=other)


def start(draft: Draft, user: UserId, now: datetime, countdown_s: float) -> None:
    """The host begins the countdown of a lobby in which everyone is ready."""
    draft.check_host(user)
    if draft.lobby.status == "forming":
        raise LobbyNotReady
    if draft.lobby.status == "ready":
        _begin_countdown(draft, now, countdown_s)


def ready_check(draft: Draft, user: UserId, now: datetime, ready_check_s: float) -> None:
    """The host asks everybody to be ready in time; once more changes nothing. Raises `LobbyStartedAlready`."""
    draft.check_host(user)
    if draft.lobby.status == "active":
        raise LobbyStartedAlready
    if draft.lobby.status == "forming" and draft.lobby.ready_by is None:
        draft.update(ready_by=now + seconds(ready_check_s))


def elapse_ready_check(draft: Draft, now: datetime, countdown_s: float) -> None:
    """The ready check ends, if it is on and over. Who is not ready stays, or leaves if the settings say so."""
    ready_by = draft.lobby.ready_by
    if ready_by is None or ready_by > now:
        return
    draft.update(ready_by=None)
    if draft.lobby.settings.remove_unready:
        for user in [member.user_id for member in draft.lobby.members if not member.ready]:
            leave(draft, user, "not_ready", now, countdown_s)


def counted_down(lobby: Lobby, now: datetime) -> bool:
    """Whether the countdown is still on and over, and nothing has followed from it yet."""
    if lobby.status != "countdown" or lobby.allocating:
        return False
    return lobby.starts_at is not None and lobby.starts_at <= now


def elapse_countdown(draft: Draft, now: datetime, *, allocate: bool = False, limited: bool = False) -> None:
    """The game begins, if the countdown is over; with `allocate` a server is found for it first, unless `limited`."""
    if not counted_down(draft.lobby, now):
        return
    if limited:
        cancel_start(draft, "rate_limited")
    elif allocate:
        draft.update(allocating=True)
    else:
        begin(draft, now, None)


def begin(draft: Draft, now: datetime, connection: GameConnection | None) -> None:
    """The game begins, on that server."""
    changes = {"status": "active", "active_at": now, "allocating": False, "connection": connection}
    draft.note(LobbyStarted, changes, active_at=now, connection=connection)


def cancel_start(draft: Draft, reason: CancelReason) -> None:
    """There is no server: nobody is ready any more, so that the lobby does not go on asking by itself."""
    draft.note(CountdownCancelled, FORMING, reason=reason)
    draft.update(members=tuple(member.model_copy(update={"ready": False}) for member in draft.lobby.members))


def elapse_idle(draft: Draft, now: datetime) -> None:
    """Closes a lobby whose match has a result, in which nothing happened for long, or whose game takes too long."""
    lobby = draft.lobby
    if lobby.idle_at > now or lobby.status == "closed":
        return
    if lobby.finished_at is not None:
        close(draft, "finished", now)
    elif lobby.status != "countdown":
        close(draft, "expired" if lobby.status == "active" else "idle", now)


def set_connection(draft: Draft, user: UserId, connection: Connection) -> None:
    """The member lost its last connection, or came back."""
    if draft.lobby.status != "closed" and draft.member(user).connection != connection:
        members = draft.with_member(user, connection=connection)
        draft.note(MemberConnection, {"members": members}, user_id=user, connection=connection)


def close(draft: Draft, reason: CloseReason, now: datetime) -> None:
    """The lobby is over, and its code free."""
    changes = {"status": "closed", "closed_at": now, "close_reason": reason}
    over = {"ready_by": None, "join_code": None, "allocating": False, "expires_at": now + CLOSED_KEPT}
    draft.note(LobbyClosed, {**changes, **over}, reason=reason, closed_at=now)


def follow_readiness(draft: Draft, now: datetime, countdown_s: float) -> None:
    """forming, ready and countdown follow from who is ready."""
    lobby = draft.lobby
    complete = len(lobby.members) >= lobby.capacity.min and all(member.ready for member in lobby.members)
    if lobby.status == "forming" and complete:
        draft.note(LobbyReady, {"status": "ready", "ready_at": now, "ready_by": None}, ready_at=now)
    elif lobby.status == "ready" and not complete:
        draft.note(LobbyUnready, FORMING)
    elif lobby.status == "countdown" and not complete:
        draft.note(CountdownCancelled, FORMING, reason="not_ready")
    if draft.lobby.status == "ready" and draft.lobby.settings.auto_start:
        _begin_countdown(draft, now, countdown_s)


def _begin_countdown(draft: Draft, now: datetime, countdown_s: float) -> None:
    starts_at = now + seconds(countdown_s)
    draft.note(CountdownStarted, {"status": "countdown", "starts_at": starts_at}, starts_at=starts_at)


def listed(lobby: Lobby) -> Lobby:
    """The lobby, in the browser of those who could join it."""
    joinable = lobby.status in {"forming", "ready"} and len(lobby.members) < lobby.capacity.max
    shown = joinable and lobby.match_id is None and lobby.settings.visibility != "private"
    return lobby.changed(listed=lobby.settings.visibility if shown else None)
