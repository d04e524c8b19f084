"""Holding: what each ticket puts up with for its group to be formed now rather than put off. Pure.

In a pool where others are about to come, an ugly group is put off. Each ticket pays towards the spread of its group:
the more the longer it has waited, and the more the wider the groups are that it may hope for (see `outlooks`). A group
is formed once its tickets together pay for its spread: one that has waited long gets a group by itself, and several
that have waited for less do together. In the end a ticket takes any group.
"""

import numpy as np

from domain.matchmaking.pairing.columns import Array

CONTENT = 50.0
"""Rating points between the players of a group at which nobody waits for a better one."""

PAID, GROWTH = 5.0, 1.5
"""After its mode's `hold_s` a ticket pays so many times its share of its outlook; the power by which it grows."""

OPEN_AFTER = 2.5
"""After so many times `hold_s` a ticket puts up with any group the rules allow."""

STAGES = 16
"""What a ticket pays grows in so many stages in each `hold_s`; between two of them nothing changes."""


def payments(elapsed: Array, shares: Array | float, hold_s: float) -> Array:
    """How many rating points of spread each ticket pays for after so many seconds of waiting.

    shares: its players' share of the spread that it may hope for. hold_s: 0 where nothing is held.
    """
    if not hold_s:
        return np.zeros(len(elapsed))
    paid: Array = PAID * shares * (np.floor(elapsed / hold_s * STAGES) / STAGES) ** GROWTH
    return paid
