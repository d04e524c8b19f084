"""When the clients of a server that stops are to leave: one after the other, as what serves on has to take them in."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

FROM, TO = 0.2, 0.7
"""The part of the drain in which clients leave. In what comes before, load balancers find out that this server goes."""

LATE = 0.1
"""So much of the drain later the server closes a connection itself: its client may not know the event."""


def departures(items: Sequence[T], seconds: float) -> list[tuple[float, T]]:
    """The seconds after which each is to leave a drain of that length: in random order, at even distances, sorted."""
    step = (TO - FROM) * seconds / max(1, len(items))
    shuffled = random.sample(items, len(items))
    return [(FROM * seconds + step * (place + random.random()), item) for place, item in enumerate(shuffled)]
