"""Those who watch a lobby, pure."""

from domain.core.errors import AppError, Forbidden
from domain.core.ids import LobbyId, UserId
from domain.lobbies.events import SpectatorJoined, SpectatorLeft
from domain.lobbies.model import UnwatchReason
from domain.lobbies.rules import Draft, LobbyBanned, LobbyOver, NotInLobby
from domain.lobbies.seats import AlreadyInLobby

SPECTATORS_MOST = 50
"""So many may watch one lobby."""


class SpectatorsFull(AppError):
    """As many watch the lobby as may."""

    code, status = "SPECTATORS_FULL", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": SPECTATORS_MOST})


class AlreadySpectating(AppError):
    """You watch another lobby; leave it first."""

    code, status = "ALREADY_SPECTATING", 409

    def __init__(self, lobby_id: LobbyId) -> None:
        super().__init__(details={"lobbyId": lobby_id})


def watch(draft: Draft, user: UserId) -> None:
    """A player watches; who does already goes on.

    Raises `LobbyOver`, `AlreadyInLobby` for a member, `LobbyBanned`, `Forbidden` or `SpectatorsFull`.
    """
    lobby = draft.lobby
    if lobby.status == "closed":
        raise LobbyOver
    if lobby.member(user):
        raise AlreadyInLobby(lobby.lobby_id)
    if user in lobby.spectators:
        return
    if user in lobby.banned:
        raise LobbyBanned
    if not lobby.settings.allow_spectators:
        raise Forbidden("The lobby takes no spectators.")
    if len(lobby.spectators) >= SPECTATORS_MOST:
        raise SpectatorsFull
    draft.note(SpectatorJoined, {"spectators": (*lobby.spectators, user)}, user_id=user)


def unwatch(draft: Draft, user: UserId, reason: UnwatchReason) -> None:
    """A player watches no longer. Raises `NotInLobby`."""
    if user not in draft.lobby.spectators or draft.lobby.status == "closed":
        raise NotInLobby
    spectators = tuple(spectator for spectator in draft.lobby.spectators if spectator != user)
    draft.note(SpectatorLeft, {"spectators": spectators}, user_id=user, reason=reason)


def kick_spectator(draft: Draft, user: UserId, other: UserId) -> None:
    """The host sends a spectator away, who may not come back. Raises `Forbidden` or `NotInLobby`."""
    draft.check_host(user)
    unwatch(draft, other, "kicked")
    draft.ban(other)
