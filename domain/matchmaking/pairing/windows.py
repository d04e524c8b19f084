"""Windows: groups of tickets that are neighbours by rating, all looked at at once. Pure.

Of all windows that are legal, those are taken that do not overlap and together are worth most: as many matches as can
be, then the least cost. Among intervals on a line that is found exactly by one pass over their starts.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from domain.games.model import Teams
from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import Array
from domain.matchmaking.pairing.holding import CONTENT
from domain.matchmaking.pairing.pairs import Pairs

WORTH = 1e5
"""Rating points of cost that one match more is worth."""

MANNERS = 0.5
"""Rating points of cost for each point of karma between a group's players."""

AGAIN = 150.0
"""Rating points of cost when two meet of whom one would rather not."""


def windows(
    pool: Candidates, context: Array, total: int, *, teams: Teams | None, blocked: Pairs, avoided: Pairs
) -> Iterator[Array]:
    """The best windows of `total` players, as places in the pool, all of whose tickets take that size.

    Nobody is in a window with somebody of another context, nor are the two of a pair in `blocked`.
    """
    order = np.lexsort((pool.digest, -pool.waited, pool.skill.value, context))
    ranked, context = pool.take(order), context[order]
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    start, end = _exact(ranked.size, total)
    same = context[start] == context[end - 1]
    start, end = start[same], end[same]
    if not len(start):
        return
    longest = int((end - start).max())
    conflict = _last_conflict(ranked, longest, tuple(place[side] for side in blocked))
    fits = conflict[end - 1] < start
    start, end = start[fits], end[fits]
    if not len(start):
        return
    members = np.minimum(start[:, None] + np.arange(longest), end[:, None] - 1)
    legal = (
        _ripe(ranked, members, start, end)
        & ranked.legal(members, start, end)
        & ((end - start > 1) | (ranked.sized.high[start] == total))
    )
    if teams and teams.count > 1 and ranked.size.max() > 1:
        legal &= _packable(np.where(np.arange(longest) < (end - start)[:, None], ranked.size[members], 0), teams)
    start, end, members = start[legal], end[legal], members[legal]
    if not len(start):
        return
    cost = _cost(ranked, members, start, end)
    _add_avoided(cost, start, end, longest, tuple(place[side] for side in avoided))
    for chosen in _most_worth(start, end, WORTH - cost, len(ranked)):
        yield order[start[chosen] : end[chosen]]


def _exact(size: Array, total: int) -> tuple[Array, Array]:
    """Where windows of exactly `total` players start and end (exclusive)."""
    if not len(size) or (size.max() == 1 and len(size) < total):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    filled = np.concatenate([[0], np.cumsum(size)])
    end = np.searchsorted(filled, filled[:-1] + total)
    start = np.flatnonzero((end < len(filled)) & (filled[np.minimum(end, len(size))] == filled[:-1] + total))
    return start, end[start]


def _last_conflict(ranked: Candidates, longest: int, blocked: tuple[Array, ...]) -> Array:
    """Of each place the last one before it that any ticket up to here must not meet; -1 for none.

    A window that starts after it has only pairs that may meet.
    """
    count = len(ranked)
    last = np.full(count, -1)
    for distance in range(min(longest, count) - 1, 0, -1):
        refused = np.flatnonzero(ranked.refuses(slice(0, count - distance), slice(distance, count)))
        last[refused + distance] = refused
    first, second = np.minimum(*blocked), np.maximum(*blocked)
    np.maximum.at(last, second, first)
    return np.maximum.accumulate(last)


def _packable(sizes: Array, teams: Teams) -> Array:
    """Of groups, whether their tickets can be dealt to the teams undivided. sizes: (groups, members), 0 for none."""
    kinds, kind = np.unique(np.sort(sizes, axis=1), axis=0, return_inverse=True)
    fits = np.array([packs(tuple(sorted(filter(None, sizes), reverse=True)), teams) for sizes in kinds.tolist()])
    return fits[kind.reshape(-1)]


@lru_cache(maxsize=4096)
def _packs(sizes: tuple[int, ...], room: tuple[int, ...]) -> bool:
    if not sizes:
        return True
    return any(
        _packs(sizes[1:], tuple(sorted((*room[:team], places - sizes[0], *room[team + 1 :]))))
        for team, places in enumerate(room)
        if places >= sizes[0] and places not in room[:team]
    )


def packs(sizes: tuple[int, ...], teams: Teams) -> bool:
    """Whether tickets of these sizes, the largest first, can be dealt to the teams undivided."""
    return _packs(sizes, (teams.size,) * teams.count)


def _ripe(ranked: Candidates, members: Array, start: Array, end: Array) -> Array:
    """Of each group, whether it is put off no longer."""
    takes_any = np.isinf(ranked.pays)
    opened = np.concatenate([[0], np.cumsum(takes_any)])
    paid = np.concatenate([[0.0], np.cumsum(np.where(takes_any, 0.0, ranked.pays))])
    ripe: Array = (opened[end] > opened[start]) | (ranked.span(members) <= np.maximum(CONTENT, paid[end] - paid[start]))
    return ripe


def _cost(ranked: Candidates, members: Array, start: Array, end: Array) -> Array:
    """What speaks against each group, in rating points."""
    filled = np.concatenate([[0.0], np.cumsum(ranked.cost)])
    cost: Array = ranked.span(members) + filled[end] - filled[start]
    if np.ptp(ranked.karma):
        seen = ranked.karma[members]
        cost += MANNERS * (seen.max(axis=1) - seen.min(axis=1))
    return cost


def _add_avoided(cost: Array, start: Array, end: Array, longest: int, avoided: tuple[Array, ...]) -> None:
    first, second = np.minimum(*avoided), np.maximum(*avoided)
    for back in range(longest):
        index = np.searchsorted(start, first - back)
        index = np.minimum(index, len(start) - 1)
        holds = (start[index] == first - back) & (end[index] > second)
        np.add.at(cost, index[holds], AGAIN)


def _most_worth(start: Array, end: Array, worth: Array, places: int) -> list[int]:
    """Which windows, that do not overlap, are together worth most."""
    starts, ends, worths = start.tolist(), end.tolist(), worth.tolist()
    best = [0.0] * (places + 1)
    taken = [False] * len(starts)
    upper = places
    for index in range(len(starts) - 1, -1, -1):
        begin = starts[index]
        for gap in range(begin, upper):
            best[gap] = best[upper]
        with_it = worths[index] + best[ends[index]]
        if with_it > best[begin + 1]:
            best[begin], taken[index] = with_it, True
        else:
            best[begin] = best[begin + 1]
        upper = begin
    chosen, free_from = [], 0
    for index, begin in enumerate(starts):
        if taken[index] and begin >= free_from:
            chosen.append(index)
            free_from = ends[index]
    return chosen
