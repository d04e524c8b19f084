"""Teams and roles in a lobby that players made, pure. Of a match the teams are settled."""

from collections import Counter

from domain.core.errors import AppError, ValidationFailed
from domain.core.ids import UserId
from domain.games.model import Teams
from domain.lobbies.model import Lobby, Member
from domain.lobbies.rules import Draft, LobbyFromMatch, NotInLobby


class TeamFull(AppError):
    """The team has no free place; name somebody to swap with."""

    code, status = "TEAM_FULL", 409


class RoleTaken(AppError):
    """The team has enough players in that role."""

    code, status = "ROLE_TAKEN", 409


def smallest_team(lobby: Lobby) -> int | None:
    """The team with the fewest members, the first of them; None in a lobby without teams."""
    if lobby.teams is None:
        return None
    sizes = Counter(member.team for member in lobby.members)
    return min(range(1, lobby.teams.count + 1), key=lambda team: sizes[team])


def set_team(draft: Draft, user: UserId, other: UserId, team: int, swap_with: UserId | None) -> None:
    """A member changes the team, or the host moves one; who swaps takes the place that is left.

    Who finds the role filled on the new team gives it up. Raises `Forbidden`, `NotInLobby`, `LobbyStartedAlready`,
    `LobbyFromMatch`, `ValidationFailed` or `TeamFull`.
    """
    teams, moved = _check(draft, user, other, "team")
    if not 1 <= team <= teams.count:
        raise ValidationFailed([{"field": "team", "message": f"must be 1 to {teams.count}"}])
    if moved.team == team:
        return
    if swap_with is not None:
        _swap(draft, user, moved, team, swap_with)
        return
    if _size(draft.lobby, team) >= teams.size:
        raise TeamFull
    role = moved.role if _has_room(draft.lobby, teams, team, moved.role) else None
    draft.update(members=draft.with_member(other, team=team, role=role))


def set_role(draft: Draft, user: UserId, other: UserId, role: str | None) -> None:
    """A member takes a role, or the host gives them one. Raises as `set_team`, and `RoleTaken`."""
    teams, member = _check(draft, user, other, "role")
    known = teams.roles or {}
    if role is not None and role not in known:
        allowed = ", ".join(sorted(known)) or "none"
        raise ValidationFailed([{"field": "role", "message": f"must be one of the mode's: {allowed}"}])
    if member.role == role:
        return
    if not _has_room(draft.lobby, teams, member.team, role):
        raise RoleTaken
    draft.update(members=draft.with_member(other, role=role))


def _check(draft: Draft, user: UserId, other: UserId, field: str) -> tuple[Teams, Member]:
    """The teams, and the member to change, if the user may do that now."""
    draft.member(user)
    if user != other:
        draft.check_host(user)
    member = draft.member(other)
    draft.check_open_to_changes()
    if draft.lobby.match_id is not None:
        raise LobbyFromMatch
    if draft.lobby.teams is None:
        raise ValidationFailed([{"field": field, "message": "this mode has no teams"}])
    return draft.lobby.teams, member


def _swap(draft: Draft, user: UserId, moved: Member, team: int, swap_with: UserId) -> None:
    """Two members change places, each taking over the other's role."""
    draft.check_host(user)
    other = draft.member(swap_with)
    if other.team != team:
        raise NotInLobby("That player is not on that team.")
    places = {moved.user_id: other, swap_with: moved}
    members = tuple(
        member.model_copy(update={"team": place.team, "role": place.role})
        if (place := places.get(member.user_id))
        else member
        for member in draft.lobby.members
    )
    draft.update(members=members)


def _size(lobby: Lobby, team: int) -> int:
    return sum(member.team == team for member in lobby.members)


def _has_room(lobby: Lobby, teams: Teams, team: int | None, role: str | None) -> bool:
    """Whether another member of the team may have the role; none is always free."""
    if role is None:
        return True
    having = sum(member.team == team and member.role == role for member in lobby.members)
    return having < (teams.roles or {}).get(role, 0)
