"""Balance: splits of a match into teams, as arrays, and how even their chances to win are. Pure.

A split gives each unit (row of players who stay together) the number of its team.
The measure is the predicted chance to win. Two teams whose ratings add up to a and b meet: the first wins with
Phi((a - b) / sqrt(n * BETA^2 + sum of all sigma^2)), n being the number of players of both (Herbrich, Minka, Graepel:
TrueSkill, 2006; openskill's predict_win has the same shape). The less sure the ratings are, the closer to even is the
forecast, so that players nobody knows yet count for less. The gap of two teams is the difference between their chances,
|2p - 1|, from 0 to 1; that of a match with several teams is the largest gap of any two.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

BETA = 250.0
"""Standard deviation of one player's performance, in points: openskill's 25/6 on our scale, where its 25 is 1500."""

MOST_SPLITS = 10_000
"""Up to so many splits all are looked at: 2 teams of 8 solo players have 6,435."""

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@lru_cache(maxsize=128)
def all_splits(sizes: tuple[int, ...], seats: tuple[int | None, ...], count: int, size: int) -> Counts | None:
    """Every way to fill `count` teams of `size` with units of these sizes, (splits, units); None beyond `MOST_SPLITS`.

    seats: the team a unit cannot leave. Where there are none, splits that only number their teams otherwise are one.
    """
    free = all(seat is None for seat in seats)
    splits, room = np.zeros((1, 0), np.int64), np.full((1, count), size)
    for unit_size, seat in zip(sizes, seats, strict=True):
        open_to = room >= unit_size
        if seat is not None:
            open_to &= np.arange(count) == seat
        elif free:
            open_to &= np.arange(count) <= (room < size).sum(axis=1, keepdims=True)
        split, team = np.nonzero(open_to)
        splits, room = np.column_stack([splits[split], team]), room[split]
        room[np.arange(len(team)), team] -= unit_size
        if len(splits) > MOST_SPLITS:
            return None
    splits.setflags(write=False)
    return splits


def members(splits: Counts, count: int) -> Numbers:
    """1 where a unit is in a team, else 0: (splits, teams, units)."""
    member: Numbers = (splits[:, None, :] == np.arange(count)[:, None]).astype(np.float64)
    return member


def deviations(strength: Numbers, variance: Numbers, size: int) -> Numbers:
    """How far apart each two teams are, in standard deviations of the outcome: (matches, teams, teams).

    strength, variance: the sums of ratings and of sigma^2 of each team, (matches, teams). size: of a team.
    """
    distance = np.abs(strength[:, :, None] - strength[:, None, :])
    noise = 2 * size * BETA**2 + variance[:, :, None] + variance[:, None, :]
    apart: Numbers = distance / np.sqrt(noise)
    return apart


def unevenness(strength: Numbers, variance: Numbers, size: int) -> Numbers:
    """The largest of the deviations of each match: (matches,)."""
    worst: Numbers = deviations(strength, variance, size).max(axis=(1, 2))
    return worst


def gap(deviation: float) -> float:
    """The gap between the chances to win of two teams so many standard deviations apart, 0 to 1."""
    return math.erf(deviation / math.sqrt(2))


def arrange_solos(mu: Numbers, sigma: Numbers, count: int, size: int) -> Counts:
    """The team of each player, for many matches of solo players without roles at once: (matches, players).

    mu, sigma: (matches, count * size). Each match has the fairest split where few are possible; else a snake (the
    strongest to team 0, 1, 2, then 2, 1, 0 ...) improved by exchanges.
    """
    players = count * size
    splits = all_splits((1,) * players, (None,) * players, count, size) if players <= 12 else None
    if splits is None:
        return _exchanged(mu, _snake(mu, count), count, size)
    if count == 2:
        best = np.abs(mu @ (1.0 - 2.0 * splits).T).argmin(axis=1)
    else:
        member, variances = members(splits, count), sigma**2
        uneven = (unevenness(member @ m, member @ v, size) for m, v in zip(mu, variances, strict=True))
        best = np.fromiter((match.argmin() for match in uneven), np.int64, len(mu))
    chosen: Counts = splits[best]
    return chosen


def gaps(mu: Numbers, sigma: Numbers, split: Counts, count: int) -> Numbers:
    """The gap of each match of solo players: (matches,). mu, sigma, split: (matches, players)."""
    member = members(split, count)
    strength, variance = (np.einsum("mtp,mp->mt", member, of) for of in (mu, sigma**2))
    uneven = unevenness(strength, variance, mu.shape[1] // count)
    return np.fromiter(map(gap, uneven), np.float64, len(uneven))


def _snake(mu: Numbers, count: int) -> Counts:
    place = np.argsort(np.argsort(-mu, axis=1, kind="stable"), axis=1)
    lap, step = np.divmod(place, count)
    return np.where(lap % 2 == 0, step, count - 1 - step)


def _exchanged(mu: Numbers, split: Counts, count: int, size: int) -> Counts:
    """Exchanges the two players who even out the strongest and the weakest team most, until nothing helps."""
    split = split.copy()
    going = np.arange(len(mu))
    for _ in range(4 * count):
        ratings, here = mu[going], split[going]
        strength = np.einsum("mtp,mp->mt", members(here, count), ratings)
        strong, weak = strength.argmax(axis=1), strength.argmin(axis=1)
        difference = strength.max(axis=1) - strength.min(axis=1)
        row = np.arange(len(going))[:, None]
        ours = np.nonzero(here == strong[:, None])[1].reshape(-1, size)
        theirs = np.nonzero(here == weak[:, None])[1].reshape(-1, size)
        moved = ratings[row, ours][:, :, None] - ratings[row, theirs][:, None, :]
        after = np.abs(difference[:, None, None] - 2 * moved).reshape(len(going), -1)
        best = after.argmin(axis=1)
        helps = after[row[:, 0], best] < difference - 1e-9
        going, best, row = going[helps], best[helps], np.flatnonzero(helps)
        if not len(going):
            break
        split[going, ours[row, best // size]] = weak[row]
        split[going, theirs[row, best % size]] = strong[row]
    return split
