"""Splitting: a legal split of a match that has too many of them to look at all, improved by exchanges. Pure."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from domain.matchmaking.pairing.balance import Counts, Numbers, deviations, members, unevenness

MOST_PLACINGS = 5_000
"""So many units are placed at most, counting those taken back, before a match is held to have no legal split."""

MOST_EXCHANGES = 50

PAIRS_PER_TEAM = 2
"""So many pairs of teams for each team, the most unequal, are evened out at most."""

TRIED = 16
"""So many exchanges, those that promise most, are tried between two teams."""

PAIRS_UP_TO = 16
"""In teams of up to so many units two units are exchanged as well as one."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The units of a match as arrays, (units,) unless it says otherwise.

    sizes: in players. seats: the team a unit cannot leave, if any. strength, variance: sums of the players' ratings and
    sigma^2. able: how many of the players could take one of a set of roles, (units, sets). needs: how many players a
    team needs for the set, (sets,). count, size: of the teams.
    """

    sizes: tuple[int, ...]
    seats: tuple[int | None, ...]
    strength: Numbers
    variance: Numbers
    able: Numbers
    needs: Numbers
    count: int
    size: int


def legal_unevenness(splits: Counts, units: Units) -> Numbers:
    """How uneven each split is: (splits,). Infinite where a team cannot fill its roles."""
    member = members(splits, units.count)
    uneven = unevenness(member @ units.strength, member @ units.variance, units.size)
    return np.where(_filled(member, units), uneven, np.inf)


def _filled(member: Numbers, units: Units) -> npt.NDArray[np.bool_]:
    """Whether each team of a split can fill its roles, as far as the sets of roles tell: (splits,)."""
    missing: Numbers = np.max(units.needs - member @ units.able, axis=(1, 2), initial=0)
    return missing <= 0


def find(units: Units) -> Counts | None:
    """A legal split, the fairest that exchanges lead to; None if none was found."""
    split = _Placing(units).run()
    return None if split is None else _exchange(split, units)


class _Placing:
    """Places one unit after the other into the weakest team that can take it, and takes back what led nowhere.

    What is left to place and to fill is remembered where it has failed, so that no such state is tried twice.
    """

    def __init__(self, units: Units) -> None:
        self._units = units
        self._left = np.cumsum(units.able[::-1], axis=0)[::-1]
        self._room = np.full(units.count, units.size)
        self._missing = np.tile(units.needs, (units.count, 1))
        self._strength = np.zeros(units.count)
        self._split: list[int] = []
        self._failed: set[tuple[int, tuple[bytes, ...]]] = set()
        self._placings = 0

    def run(self) -> Counts | None:
        """The first legal split."""
        return np.array(self._split) if self._rest() else None

    def _rest(self) -> bool:
        unit = len(self._split)
        if unit == len(self._units.sizes):
            return bool((self._missing <= 0).all())
        if not self._can_succeed(unit):
            return False
        states = [row.tobytes() for row in np.column_stack([self._room, np.maximum(self._missing, 0)])]
        state = unit, tuple(sorted(states))
        if state in self._failed:
            return False
        seat = self._units.seats[unit]
        tried = set()
        for team in np.argsort(self._strength, kind="stable").tolist() if seat is None else [seat]:
            if states[team] not in tried and self._room[team] >= self._units.sizes[unit]:
                tried.add(states[team])
                self._place(unit, team, 1)
                if self._placings <= MOST_PLACINGS and self._rest():
                    return True
                self._place(unit, team, -1)
        self._failed.add(state)
        return False

    def _can_succeed(self, unit: int) -> bool:
        missing = np.maximum(self._missing, 0)
        return bool((missing <= self._room[:, None]).all() and (missing.sum(axis=0) <= self._left[unit]).all())

    def _place(self, unit: int, team: int, sign: int) -> None:
        self._placings += sign > 0
        self._room[team] -= sign * self._units.sizes[unit]
        self._missing[team] -= sign * self._units.able[unit]
        self._strength[team] += sign * self._units.strength[unit]
        if sign > 0:
            self._split.append(team)
        else:
            self._split.pop()


def _exchange(split: Counts, units: Units) -> Counts:
    """Evens out two teams, the most unequal first, again and again, as long as the match becomes fairer."""
    for _ in range(MOST_EXCHANGES):
        fairer = next(
            (found for pair in _unequal(split, units) if (found := _evened(split, *pair, units)) is not None), None
        )
        if fairer is None:
            break
        split = fairer
    return split


def _unequal(split: Counts, units: Units) -> list[tuple[int, int]]:
    """Pairs of a stronger and a weaker team, the most unequal first, at most `PAIRS_PER_TEAM` for each team."""
    strength = members(split[None, :], units.count)[0] @ units.strength
    stronger, weaker = np.unravel_index(
        np.argsort(strength[None, :] - strength[:, None], axis=None, kind="stable"), (units.count, units.count)
    )
    most = min(PAIRS_PER_TEAM * units.count, units.count * (units.count - 1) // 2)
    return list(zip(stronger[:most].tolist(), weaker[:most].tolist(), strict=True))


def _evened(split: Counts, strong: int, weak: int, units: Units) -> Counts | None:
    """The split after the best exchange of as many players between two teams; None if none makes the match fairer."""
    ours, theirs = _blocks(split == strong, units), _blocks(split == weak, units)
    if not len(ours) or not len(theirs):
        return None
    difference = (np.where(split == strong, 1, 0) - np.where(split == weak, 1, 0)) @ units.strength
    moved = (ours @ units.strength)[:, None] - (theirs @ units.strength)[None, :]
    sizes = np.array(units.sizes)
    fits = (ours @ sizes)[:, None] == (theirs @ sizes)[None, :]
    after = np.where(fits, np.abs(difference - 2 * moved), np.inf)
    promising = np.argsort(after, axis=None, kind="stable")[:TRIED]
    give, take = np.unravel_index(promising[after.ravel()[promising] < difference], after.shape)
    tried = np.vstack([split, np.where(theirs[take], strong, np.where(ours[give], weak, split))])
    results = _roughness(tried, units)
    best = results.argmin()
    return tried[best] if results[best] < results[0] * (1 - 1e-9) else None


def _roughness(splits: Counts, units: Units) -> Numbers:
    """What exchanges lower: mostly the worst deviation, and others a little. Infinite where roles cannot be filled."""
    member = members(splits, units.count)
    rough = (deviations(member @ units.strength, member @ units.variance, units.size) ** 8).sum(axis=(1, 2))
    return np.where(_filled(member, units), rough, np.inf)


def _blocks(in_team: Counts, units: Units) -> Counts:
    """What a team can give away: each unit that may leave and, in small teams, each two of them, (blocks, units)."""
    movable = [unit for unit in np.flatnonzero(in_team).tolist() if units.seats[unit] is None]
    blocks: list[tuple[int, ...]] = [(unit,) for unit in movable]
    if len(movable) <= PAIRS_UP_TO:
        blocks += combinations(movable, 2)
    result = np.zeros((len(blocks), len(in_team)), bool)
    for row, block in zip(result, blocks, strict=True):
        row[list(block)] = True
    return result
