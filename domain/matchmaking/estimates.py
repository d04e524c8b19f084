"""How long a ticket will wait, learned from how long others did. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from domain.core.model import Kept

KEPT = 240
"""So many of the last waits are remembered: enough for the outer quantiles, and few enough to follow the hour."""

ENOUGH = 60
"""So many waits of one kind of ticket tell what to expect of it."""

ANY_SIZE = 0

LEAST = 9
"""With fewer waits the first and the last tenth would be beyond the least and the greatest of them."""


class Wait(Kept):
    """How long a ticket waited until it was proposed a match. rating: its mean, in points. players: how many it had."""

    ms: int
    rating: float
    players: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of ten such tickets one waits less than `low_ms` until its match, five `middle_ms`, nine `high_ms`."""

    low_ms: int
    middle_ms: int
    high_ms: int


@dataclass(frozen=True, slots=True)
class _Band:
    """Waits of tickets of about one rating. top: the highest of these. rising: the waits in ms."""

    top: float
    rising: list[int]


class Waits(Kept):
    """The last waits of a pool, the newest last. Those of tickets that were given up are not among them."""

    last: tuple[Wait, ...] = ()

    def plus(self, waits: Iterable[Wait]) -> "Waits":
        """With newer ones, and without those that are too old then."""
        return Waits(last=(*self.last, *waits)[-KEPT:])

    def estimate(self, *, rating: float, players: int, waited_ms: int) -> Estimate | None:
        """The whole wait of a ticket that has waited so long already; None while too little is known.

        It is like that of tickets of its size, or of any where these are few, and about its rating. Only those count
        that waited longer than this one has, for it is one of those.
        """
        bands = self._bands.get(players) or self._bands[ANY_SIZE]
        rising = next((band.rising for band in bands if rating <= band.top), bands[-1].rising)
        longer = rising[bisect_right(rising, waited_ms) :]
        if len(longer) < LEAST:
            return None
        return Estimate(*(_quantile(longer, share) for share in (0.1, 0.5, 0.9)))

    @cached_property
    def _bands(self) -> dict[int, list[_Band]]:
        """By the size of tickets, if there were enough of it: their waits in bands of rating, the lowest first."""
        sizes = {wait.players for wait in self.last}
        alike = {size: [wait for wait in self.last if wait.players == size] for size in sizes}
        enough = {size: _banded(waits) for size, waits in alike.items() if len(waits) >= ENOUGH}
        return {**enough, ANY_SIZE: _banded(self.last)}


def _banded(waits: Sequence[Wait]) -> list[_Band]:
    by_rating = sorted(waits, key=lambda wait: wait.rating)
    count = max(1, len(waits) // ENOUGH)
    ends = [len(waits) * number // count for number in range(count + 1)]
    bands = [by_rating[start:end] for start, end in pairwise(ends)]
    return [_Band(band[-1].rating if band else 0, sorted(wait.ms for wait in band)) for band in bands]


def _quantile(rising: list[int], share: float) -> int:
    """Below it the next value falls with that probability, as it may fall between any two of them alike."""
    place = share * (len(rising) + 1) - 1
    below = min(int(place), len(rising) - 2)
    return round(rising[below] + (rising[below + 1] - rising[below]) * (place - below))
