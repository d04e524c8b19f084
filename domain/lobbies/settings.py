"""The settings of a lobby, pure."""

from datetime import datetime

from domain.core.errors import AppError, ValidationFailed
from domain.core.ids import UserId
from domain.games.model import Mode
from domain.lobbies.commands import SetCapacity, UpdateSettings
from domain.lobbies.model import Capacity, Lobby
from domain.lobbies.rules import Draft, LobbyFromMatch, follow_readiness
from domain.lobbies.spectating import unwatch

MEMBERS_MOST = 100
"""So many players fit into a lobby of a mode that does not say."""

FEWEST = 2
"""So many players can start, unless the mode or the host says otherwise."""


class LobbyChanged(AppError):
    """The settings have changed since the `version` you know; look at the lobby and say again what you want."""

    code, status = "LOBBY_CHANGED", 409

    def __init__(self, version: int) -> None:
        super().__init__(details={"version": version})


def size_limit(mode: Mode) -> int:
    """The most players a lobby of that mode may take."""
    if mode.teams is not None:
        return mode.teams.count * mode.teams.size
    return mode.group_size.max if mode.group_size else MEMBERS_MOST


def first_capacity(mode: Mode, wanted: SetCapacity) -> Capacity:
    """The capacity of a new lobby; raises `ValidationFailed`."""
    limit = size_limit(mode)
    fewest = mode.group_size.min if mode.group_size and not mode.teams else min(FEWEST, limit)
    return _capacity(Capacity(min=min(fewest, wanted.max or limit), max=limit), wanted, limit, members=1)


def update(draft: Draft, user: UserId, command: UpdateSettings, now: datetime, countdown_s: float) -> None:
    """The host changes settings. Spectators leave if they may not watch any more; readiness follows the capacity.

    Raises `Forbidden`, `NotInLobby`, `LobbyChanged`, `LobbyFromMatch`, `LobbyStartedAlready` or `ValidationFailed`.
    """
    draft.check_host(user)
    lobby = draft.lobby
    if command.version is not None and command.version < lobby.settings_revision:
        raise LobbyChanged(lobby.revision)
    if lobby.match_id is not None and (command.capacity is not None or command.visibility not in {None, "private"}):
        raise LobbyFromMatch
    changed = _changed(draft, command)
    if changed == lobby:
        return
    draft.update(
        name=changed.name, capacity=changed.capacity, settings=changed.settings, settings_revision=lobby.revision + 1
    )
    if not changed.settings.allow_spectators:
        for spectator in lobby.spectators:
            unwatch(draft, spectator, "not_allowed")
    follow_readiness(draft, now, countdown_s)


def _changed(draft: Draft, command: UpdateSettings) -> Lobby:
    lobby = draft.lobby
    capacity = lobby.capacity
    if command.capacity is not None:
        draft.check_open_to_changes()
        capacity = _capacity(lobby.capacity, command.capacity, lobby.size_limit, members=len(lobby.members))
    given = command.model_dump(exclude={"version", "name", "capacity"}, exclude_none=True)
    settings = lobby.settings.model_copy(update=given)
    return lobby.changed(name=command.name or lobby.name, capacity=capacity, settings=settings)


def _capacity(now: Capacity, wanted: SetCapacity, limit: int, *, members: int) -> Capacity:
    least, most = wanted.min or now.min, wanted.max or now.max
    if most > limit:
        raise ValidationFailed([{"field": "capacity.max", "message": f"must be at most {limit} in this mode"}])
    if most < members:
        raise ValidationFailed([{"field": "capacity.max", "message": f"{members} players are in the lobby"}])
    if least > most:
        raise ValidationFailed([{"field": "capacity.min", "message": f"must be at most {most}"}])
    return Capacity(min=least, max=most)
