"""Search: the best disjoint groups of a small pool, near the proven optimum. Pure.

First as many players as possible are matched, then the sum over the matches of their rating spread is least, then
those who wait longest go first. Without hard limits the best groups are runs of neighbours by rating, found by a walk
from the lowest rating to the highest: each ticket in turn is the lowest of a group, or is left out. Limits make groups
interlock, so the walk is a beam search: of the partial solutions with so many players left out the best few go on. Its
result is improved by taking a few neighbouring matches and the tickets left out around them apart, and walking over
those again.
"""

import random
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.matchmaking.pairing.packing import Part, pack

Tickets = tuple[int, ...]
"""The numbers of a group's tickets, rising."""

SLICE = 1_000
"""Steps between two breathing spaces. A step takes about a microsecond."""
SELECTION = 2_000
"""Steps after which no more partial solutions are asked about at a ticket, if one was legal."""
STEPS_PER_TICKET = 600
"""Steps after which the search ends with what it has, for each ticket."""
BEAM, BEAM_LEAST = 24, 2
"""So many partial solutions go on, but `BEAM_LEAST` of each number of players left out."""
CHOICES = 10
"""So many groups with the same lowest ticket are weighed in a partial solution."""
GROWTH = 200
"""So many tickets are looked at for those groups."""
PIECE = 20
"""About so many tickets are walked over again at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The waiting tickets of a small pool, numbered from 0.

    sizes: how many players each brings. ratings: in points. ages: how long each waits, in seconds. compatible: whether
    two tickets may stand in one match, (tickets, tickets), symmetric. totals: how many players a match may have. legal:
    whether tickets that are compatible two by two, and have such a total, are a match; always the same answer. asking:
    the microseconds that takes, about. needs: what every match must have if there is one total only, so that the search
    need not find out by asking: so many players of some tickets, (tickets,).
    """

    sizes: Sequence[int]
    ratings: Sequence[float]
    ages: Sequence[float]
    compatible: npt.NDArray[np.bool_]
    totals: frozenset[int]
    legal: Callable[[Tickets], bool]
    asking: int = 50
    needs: Sequence[tuple[npt.NDArray[np.bool_], int]] = ()


def search(problem: Problem, seed: int = 0) -> Generator[None, None, list[Tickets]]:
    """The groups, that of the longest waiting ticket first. Yields as a breathing space after some ms of work."""
    if not len(problem.sizes):
        return []
    pool = _Pool(problem)
    dice = random.Random(seed)
    found: list[int] = []
    for part in pool.parts():
        packed = yield from pack(pool.part(part))
        if packed is not None:
            found += packed
            continue
        best = yield from _walk(pool, part, pool.players(part), pool.guesses(part))
        budget = pool.steps + STEPS_PER_TICKET * part.bit_count()
        found += [group.mask for group in (yield from _improve(pool, part, best, budget, dice))]
    groups = [pool.tickets(mask) for mask in found]
    return sorted(groups, key=lambda group: (-max(problem.ages[ticket] for ticket in group), group))


class _Group(NamedTuple):
    """mask: its tickets, by their place in the order of ratings. spread: between the highest and the lowest rating."""

    mask: int
    players: int
    spread: float


class _Trail(NamedTuple):
    group: _Group
    before: "_Trail | None"


class _State(NamedTuple):
    """A partial solution: the players it leaves out, the spread of its groups, the tickets in them.

    price: its spread less what the tickets it has decided on were expected to cost. trail: its groups, the last first.
    """

    price: float
    age_lost: float
    lost: int
    spread: float
    used: int
    trail: _Trail | None

    @property
    def value(self) -> tuple[int, float, float]:
        """The least is the best."""
        return self.lost, round(self.spread, 6), self.age_lost

    @property
    def groups(self) -> "list[_Group]":
        """Its groups."""
        groups, trail = [], self.trail
        while trail is not None:
            groups.append(trail.group)
            trail = trail.before
        return groups


