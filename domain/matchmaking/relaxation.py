"""Relaxation: what a ticket insists on, step by step softer the longer it waits. Pure.

A strict preference never softens; these steps bound only what the player left open.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import ms_between, seconds


@dataclass(frozen=True, slots=True)
class Step:
    """What holds from `after_s` seconds of waiting on.

    rating: most rating points between two players who want similar skill; None is unlimited. near: a preferred region
    or language is held to. full: only groups of the largest size are formed.
    """

    after_s: float
    rating: float | None
    near: bool
    full: bool


STEPS = (
    Step(after_s=0, rating=100, near=True, full=True),
    Step(after_s=5, rating=200, near=True, full=False),
    Step(after_s=15, rating=400, near=False, full=False),
    Step(after_s=30, rating=800, near=False, full=False),
    Step(after_s=60, rating=None, near=False, full=False),
)


def level_at(waited_s: float, steps: Sequence[Step] = STEPS) -> int:
    """The index of the step that holds after so many seconds of waiting."""
    return max(0, bisect_right(steps, waited_s, key=lambda step: step.after_s) - 1)


def level_of(queued_at: datetime, now: datetime, steps: Sequence[Step] = STEPS) -> int:
    """The index of the step that holds now for a ticket that waits since `queued_at`."""
    return level_at(ms_between(queued_at, now) / 1000, steps)


def next_step_at(queued_at: datetime, now: datetime, steps: Sequence[Step] = STEPS) -> datetime | None:
    """When the next step begins; None at the last one."""
    level = level_of(queued_at, now, steps)
    return queued_at + seconds(steps[level + 1].after_s) if level + 1 < len(steps) else None
