"""Holding: how far apart the players of a group may be for it to be formed now rather than put off. Pure.

In a pool where others are about to come, an ugly group is put off while its longest waiting ticket has patience. What
is good enough widens smoothly with that ticket's wait, and in the end everything legal is.
"""

import numpy as np

from domain.matchmaking.pairing.columns import Array

CONTENT = 50.0
"""Rating points between the players of a group at which nobody waits for a better one."""

PUT_UP_WITH = 200.0
"""Rating points that a ticket puts up with after its mode's `hold_s`; they grow with the square of the wait."""

OPEN_AFTER = 2.5
"""After so many times `hold_s` a ticket puts up with any group the rules allow."""

STAGES = 8
"""What a ticket puts up with widens in so many stages in each `hold_s`; between two of them nothing changes."""


def bounds(elapsed: Array, hold_s: float) -> Array:
    """The most points between a group's players that each ticket puts up with after so many seconds of waiting.

    A group is held to the widest of its tickets', which is that of the longest waiting one. hold_s: 0 to hold nothing.
    """
    if not hold_s:
        return np.full(len(elapsed), np.inf)
    share = np.floor(elapsed / hold_s * STAGES) / STAGES
    return np.where(share < OPEN_AFTER, np.maximum(CONTENT, PUT_UP_WITH * share**2), np.inf)
