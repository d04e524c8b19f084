"""How long a ticket will wait, learned from how long others did. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.core.model import Kept

KEPT = 240
"""So many of the last waits are remembered: enough for the outer quantiles, and few enough to follow the hour."""

ENOUGH = 60
"""Of a ticket's own kind there must be so many waits, or those of all kinds are asked."""

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


class Waits(Kept):
    """The last waits of a pool, the newest last. Those of tickets that were given up are not among them."""

    last: tuple[Wait, ...] = ()

    def plus(self, waits: Iterable[Wait]) -> "Waits":
        """With newer ones, and without those that are too old then."""
        return Waits(last=(*self.last, *waits)[-KEPT:])

    def estimate(self, *, rating: float, players: int, waited_ms: int) -> Estimate | None:
        """The whole wait of a ticket that has waited so long already; None while too little is known.

        Asked are the tickets of this size that are nearest in rating, or all while these are few; and of them only
        those that waited longer than this one has, for it is one of those.
        """
        alike = [wait for wait in self.last if wait.players == players]
        alike = sorted(alike if len(alike) >= ENOUGH else self.last, key=lambda wait: abs(wait.rating - rating))
        longer = sorted(wait.ms for wait in alike[: max(ENOUGH, len(alike) // 2)] if wait.ms > waited_ms)
        if len(longer) < LEAST:
            return None
        return Estimate(*(_quantile(longer, share) for share in (0.1, 0.5, 0.9)))


def _quantile(rising: list[int], share: float) -> int:
    """Below it the next value falls with that probability, as it may fall between any two of them alike."""
    place = share * (len(rising) + 1) - 1
    below = min(int(place), len(rising) - 2)
    return round(rising[below] + (rising[below + 1] - rising[below]) * (place - below))
