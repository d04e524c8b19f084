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

HOLDS = (0.0, 45.0, 80.0, 110.0)
"""How long the matcher holds out for better matches (`holdS` of the rule set); 45 s is what it does by default."""

DEFAULT = HOLDS.index(45.0)

GREEDY_HOLDS = (0.0, 40.0, 80.0, 120.0)
"""How long the baseline lets a ticket wait before it gathers. The first is the plain one."""


def compare(name: str, *, seed: int, players: int | None) -> Json:
    """One scenario, by the matcher and by the baseline, each with all its settings, and the spreads at equal p95 wait.

    `toPlain`: ours as a share of the plain baseline's, at that one's p95 wait. `toHeld`: ours by default as a share of
    that of a baseline that may hold tickets back, too, at our p95 wait.
    """
    scenario = generate(name, seed=seed, players=players)
    ours = [play(_holding(scenario, hold), matcher) for hold in HOLDS]
    greedy = [play(scenario, _greedy(hold)) for hold in GREEDY_HOLDS]
    plain, default = greedy[0], ours[DEFAULT]
    our_spread, _ = at_equal_wait([(one.wait_p95, one.spread) for one in ours], plain.wait_p95)
    held_spread, _ = at_equal_wait([(one.wait_p95, one.spread) for one in greedy], default.wait_p95)
    return {
        "scenario": name,
        "tickets": len(scenario["tickets"]),
        "ours": default.as_json(),
        "greedy": plain.as_json(),
        "oursCurve": _curve(HOLDS, ours),
        "greedyCurve": _curve(GREEDY_HOLDS, greedy),
        "oursAtPlainP95": round(our_spread, 2),
        "heldAtOurP95": round(held_spread, 2),
        "toPlain": round(our_spread / plain.spread, 4),
        "toHeld": round(default.spread / held_spread, 4),
    }


def over_seeds(name: str, seeds: Sequence[int], players: int | None) -> Json:
    """The scenario made up anew for each seed: the figures of the first, and the ratios' means and ranges."""
    found = [compare(name, seed=seed, players=players) for seed in seeds]
    ratios = {field: sorted(one[field] for one in found) for field in ("toPlain", "toHeld")}
    means = {field: round(fmean(values), 4) for field, values in ratios.items()}
    return {**found[0], **means, "toPlainOverSeeds": ratios["toPlain"], "toHeldOverSeeds": ratios["toHeld"]}


def _holding(scenario: Json, hold_s: float) -> Json:
    config = scenario.get("config", {})
    return {**scenario, "config": {**config, "matching": {**config.get("matching", {}), "holdS": hold_s}}}


def _curve(holds: Sequence[float], played: Sequence[Worth]) -> list[Json]:
    return [
        {"holdS": hold, "waitP95": one.wait_p95, "spread": round(one.spread, 2)}
        for hold, one in zip(holds, played, strict=True)
    ]


def play(scenario: Json, chooser: MakeChooser) -> Worth:
    """The scenario, played with that chooser."""
    lines: list[Json] = []
    Simulation(read(json.dumps(scenario).encode()), lines.append, chooser).run()
    return worth(scenario, lines)


def at_equal_wait(points: Iterable[tuple[float, float]], wait: float) -> tuple[float, bool]:
    """The least spread to be had at that p95 wait or below, and whether any setting gets down to such a wait at all.

    Between two settings the spread is interpolated. If even the quickest one waits longer, its spread is taken.
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


def _greedy(hold_s: float) -> MakeChooser:
    return lambda key, mode, _: Greedy(key, mode, hold_s=hold_s)


def names() -> list[str]:
    """The scenarios there are."""
    return list(POPULATIONS)
