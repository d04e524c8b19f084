"""Packing: the best disjoint ones of all the groups of a small pool, by linear programming and a walk it guides. Pure.

In the relaxation, in which a group may be taken in part, each ticket has a price, at which no group is worth more than
its tickets. What it is worth less is its cost; the cost of leaving a ticket out is its price. The costs of a solution
add up to what it lacks of the relaxation's worth. So a walk over the tickets, from the lowest rating to the highest,
keeps the cheapest partial solutions, and drops those that cost more than a whole one that is known. If no other had to
be dropped, what it finds is proven best. Of `PROVEN` tickets that is always so.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from domain.matchmaking.pairing.simplex import ROUNDING, Numbers, prices

Places = npt.NDArray[np.int64]
Masks = npt.NDArray[np.uint64]

PROVEN = 12
"""Of so many tickets, and one total, nothing is more than there is room for: half of them are in 924 sets at most."""
MOST_TICKETS = 64
"""A set of tickets is the bits of one word."""
EVERYBODY = (1 << MOST_TICKETS) - 1
ENTRIES = 1 << 18
"""So many groups, or beginnings of groups, with one number of tickets are listed, times the tickets of the part."""
WIDTHS = 64, 2_500
"""So many partial solutions go on, and so many groups of a lowest ticket are offered, in one walk after the other."""
OFFERS = 1 << 16
"""So many continuations of partial solutions are looked at for a ticket."""
ASKED, ASKED_A_SLICE = 5_000, 100
"""So many groups are asked about in a walk, and between two breathing spaces."""
AGES = 1e-3
"""Rating points that the waiting times of all tickets are worth together: they decide what is equal by all else."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tickets, each a bit, the lowest rating first, and the groups that are looked for.

    fits: of each ticket, those that may meet it. size, rating, age: of each. totals: how many players a group may have.
    needs: of which tickets a group must have how many players. legal: whether tickets that fit in all this are a match.
    """

    tickets: Sequence[int]
    fits: Sequence[int]
    size: Sequence[int]
    rating: Sequence[float]
    age: Sequence[float]
    totals: frozenset[int]
    needs: Sequence[tuple[int, int]]
    legal: Callable[[int], bool]


def pack(part: Part) -> Generator[None, None, list[int]]:
    """The best groups found, as bits."""
    mask = yield from _listed(part)
    if not len(mask):
        return []
    groups = _Groups(part, mask)
    best: Places = np.zeros(0, np.int64)
    most = int(groups.size.sum())
    while True:
        relaxed = yield from _relax(groups, most)
        for width in WIDTHS:
            walk = _Walk(groups, relaxed, width, relaxed.worth - float(groups.worth[best].sum()) - ROUNDING)
            found = yield from walk.run()
            best = best if found is None else found
            if not walk.cut:
                break
        players = int(groups.players[best].sum())
        if not walk.cut or players in (0, relaxed.most):
            return [int(groups.mask[group]) for group in best]
        most = players  # that more can be matched is left open: now the prices are those of so many


def _listed(part: Part) -> Generator[None, None, Masks]:
    """The groups, as far as can be said without asking; where there are too many, the nearest of each lowest ticket."""
    bit = np.array([1 << i for i in part.tickets], np.uint64)
    above = np.array([part.fits[i] & (-2 << i) & EVERYBODY for i in part.tickets], np.uint64)
    most = ENTRIES // len(bit)
    useful = _Useful(part)
    mask, open_to, lowest = bit, above, np.arange(len(bit))
    found = []
    while len(mask):
        found.append(mask[useful.whole(mask)])
        grown = []
        for one, fitting in zip(bit, above, strict=True):
            joined = np.flatnonzero(open_to & one > 0)
            grown.append(joined[useful.begun(mask[joined] | one, open_to[joined] & fitting)])
        yield
        if sum(map(len, grown)) > most:
            grown = list(_nearest(grown, lowest, most // len(bit)))
        group, joins = np.concatenate(grown), np.repeat(np.arange(len(bit)), [*map(len, grown)])
        order = np.argsort(lowest[group], kind="stable")
        group, joins = group[order], joins[order]
        mask, open_to, lowest = mask[group] | bit[joins], open_to[group] & above[joins], lowest[group]
    return np.concatenate(found)


class _Useful:
    """Which sets of tickets are groups of a part, or may become some."""

    def __init__(self, part: Part) -> None:
        self._totals, self._most = list(part.totals), max(part.totals)
        self._needs = [(np.uint64(able), number) for able, number in [*part.needs, (EVERYBODY, min(part.totals))]]
        sizes = {part.size[i] for i in part.tickets}
        self._of_size = [(np.uint64(sum(1 << i for i in part.tickets if part.size[i] == size)), size) for size in sizes]

    def whole(self, mask: Masks) -> npt.NDArray[np.bool_]:
        """Whether the tickets bring as many players as a group has."""
        return np.isin(self._players(mask), self._totals)

    def begun(self, mask: Masks, open_to: Masks) -> npt.NDArray[np.bool_]:
        """Whether the tickets may become a group with some of those they are open to."""
        room = self._most - self._players(mask)
        may: npt.NDArray[np.bool_] = room >= 0
        for able, number in self._needs:
            missing = number - self._players(mask & able)
            may &= (missing <= room) & (missing <= self._players(open_to & able))
        return may

    def _players(self, mask: Masks) -> Places:
        return sum((size * np.bitwise_count(mask & of) for of, size in self._of_size), np.zeros(len(mask), np.int64))


def _nearest(grown: Sequence[Places], lowest: Places, each: int) -> Iterator[Places]:
    """Of groups that grow by one ticket after the other, the first `each` of those with the same lowest ticket."""
    left = np.full(MOST_TICKETS, each)
    for group in grown:
        of = lowest[group]  # rising
        kept = group[np.arange(len(of)) - np.searchsorted(of, of) < left[of]]
        left -= np.bincount(lowest[kept], minlength=MOST_TICKETS)
        yield kept


class _Groups:
    """The listed groups, (groups,) all. Rows, and the numbers in `lowest`, go by the order of `part.tickets`.

    holds: (tickets, groups). legal: 1 for a match, 0 for none, -1 if that was not asked.
    """

    def __init__(self, part: Part, mask: Masks) -> None:
        self._ask = part.legal
        self.mask = mask
        self.bit = np.uint64(1) << np.array(part.tickets, np.uint64)
        self.holds: Numbers = (mask & self.bit[:, None] > 0).astype(np.float64)
        self.size, rating, age = (np.array([of[i] for i in part.tickets]) for of in (part.size, part.rating, part.age))
        self.players: Places = (self.size @ self.holds).astype(np.int64)
        self.lowest: Places = self.holds.argmax(axis=0)
        spread = rating[len(self.bit) - 1 - self.holds[::-1].argmax(axis=0)] - rating[self.lowest]
        self.step = gcd(*part.totals)
        self.player_worth = len(self.bit) * float(spread.max(initial=0)) + 1  # twice as much as all spreads together
        self.worth: Numbers = self.player_worth * self.players - spread + age @ self.holds * (AGES / (age.sum() + 1))
        self.legal = np.full(len(mask), -1, np.int8)

    def ask(self, group: int) -> bool:
        """Whether it is a match."""
        if self.legal[group] < 0:
            self.legal[group] = self._ask(int(self.mask[group]))
        return bool(self.legal[group])


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxed:
    """The relaxation, in which so many players are matched at `most`.

    worth: of its best solution. price: of each ticket. cost: of each group. lost: so many players are left out at
    least, and each that is left out beyond costs `each`.
    """

    most: int
    worth: float
    price: Numbers
    cost: Numbers
    lost: int
    each: float


def _relax(groups: _Groups, most: int) -> Generator[None, None, _Relaxed]:
    rows = np.vstack([groups.holds, groups.players])
    while True:
        most -= most % groups.step
        limits = np.append(np.ones(len(groups.bit)), most)
        price = yield from prices(rows, limits, groups.worth, groups.ask)
        lacking = np.where(groups.legal != 0, groups.worth - price @ rows, 0)  # some, if it was stopped early
        np.maximum.at(price, groups.lowest, price[groups.lowest] + lacking)
        worth = float(price @ limits)
        able = int(worth / groups.player_worth + 0.5)  # all spreads together are worth less than half a player
        if able >= most:
            break
        most = able
    cost = np.maximum(price @ rows - groups.worth, 0)
    return _Relaxed(most, worth, price[:-1], cost, int(groups.size.sum()) - most, float(price[-1]))


class _Walk:
    """One walk over the tickets. cut: whether anything was dropped that might have led to a better solution."""

    def __init__(self, groups: _Groups, relaxed: _Relaxed, width: int, limit: float) -> None:
        self._groups, self._relaxed, self._width, self._limit = groups, relaxed, width, limit
        self._asked = 0
        self._used, self._cost, self._lost = np.zeros(1, np.uint64), np.zeros(1), np.zeros(1, np.int64)
        self._trail: list[tuple[Places, Places]] = []
        self.cut = False

    def run(self) -> Generator[None, None, Places | None]:
        """The groups of the cheapest solution, if one costs less than the limit."""
        for ticket in range(len(self._groups.bit)):
            yield from self._go_on(ticket)
            if not len(self._used):
                return None
        return self._groups_of(int(self._value().argmin()))

    def _value(self) -> Numbers:
        """What partial solutions with the same undecided tickets are compared by."""
        value: Numbers = self._cost + self._relaxed.each * self._lost
        return value

    def _least(self) -> Numbers:
        """The least that each partial solution can come to cost."""
        least: Numbers = self._cost + self._relaxed.each * np.maximum(self._lost - self._relaxed.lost, 0)
        return least

    def _go_on(self, ticket: int) -> Generator[None, None, None]:
        """Each partial solution without the next ticket, and with each group of which it is the lowest."""
        groups, relaxed = self._groups, self._relaxed
        taken = self._used & groups.bit[ticket] > 0
        free, done = np.flatnonzero(~taken), np.flatnonzero(taken)
        parents, chosen = yield from self._offers(ticket, free)
        came = np.concatenate([done, free, parents])
        took = np.concatenate([np.full(len(done) + len(free), -1), chosen])
        left_out = np.repeat([0, 1, 0], [len(done), len(free), len(parents)])
        joined = took >= 0
        self._used = self._used[came] | np.where(joined, groups.mask[took], np.uint64(0))
        self._cost = self._cost[came] + left_out * relaxed.price[ticket] + np.where(joined, relaxed.cost[took], 0)
        self._lost = self._lost[came] + left_out * groups.size[ticket]
        self._keep(self._best(groups.bit[ticket + 1 :].sum(dtype=np.uint64)), came, took)

    def _offers(self, ticket: int, free: Places) -> Generator[None, None, tuple[Places, Places]]:
        """Partial solutions, and groups with that lowest ticket that fit into them."""
        groups, cost = self._groups, self._relaxed.cost
        offers = np.flatnonzero((groups.lowest == ticket) & (groups.legal != 0))
        offers = offers[np.argsort(cost[offers], kind="stable")]
        most = min(self._width, OFFERS // max(len(free), 1))
        self.cut |= len(offers) > most
        offers = offers[:most]
        fits = self._used[free][:, None] & groups.mask[offers] == 0
        fits &= self._least()[free][:, None] + cost[offers] < self._limit
        yield
        for unknown in np.flatnonzero(fits.any(axis=0) & (groups.legal[offers] < 0)).tolist():
            self.cut |= self._asked >= ASKED
            if self._asked < ASKED:
                groups.ask(int(offers[unknown]))
                self._asked += 1
                if self._asked % ASKED_A_SLICE == 0:
                    yield
        parent, offer = np.nonzero(fits & (groups.legal[offers] > 0))
        return free[parent], offers[offer]

    def _best(self, rest: np.uint64) -> Places:
        """Of the partial solutions with the same undecided tickets the best, and of those as many as there is room."""
        undecided, least = self._used & rest, self._least()
        order = np.lexsort((self._value(), undecided))
        best = order[np.append(True, undecided[order][1:] != undecided[order][:-1])]
        best = best[least[best] < self._limit]
        self.cut |= len(best) > self._width
        kept: Places = best[np.argsort(least[best], kind="stable")[: self._width]]
        return kept

    def _keep(self, kept: Places, came: Places, took: Places) -> None:
        self._used, self._cost, self._lost = self._used[kept], self._cost[kept], self._lost[kept]
        self._trail.append((came[kept], took[kept]))

    def _groups_of(self, last: int) -> Places:
        found = []
        for came, took in reversed(self._trail):
            if took[last] >= 0:
                found.append(took[last])
            last = int(came[last])
        return np.array(found, np.int64)
