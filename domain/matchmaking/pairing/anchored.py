"""The search around one ticket: whoever in the whole pool may play with it, and the group of those worth most. Pure.

Windows look at neighbours only. A ticket whose neighbours all refuse it, or a party whose gap nobody near fills, is
found a group here, if there is one among the nearest tickets that may meet it.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from domain.games.model import Teams
from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import Array
from domain.matchmaking.pairing.futile import Futile
from domain.matchmaking.pairing.legality import Legality
from domain.matchmaking.pairing.pairs import Pairs
from domain.matchmaking.pairing.windows import AGAIN

LOOKED_AT = 100
"""How many of those who may meet the anchor are tried, the nearest first."""

ENDS = 24
"""So many lower and so many upper ends of such spans are looked at."""

SPANS = 60
"""So many spans of ratings are filled, those first that may be worth most."""

STEPS = 600
"""After how many steps the search gives up."""


def group_around(
    anchor: int,
    pool: Candidates,
    others: Array,
    *,
    total: int,
    teams: Teams | None,
    blocked: Pairs,
    avoided: Pairs,
    accept: Callable[[Array], bool],
    futile: Futile,
) -> Array | None:
    """A group of the anchor and some of the others (places in the pool), of `total` players.

    accept: whether such a group, legal by all else, can be played. futile: remembers the searches that fail.
    """
    takes = pool.takes(total)
    if not takes[anchor]:
        return None
    near = nearest(anchor, pool, others[takes[others]], blocked, avoided)
    places = np.concatenate([[anchor], near])
    if pool.size[places].sum() < total or pool.lacks(places) or futile.around(pool, places, total):
        return None
    among = pool.take(places)
    refused = refusals(among, places, blocked)
    search = _Search(among, refused, total, teams, partial(_at, places, accept))
    found = search.worthiest()
    if found is None:
        found = search.run()
    if found is None:
        futile.failed(pool, places, total)
        return None
    return places[found]


def refusals(among: Candidates, places: Array, blocked: Pairs) -> Array:
    """Of any two of the candidates, which stand at these places of the pool, whether they must not meet."""
    every = np.arange(len(places))
    refused = among.refuses(every[:, None], every[None, :])
    for first, second in _within(blocked, places):
        refused[first, second] = refused[second, first] = True
    return refused


def _at(places: Array, accept: Callable[[Array], bool], chosen: Array) -> bool:
    return accept(places[chosen])


class _Search:
    """A depth-first search for a group of exactly `total` players, the nearest first, within a number of steps."""

    def __init__(
        self,
        among: Candidates,
        refused: Array,
        total: int,
        teams: Teams | None,
        accept: Callable[[Array], bool],
    ) -> None:
        self._total, self._accept = total, accept
        self._legality = Legality(among, total, teams)
        self._friends = [_bits(~row) for row in refused]
        self._weakest, self._best = among.weakest.tolist(), among.best.tolist()
        self._sizes, self._cost = among.size.tolist(), among.cost.tolist()
        self._among = among
        self._rich = 1 + np.argsort(among.cost[1:] / among.size[1:], kind="stable")
        self._rich_first = self._rich.tolist()
        self._solo = _bits(among.size == 1)
        self._needs = [(_bits(c.players > 0), c.players.tolist(), c.low) for c in among.counts if c.until_s == np.inf]
        self._left = STEPS

    def run(self) -> Array | None:
        """The group, its anchor (0) first; None if there is none, or none was found in time."""
        everybody = (1 << len(self._sizes)) - 2
        found = self._fill([0], self._sizes[0], self._friends[0] & everybody)
        return None if found is None else np.array(found)

    def worthiest(self) -> Array | None:
        """The group that costs least, of those got by filling a span of ratings with who has the most to gain."""
        least, most, bounds = self._spans()
        value, found = -np.inf, None
        for place in np.argsort(-bounds, kind="stable")[:SPANS].tolist():
            if bounds[place] <= value:
                break
            group = self._filled(least[place], most[place])
            if group is not None and (worth := self._worth(group)) > value:
                value, found = worth, np.array(group)
        return found if found is not None and self._accept(found) else None

    def _spans(self) -> tuple[Array, Array, Array]:
        """Spans around the anchor, each by its ends, and at most what a group within it may be worth."""
        among, rich = self._among, self._rich
        lowest = _some(np.unique(np.minimum(among.weakest, among.weakest[0])))
        highest = _some(np.unique(np.maximum(among.best, among.best[0])))
        above = among.weakest[rich] >= lowest[:, None]
        below = among.best[rich] <= highest[:, None]
        size, gain = among.size[rich].astype(np.int32), -among.cost[rich]
        inside = np.where(above[:, None, :] & below[None, :, :], size, 0)
        before = np.cumsum(inside, axis=2, dtype=np.int32) - inside
        missing = self._total - self._sizes[0]
        taken = np.clip(missing - before, 0, inside)
        bounds = taken @ (gain / size) - (highest[None, :] - lowest[:, None]) - among.cost[0]
        low, high = np.nonzero(taken.sum(axis=2) == missing)
        return lowest[low], highest[high], bounds[low, high]

    def _filled(self, least: float, most: float) -> list[int] | None:
        """The anchor and those with the most to gain that go with it, all within these ratings."""
        chosen, players, open_to = [0], self._sizes[0], self._friends[0]
        for ticket in self._rich_first:
            size = self._sizes[ticket]
            if (
                open_to >> ticket & 1
                and players + size <= self._total
                and self._weakest[ticket] >= least
                and self._best[ticket] <= most
            ):
                chosen.append(ticket)
                players, open_to = players + size, open_to & self._friends[ticket]
                if players == self._total:
                    return chosen if self._legality.holds(chosen) else None
        return None

    def _worth(self, group: Sequence[int]) -> float:
        span = max(self._best[ticket] for ticket in group) - min(self._weakest[ticket] for ticket in group)
        worth: float = -span - sum(self._cost[ticket] for ticket in group)
        return worth

    def _fill(self, chosen: list[int], filled: int, open_to: int) -> list[int] | None:
        if filled == self._total:
            return chosen if self._legality.holds(chosen) and self._accept(np.array(chosen)) else None
        if filled == self._total - 1:
            return self._complete(chosen, open_to)
        while open_to and self._left > 0:
            self._left -= 1
            place = (open_to & -open_to).bit_length() - 1
            open_to &= open_to - 1
            size = self._sizes[place]
            if filled + size > self._total:
                continue
            found = self._fill([*chosen, place], filled + size, open_to & self._friends[place])
            if found is not None:
                return found
        return None

    def _complete(self, chosen: list[int], open_to: int) -> list[int] | None:
        """The same with one player more; each that the group is open to counts as a step."""
        before, self._left = self._left, self._left - open_to.bit_count()
        last = open_to & self._last(chosen)
        while last:
            bit = last & -last
            last ^= bit
            if (open_to & (2 * bit - 1)).bit_count() > before:
                break
            found = self._fill([*chosen, bit.bit_length() - 1], self._total, 0)
            if found is not None:
                return found
        return None

    def _last(self, chosen: Sequence[int]) -> int:
        """The single players of whom one gives the group all that it needs."""
        last = self._solo
        for able, players, low in self._needs:
            lacking = low - sum(players[ticket] for ticket in chosen)
            if lacking > 0:
                last &= able if lacking == 1 else 0
        return last


def nearest(anchor: int, pool: Candidates, others: Array, blocked: Pairs, avoided: Pairs) -> Array:
    """Those of the others who may meet the anchor, the best for it first; not more than are looked at."""
    others = others[others != anchor]
    if len(partners := _partners(anchor, blocked)):
        others = others[~np.isin(others, partners)]
    others = others[~pool.refuses(anchor, others)]
    widest = np.maximum(pool.best[others], pool.best[anchor])
    least = np.minimum(pool.weakest[others], pool.weakest[anchor])
    apart = widest - least + pool.cost[others]
    if len(partners := _partners(anchor, avoided)):
        apart[np.isin(others, partners)] += AGAIN
    if len(others) > 4 * LOOKED_AT:
        nearest = np.argpartition(apart, 2 * LOOKED_AT)[: 2 * LOOKED_AT]
        others, apart = others[nearest], apart[nearest]
    order = np.lexsort((pool.digest[others], apart))
    return others[order][:LOOKED_AT]


def _partners(place: int, pairs: Pairs) -> Array:
    first, second = pairs
    return np.concatenate([second[first == place], first[second == place]])


def _within(pairs: Pairs, places: Array) -> list[tuple[int, int]]:
    """The pairs of which both are among the places, as indices into them."""
    index = {place: number for number, place in enumerate(places.tolist())}
    both = zip(*(side.tolist() for side in pairs), strict=True)
    return [(index[first], index[second]) for first, second in both if first in index and second in index]


def _some(ends: Array) -> Array:
    return ends if len(ends) <= ENDS else ends[np.linspace(0, len(ends) - 1, ENDS).astype(np.int64)]


def _bits(flags: Array) -> int:
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")
