"""Quality: how good matches are, in figures from 0 to 1, for many matches at once. Pure."""

from collections.abc import Sequence

import numpy as np

from domain.matchmaking.model import Quality
from domain.matchmaking.pairing.balance import Numbers

SPREAD_SCALE = 800.0
"""Rating points between the best and the weakest ticket at which the skill figure is 0."""

WAIT_SCALE_S = 120.0
"""Seconds of waiting at which the wait figure is 0."""


def qualities(spread: Numbers, gap: Numbers, region: Numbers, language: Numbers, waited_s: Numbers) -> list[Quality]:
    """The quality of each match, (matches,) all.

    spread: points between the highest and the lowest rating of its tickets. gap: between the chances to win, 0 to 1; 0
    without teams. region, language: the share of its tickets that is served, see `served`. waited_s: the longest wait.

    skill: 1 - spread / SPREAD_SCALE, at least 0, times 1 - gap: players alike, and nobody sure to win. wait: 1 -
    waited_s / WAIT_SCALE_S, at least 0. overall: the mean of the four.
    """
    skill = np.maximum(0.0, 1 - spread / SPREAD_SCALE) * (1 - gap)
    wait = np.maximum(0.0, 1 - waited_s / WAIT_SCALE_S)
    overall = (skill + region + language + wait) / 4
    figures = np.round(np.column_stack([overall, skill, region, language, wait]), 3)
    return [Quality(overall=o, skill=s, region=r, language=g, wait=w) for o, s, r, g, w in figures.tolist()]


def served(named: Sequence[frozenset[str]], place: str | None = None) -> float:
    """The share of the tickets naming regions (or languages) that a place serves; 1 if none names any.

    place: the one that serves most of them, unless it is given.
    """
    naming = [places for places in named if places]
    if not naming:
        return 1.0
    offered = frozenset.union(*naming) if place is None else {place}
    return max(sum(place in places for places in naming) for place in offered) / len(naming)
