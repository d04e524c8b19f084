"""Teams: who plays with whom and who plays what. Parties whole, every role filled, the chances to win even. Pure.

How the chances are predicted is told in balance.py.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, islice

import numpy as np
import numpy.typing as npt

from domain.core.ids import TicketId, UserId
from domain.games.model import Teams
from domain.matchmaking.pairing import splitting
from domain.matchmaking.pairing.balance import all_splits, arrange_solos, gap, gaps

__all__ = ["Arrangement", "Player", "Unit", "arrange", "arrange_solos", "gaps", "needs", "packs"]

MOST_DEMANDS = 255
"""So many sets of roles are checked before players are matched to roles: all sets of up to 7 roles."""


@dataclass(frozen=True, slots=True)
class Player:
    """A player, the estimate of their strength and its standard deviation, in rating points."""

    user_id: UserId
    mu: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Unit:
    """Players who stay together: those of a ticket, or somebody who sits in the match already.

    roles: those that each of the players would play, any if empty. team: the number of the one they sit in, if they do.
    """

    ticket_id: TicketId
    players: tuple[Player, ...]
    roles: frozenset[str] = frozenset()
    team: int | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who plays with whom, who has which role, and the gap between the chances to win, 0 (even) to 1."""

    teams: tuple[tuple[UserId, ...], ...]
    roles: dict[UserId, str]
    gap: float


def arrange(units: Sequence[Unit], teams: Teams, premium: float) -> Arrangement | None:
    """The fairest way to fill every team and every role with these units; None if there is none.

    premium: rating points that each further member adds to the rating of a unit. The answer is exact where there are at
    most `MOST_SPLITS` ways to fill the teams. Beyond, a legal split is searched for with bounded work and then improved
    by exchanges. What comes out does not depend on the order of `units`.
    """
    if sum(len(unit.players) for unit in units) != teams.count * teams.size:
        return None
    order = sorted(units, key=lambda unit: (unit.team is None, -len(unit.players), not unit.roles, unit.ticket_id))
    match = _arrays(order, teams, premium)
    splits = all_splits(match.sizes, match.seats, teams.count, teams.size)
    if splits is None:
        found = splitting.find(match)
        splits = np.empty((0, len(order)), np.int64) if found is None else found[None, :]
    uneven = splitting.legal_unevenness(splits, match)
    for choice in np.argsort(uneven, kind="stable"):
        if not np.isfinite(uneven[choice]):
            break
        rosters = [
            [unit for unit, team in zip(order, splits[choice], strict=True) if team == t] for t in range(teams.count)
        ]
        roles = _cast(rosters, teams.roles or {})
        if roles is not None:
            return Arrangement(
                teams=tuple(tuple(player.user_id for unit in roster for player in unit.players) for roster in rosters),
                roles=roles,
                gap=gap(uneven[choice]),
            )
    return None


@lru_cache(maxsize=4096)
def packs(sizes: tuple[int, ...], count: int, size: int) -> bool:
    """Whether parties of these sizes fill the teams: all there is to ask where there are no roles."""
    units = [Unit(TicketId(str(n)), (Player(UserId(""), 0.0, 0.0),) * players) for n, players in enumerate(sizes)]
    return arrange(units, Teams(count=count, size=size), premium=0.0) is not None


def needs(roles: Sequence[frozenset[str]], teams: Teams) -> list[tuple[npt.NDArray[np.bool_], int]]:
    """What a match needs of tickets that would play these roles: so many players of some tickets, (tickets,)."""
    return [
        (np.array([not named or bool(named & wanted) for named in roles]), teams.count * number)
        for wanted, number in _demands(teams)
    ]


def _demands(teams: Teams) -> list[tuple[frozenset[str], int]]:
    """Sets of roles, and how many players of a team must be able to play one of the set (Hall's condition)."""
    roles = teams.roles or {}
    sets = chain.from_iterable(combinations(sorted(roles), n) for n in range(1, len(roles) + 1))
    return [(frozenset(wanted), sum(roles[role] for role in wanted)) for wanted in islice(sets, MOST_DEMANDS)]


def _arrays(units: Sequence[Unit], teams: Teams, premium: float) -> splitting.Units:
    demands = _demands(teams)
    sizes = [len(unit.players) for unit in units]
    able = [
        [size if not unit.roles or unit.roles & wanted else 0 for wanted, _ in demands]
        for unit, size in zip(units, sizes, strict=True)
    ]
    bonus = [premium * (size - 1) * size for size in sizes]
    return splitting.Units(
        sizes=tuple(sizes),
        seats=tuple(unit.team for unit in units),
        strength=np.array([sum(player.mu for player in unit.players) for unit in units]) + bonus,
        variance=np.array([sum(player.sigma**2 for player in unit.players) for unit in units]),
        able=np.array(able, np.float64).reshape(len(units), len(demands)),
        needs=np.array([number for _, number in demands], np.float64),
        count=teams.count,
        size=teams.size,
    )


def _cast(rosters: Iterable[Sequence[Unit]], roles: Mapping[str, int]) -> dict[UserId, str] | None:
    """Who has which role; None if a team cannot fill them."""
    parts = [role for role in sorted(roles) for _ in range(roles[role])]
    cast: dict[UserId, str] = {}
    for roster in rosters:
        filled = _fill(parts, roster)
        if len(filled) < len(parts):
            return None
        cast.update({player.user_id: parts[part] for part, (player, _) in sorted(filled.items())})
    return cast


def _fill(parts: Sequence[str], roster: Sequence[Unit]) -> dict[int, tuple[Player, frozenset[str]]]:
    """The most parts that the team can fill, by augmenting paths.

    Those who named roles come first, the fewest first: they get one whenever that is possible, and who plays anything
    takes what is left.
    """
    held: dict[int, tuple[Player, frozenset[str]]] = {}

    def seat(player: Player, able: frozenset[str], seen: set[int]) -> bool:
        for part, role in enumerate(parts):
            if part not in seen and (not able or role in able):
                seen.add(part)
                if part not in held or seat(*held[part], seen):
                    held[part] = player, able
                    return True
        return False

    for unit in sorted(roster, key=lambda unit: len(unit.roles) or math.inf):
        for player in unit.players:
            seat(player, unit.roles, set())
    return held
