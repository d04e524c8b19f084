"""Teams and roles of the baseline: parties whole, roles filled, and of what is found first the most even."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from domain.core.ids import UserId
from domain.games.model import Teams
from domain.matchmaking.pool import PoolEntry

TRIED = 200
"""So many ways to divide the players are looked at."""

Roles = dict[UserId, str]


class Member(Protocol):
    """A ticket with its number of players and its rating."""

    @property
    def entry(self) -> PoolEntry: ...
    @property
    def size(self) -> int: ...
    @property
    def rating(self) -> float: ...


def packs(members: Sequence[Member], teams: Teams | None) -> bool:
    """Whether the tickets can be divided among the teams, each whole, and the scarce roles go round."""
    if teams is None:
        return True
    sizes = sorted((member.size for member in members), reverse=True)
    fits = sizes[0] == 1 or _fits(sizes, [teams.size] * teams.count)
    return fits and (not teams.roles or _cast(members, teams.roles, teams.count, teams.size) is not None)


def rosters(members: Sequence[Member], teams: Teams | None) -> tuple[tuple[tuple[UserId, ...], ...], Roles] | None:
    """The teams and who plays what; None when no division was found."""
    if teams is None:
        return (tuple(user for member in members for user in _users(member)),), {}
    best: tuple[float, list[list[Member]], Roles] | None = None
    for division in islice(_divisions(sorted(members, key=lambda m: (-m.size, -m.rating)), teams), TRIED):
        casts = [_cast(team, teams.roles or {}, 1, teams.size) for team in division]
        if any(cast is None for cast in casts):
            continue
        strengths = [sum(member.rating * member.size for member in team) for team in division]
        gap = max(strengths) - min(strengths)
        if best is None or gap < best[0]:
            best = gap, division, {user: role for cast in casts if cast for user, role in cast.items()}
    if best is None:
        return None
    return tuple(tuple(user for member in team for user in _users(member)) for team in best[1]), best[2]


def _users(member: Member) -> list[UserId]:
    return [player.user_id for player in member.entry.players]


def _fits(sizes: Sequence[int], room: list[int]) -> bool:
    if not sizes:
        return True
    for number in range(len(room)):
        if sizes[0] <= room[number] and room[number] not in room[:number]:
            left = [*room]
            left[number] -= sizes[0]
            if _fits(sizes[1:], left):
                return True
    return False


def _divisions(members: Sequence[Member], teams: Teams) -> Iterator[list[list[Member]]]:
    """Ways to divide the tickets, those first that put the next strongest into the weakest team."""
    division: list[list[Member]] = [[] for _ in range(teams.count)]

    def place(number: int) -> Iterator[list[list[Member]]]:
        if number == len(members):
            yield [[*team] for team in division]
            return
        member = members[number]
        for team in sorted(division, key=lambda team: sum(m.rating * m.size for m in team)):
            if sum(m.size for m in team) + member.size <= teams.size:
                team.append(member)
                yield from place(number + 1)
                team.pop()

    return place(0)


def _cast(members: Sequence[Member], roles: Mapping[str, int], count: int, size: int) -> Roles | None:
    """A place for every player, of `count` teams' worth of roles; None when some are left without.

    Augmenting paths, as in Kuhn's algorithm. Places beyond the roles' are anybody's; who names no role takes any.
    """
    places = [role for role, number in roles.items() for _ in range(number * count)]
    places += [""] * (size * count - len(places))
    wishes = {user: member.entry.criteria.roles for member in members for user in _users(member)}
    holder: dict[int, UserId] = {}

    def seat(user: UserId, tried: set[int]) -> bool:
        for number, role in enumerate(places):
            if number in tried or (role and wishes[user] and role not in wishes[user]):
                continue
            tried.add(number)
            if number not in holder or seat(holder[number], tried):
                holder[number] = user
                return True
        return False

    if not all(seat(user, set()) for user in wishes):
        return None
    return {user: places[number] for number, user in holder.items() if places[number]}
