"""Quality: every scenario through the simulator, once with the matcher and once with each setting of the baseline."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from bench.matching.greedy import Greedy
from bench.matching.measure import Worth, worth
from bench.scenarios.generate import POPULATIONS, generate
from domain.games.model import Mode
from domain.matchmaking.pool import PoolKey
from maoga.simulate.scenario import read
from maoga.simulate.simulation import Chooser, Simulation, matcher

Json = dict[str, Any]
MakeChooser = Callable[[PoolKey, Mode, int], Chooser]

GREEDY_SETTINGS = ((1.0, 0.0), (1.0, 40.0), (1.0, 80.0), (1.0, 120.0), (2.0, 40.0), (4.0, 40.0))
QUICK_SETTINGS = GREEDY_SETTINGS[1:4]
"""How slowly the baseline relaxes, and how many seconds a ticket waits before it gathers."""


def compare(name: str, *, seed: int, players: int | None, settings: Iterable[tuple[float, float]]) -> Json:
    """One scenario: the matcher's figures, the baseline's, and both at the matcher's p95 wait."""
    scenario = generate(name, seed=seed, players=players)
    ours = play(scenario, matcher)
    greedy = [play(scenario, _greedy(stretch, hold)) for stretch, hold in settings]
    spread, reached = at_equal_wait([(one.wait_p95, one.spread) for one in greedy], ours.wait_p95)
    return {
        "scenario": name,
        "tickets": len(scenario["tickets"]),
        "ours": ours.as_json(),
        "greedy": greedy[0].as_json(),
        "greedyCurve": [
            {"stretch": stretch, "holdS": hold, "waitP95": one.wait_p95, "spread": round(one.spread, 2)}
            for (stretch, hold), one in zip(settings, greedy, strict=True)
        ],
        "greedySpreadAtEqualP95": round(spread, 2),
        "greedyReachesOurP95": reached,
        "spreadRatioAtEqualP95": round(ours.spread / spread, 4),
    }


def over_seeds(
    name: str, *, seeds: Iterable[int], players: int | None, settings: Sequence[tuple[float, float]]
) -> Json:
    """The scenario made up anew for each seed: the figures of the first, and all ratios at equal p95, the least first.

    The ratio is their mean.
    """
    found = [compare(name, seed=seed, players=players, settings=settings) for seed in seeds]
    ratios = sorted(one["spreadRatioAtEqualP95"] for one in found)
    return {**found[0], "spreadRatioAtEqualP95": round(fmean(ratios), 4), "spreadRatios": ratios}


def play(scenario: Json, chooser: MakeChooser) -> Worth:
    """The scenario, played with that chooser."""
    lines: list[Json] = []
    Simulation(read(json.dumps(scenario).encode()), lines.append, chooser).run()
    return worth(scenario, lines)


def at_equal_wait(points: Iterable[tuple[float, float]], wait: float) -> tuple[float, bool]:
    """The least spread the baseline has at that p95 wait or below, and whether it gets down to such a wait at all.

    Between two of its settings the spread is interpolated. If even its quickest setting waits longer, the spread of
    that one is taken, which is in its favour.
    """
    quickest, *others = sorted(points)
    frontier = [quickest]
    for point in others:
        if point[1] < frontier[-1][1]:
            frontier.append(point)
    if wait <= quickest[0]:
        return quickest[1], wait == quickest[0]
    for (left, before), (right, after) in pairwise(frontier):
        if left <= wait < right:
            return before + (after - before) * (wait - left) / (right - left), True
    return frontier[-1][1], True


def _greedy(stretch: float, hold_s: float) -> MakeChooser:
    return lambda key, mode, _: Greedy(key, mode, stretch=stretch, hold_s=hold_s)


def names() -> list[str]:
    """The scenarios there are."""
    return list(POPULATIONS)
