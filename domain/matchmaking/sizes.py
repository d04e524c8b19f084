"""How many players a match may have. Pure."""

from domain.games.model import Mode
from domain.matchmaking.criteria import Criteria, GroupSize

UNDEFINED_SIZE = (2, 10)
"""Group sizes of a mode whose catalogue entry names none."""


def group_size(criteria: Criteria, mode: Mode) -> GroupSize | None:
    """The sizes both the player and the game's mode allow; None when there are none."""
    sizes = most_sizes(mode)
    low, high = sizes.min, sizes.max
    if criteria.group_size is not None:
        low, high = max(low, criteria.group_size.min), min(high, criteria.group_size.max)
    return GroupSize(min=max(2, low), max=high) if low <= high and high >= 2 else None


def most_sizes(mode: Mode) -> GroupSize:
    """The sizes of group the mode allows."""
    if mode.teams is not None:
        return GroupSize(min=mode.teams.count * mode.teams.size, max=mode.teams.count * mode.teams.size)
    low, high = (mode.group_size.min, mode.group_size.max) if mode.group_size else UNDEFINED_SIZE
    return GroupSize(min=max(2, low), max=max(2, high))