class _Pool:
    """The tickets in the order of their ratings. Sets of them are bit masks; `steps` counts the work."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._order = sorted(range(len(problem.sizes)), key=lambda t: (problem.ratings[t], -problem.ages[t], t))
        rows = np.packbits(problem.compatible[np.ix_(self._order, self._order)], axis=1, bitorder="little")
        self.fits = [int.from_bytes(row.tobytes(), "little") & ~(1 << i) for i, row in enumerate(rows)]
        self.size = [problem.sizes[t] for t in self._order]
        self.rating = [problem.ratings[t] for t in self._order]
        self.age = [problem.ages[t] for t in self._order]
        self._needs = [(_union(1 << i for i, t in enumerate(self._order) if able[t]), n) for able, n in problem.needs]
        self._solo = max(self.size) == 1
        self._largest = max(problem.totals)
        self._legal: dict[int, bool] = {}
        self._choices: dict[tuple[int, int], list[_Group]] = {}
        self.steps = 0

    def tickets(self, mask: int) -> Tickets:
        """Their numbers."""
        return tuple(sorted(self._order[i] for i in _bits(mask)))

    def players(self, mask: int) -> int:
        """How many players the tickets bring."""
        return mask.bit_count() if self._solo else sum(self.size[i] for i in _bits(mask))

    def parts(self) -> list[int]:
        """The tickets in parts that no compatible pair connects."""
        parts, rest = [], (1 << len(self._order)) - 1
        while rest:
            part, edge = 0, rest & -rest
            while edge:
                part |= edge
                edge = _union(self.fits[i] for i in _bits(edge)) & ~part
            rest &= ~part
            parts.append(part)
        return parts

    def part(self, part: int) -> Part:
        """What is to be known of a part to list its groups."""
        return Part(
            tickets=tuple(_bits(part)),
            fits=self.fits,
            size=self.size,
            rating=self.rating,
            age=self.age,
            totals=self._problem.totals,
            needs=self._needs,
            legal=lambda mask: self._problem.legal(self.tickets(mask)),
        )

    def guesses(self, part: int) -> list[float]:
        """What each ticket may cost: its share of the spread of the nearest group above it."""
        prices = [0.0] * len(self.size)
        for i in _bits(part):
            for group in self.choices(i, part)[:1]:
                prices[i] = group.spread * self.size[i] / group.players
        return prices

    def legal(self, group: _Group) -> bool:
        """Whether the group is a match."""
        known = self._legal.get(group.mask)
        if known is None:
            self.steps += self._problem.asking
            known = self._legal[group.mask] = self._problem.legal(self.tickets(group.mask))
        return known

    def choices(self, lowest: int, free: int) -> list[_Group]:
        """Groups of a ticket and free ones above it: the nearest that fit, then such that leave one of those out."""
        key = lowest, free & self.fits[lowest] & (-1 << lowest)
        found = self._choices.get(key)
        if found is None:
            found = self._choices[key] = self._grow(*key)
        return found

    def _grow(self, lowest: int, free: int) -> list[_Group]:
        totals, sizes, largest = self._problem.totals, self.size, self._largest
        found = [_Group(1 << lowest, sizes[lowest], 0.0)] if sizes[lowest] in totals else []
        tried = 0
        branches = [(1 << lowest, sizes[lowest], free)]
        for branch in branches:
            mask, players, candidates = branch
            candidates = self._needed(mask, players, candidates)
            while candidates and tried < GROWTH and len(found) < CHOICES:
                tried += 1
                bit = candidates & -candidates
                candidates ^= bit
                ticket = bit.bit_length() - 1
                if players + sizes[ticket] > largest:
                    continue
                branches.append((mask, players, candidates))
                mask |= bit
                players += sizes[ticket]
                candidates = self._needed(mask, players, candidates & self.fits[ticket])
                if players in totals:
                    found.append(_Group(mask, players, self.rating[ticket] - self.rating[lowest]))
        self.steps += tried
        return found

    def _needed(self, mask: int, players: int, candidates: int) -> int:
        """Those of the candidates that leave room for what the match still needs."""
        room = self._largest - players
        for able, number in self._needs:
            missing = number - self.players(mask & able)
            if missing >= room:
                candidates &= able if missing == room else 0
        return candidates


def _walk(pool: _Pool, part: int, most_lost: int, prices: Sequence[float]) -> Generator[None, None, _State | None]:
    """The best solution found for the tickets of a part that leaves out at most so many players."""
    states = [_State(0.0, 0.0, 0, 0.0, 0, None)]
    rest = part
    while rest and states:
        bit = rest & -rest
        rest ^= bit
        before = pool.steps
        states = _select(pool, _next(pool, states, bit, rest=rest, most_lost=most_lost, prices=prices), rest)
        if pool.steps // SLICE > before // SLICE:
            yield
    return min(states, key=lambda state: state.value, default=None)


def _next(
    pool: _Pool, states: Iterable[_State], bit: int, *, rest: int, most_lost: int, prices: Sequence[float]
) -> list[_State]:
    """What may become of partial solutions when the next ticket is left out, or the lowest of a group."""
    ticket = bit.bit_length() - 1
    size, age, price_of = pool.size[ticket], pool.age[ticket], prices[ticket]
    above = rest & pool.fits[ticket]
    offers: dict[int, list[tuple[_Group, float]]] = {}
    found: list[_State] = []
    for state in states:
        price, age_lost, lost, spread, used, trail = state
        if used & bit:
            found.append(state)
            continue
        if lost + size <= most_lost:
            found.append(_State(price - price_of, age_lost + age, lost + size, spread, used, trail))
        free = above & ~used
        if free not in offers:
            offers[free] = [(g, g.spread - sum(prices[i] for i in _bits(g.mask))) for g in pool.choices(ticket, free)]
        for group, net in offers[free]:
            after = used | group.mask
            found.append(_State(price + net, age_lost, lost, spread + group.spread, after, _Trail(group, trail)))
    return found


def _select(pool: _Pool, states: list[_State], rest: int) -> list[_State]:
    """The best partial solutions, in which the last group is legal, each with something else left to decide."""
    states.sort(key=lambda state: state[:4])
    pool.steps += len(states)
    most_steps = pool.steps + SELECTION
    each = max(BEAM_LEAST, BEAM // max(1, len({state.lost for state in states})))
    kept, seen, lost = [], set(), Counter[int]()
    for state in states:
        key = state.lost, state.used & rest
        if key not in seen and lost[state.lost] < each and (state.trail is None or pool.legal(state.trail.group)):
            seen.add(key)
            lost[state.lost] += 1
            kept.append(state)
        if kept and pool.steps > most_steps:
            break
    return kept


def _improve(
    pool: _Pool, part: int, best: _State | None, budget: int, dice: random.Random
) -> Generator[None, None, list[_Group]]:
    """Walks over a piece after the other while there are steps: to match more players, and to match them better."""
    groups = best.groups if best else []
    more = False
    while groups and pool.steps < budget:
        pool.steps += PIECE
        left_out = part & ~_union(group.mask for group in groups)
        more = not more and left_out > 0
        around = dice.choice([1 << i for i in _bits(left_out)] if more else [group.mask for group in groups])
        chosen, spare = _piece(pool, groups, left_out, _middle(pool, around), dice)
        lost = pool.players(spare)
        piece = spare | _union(group.mask for group in chosen)
        found = yield from _walk(pool, piece, lost - more, _prices(pool, groups, dice))
        now = lost, round(sum(group.spread for group in chosen), 6), sum(pool.age[i] for i in _bits(spare))
        if found and found.value < now:
            groups = [group for group in groups if group not in chosen] + found.groups
    return groups


def _piece(
    pool: _Pool, groups: Sequence[_Group], left_out: int, middle: float, dice: random.Random
) -> tuple[list[_Group], int]:
    """Some groups near a rating, and some tickets left out near it."""
    chosen: list[_Group] = []
    for group in sorted(groups, key=lambda group: abs(_middle(pool, group.mask) - middle) * dice.uniform(0.5, 1.5)):
        if chosen and sum(other.mask.bit_count() for other in [*chosen, group]) > PIECE:
            break
        chosen.append(group)
    near = sorted(_bits(left_out), key=lambda i: abs(pool.rating[i] - middle))[: PIECE // 2]
    return chosen, _union(1 << i for i in near)


def _middle(pool: _Pool, mask: int) -> float:
    return (pool.rating[(mask & -mask).bit_length() - 1] + pool.rating[mask.bit_length() - 1]) / 2


def _prices(pool: _Pool, groups: Sequence[_Group], dice: random.Random) -> list[float]:
    """What each ticket costs in these groups, about; the mean for those in none."""
    mean = sum(group.spread for group in groups) / sum(group.players for group in groups)
    prices = [mean * size for size in pool.size]
    for group in groups:
        for i in _bits(group.mask):
            prices[i] = group.spread / group.players * pool.size[i] * dice.uniform(0.7, 1.3)
    return prices


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
