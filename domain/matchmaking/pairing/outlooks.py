"""Outlooks: how far apart the players of a ticket's group will be, if others like those of late go on to come. Pure."""

import numpy as np

from domain.matchmaking.pairing.columns import WISHES, Array, Columns

REMEMBERED = 90_000_000
"""For how many microseconds an arrival counts."""

MOST_REMEMBERED = 600
"""So many of the newest count."""

MOST_KINDS = 200
"""So many kinds of tickets are told apart: players make names up, and a pass must not cost more for that."""

MATCHES = 3
"""A ticket is seen among the nearest so many matches' worth of those it may meet."""

LEAST, MOST = 60.0, 1500.0
"""Rating points between which an outlook lies, the ticket's own players apart."""

USUAL, YIELDING = 200.0, 0.7
"""Rating points that count as they are, and the power by which others grow from there: who must hope for wide groups
waits a little longer, and gets a little better ones."""

FIELDS = ("queued", "digest", "rating", "size", "regions", "region_wish", "languages", "language_wish")


class Outlooks:
    """Who came of late to the pool of these columns. match: the players of a match."""

    def __init__(self, columns: Columns, match: int) -> None:
        self._columns, self._match = columns, match
        self._sets = columns.regions
        self._recent = np.zeros((len(FIELDS), 0), np.float64)

    def add(self, rows: Array) -> None:
        """The tickets of these rows wait, since now or for longer."""
        column = self._columns.column
        came = np.array([column[name][rows[~column["opening"][rows]]] for name in FIELDS], np.float64)
        known = self._recent[:, ~np.isin(self._recent[1], came[1])]
        recent = np.concatenate([known, came], axis=1)
        recent = recent[:, np.lexsort(recent[1::-1])]
        self._recent = recent[:, recent[0] > recent[0].max(initial=0) - REMEMBERED][:, -MOST_REMEMBERED:]

    def shares(self, rows: Array, now: int) -> Array:
        """Of the spread that each of these tickets may hope for, the share of its players, in rating points."""
        if self._sets is not self._columns.regions:  # the numbers of sets have changed: only who waits still has one
            self._sets, self._recent = self._columns.regions, self._recent[:, :0]
            self.add(np.array(sorted(self._columns.rows.values()), np.int64))
        column = self._columns.column
        own = column["best"][rows] - column["weakest"][rows]
        wide = np.clip(self._around(rows, now) / MATCHES, LEAST, MOST)
        shares: Array = (own + USUAL * (wide / USUAL) ** YIELDING) * column["size"][rows] / self._match
        return shares

    def _around(self, rows: Array, now: int) -> Array:
        """How many points more than its own the nearest players span whom each ticket may meet; infinite if too few."""
        column = self._columns.column
        recent = self._recent[:, (self._recent[0] <= now) & (self._recent[0] > now - REMEMBERED)]
        recent = recent[:, np.argsort(recent[2], kind="stable")]
        spans = np.full(len(rows), np.inf)
        for kind in self._kinds(rows):
            row = rows[kind[0]]
            meets = _meets(
                self._columns.regions.words(), column["regions"][row], column["region_wish"][row], *recent[4:6]
            )
            meets &= _meets(
                self._columns.languages.words(), column["languages"][row], column["language_wish"][row], *recent[6:8]
            )
            if recent[3][meets].sum() >= self._match:
                spans[kind] = self._spans(rows[kind], recent[2][meets], np.cumsum(recent[3][meets]))
        return spans

    def _kinds(self, rows: Array) -> list[Array]:
        """The places in `rows` of those who may meet the same others; the rarest kinds count as one."""
        column, key = self._columns.column, np.zeros(len(rows), np.int64)
        for name, wish in (("regions", "region_wish"), ("languages", "language_wish")):
            numbers = column[name][rows]
            key = (key * (numbers.max(initial=0) + 1) + numbers) * 2 + (column[wish][rows] == WISHES["strict"])
        _, kind, count = np.unique(key, return_inverse=True, return_counts=True)
        rank = np.empty(len(count), np.int64)
        rank[np.argsort(-count, kind="stable")] = np.minimum(np.arange(len(count)), MOST_KINDS)
        order = np.argsort(rank[kind], kind="stable")
        return np.split(order, np.flatnonzero(np.diff(rank[kind][order])) + 1) if len(rows) else []

    def _spans(self, rows: Array, rating: Array, players: Array) -> Array:
        """The same among those of these ratings, rising; players: how many there are up to each."""
        column, wanted = self._columns.column, MATCHES * self._match
        below = np.concatenate([[0], players])[np.searchsorted(rating, column["rating"][rows])]
        first = np.clip(below - wanted / 2, 0, max(0, players[-1] - wanted))
        start = np.searchsorted(players, first, "right")
        end = np.minimum(np.searchsorted(players, first + wanted), len(rating) - 1)
        least, most = column["weakest"][rows], column["best"][rows]
        span = np.maximum(rating[end], most) - np.minimum(rating[start], least) - (most - least)
        more: Array = span * max(1.0, wanted / players[-1])
        return more


def _meets(words: tuple[Array, ...], number: int, wish: int, numbers: Array, wishes: Array) -> Array:
    """Of those who name these sets of places, whether they may meet one who names that set, after some waiting."""
    numbers = numbers.astype(np.int64)
    strict = (wishes == WISHES["strict"]) | (wish == WISHES["strict"])
    common: Array = (numbers == 0) | (number == 0) | ~strict
    for word in words:
        common |= (word[numbers] & word[number]) != 0
    return common
