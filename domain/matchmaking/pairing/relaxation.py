"""What a ticket holds to after waiting so long: the steps of a rule set, for whole columns of tickets. Pure."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from domain.games.model import Mode
from domain.games.rules import Composition, Distance, Equality, MaxLatency, Overlap, RuleSet, Step
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import RelaxedRule
from domain.matchmaking.pairing.columns import Array
from domain.matchmaking.sizes import group_size


class Expanding:
    """A bound that changes with waiting. limit(waited): the bound in force, infinite where it binds no more."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self.times = np.array([step.after_s for step in steps])
        self._limits = np.array([np.inf if step.limit is None else step.limit for step in steps])

    def step(self, waited: Array) -> Array:
        """How many times the bound has changed, after so many seconds of waiting."""
        return np.maximum(np.searchsorted(self.times, waited, "right") - 1, 0)

    def limit(self, waited: Array) -> Array:
        """The bound after so many seconds of waiting."""
        return self._limits[self.step(waited)]

    def at(self, waited: float) -> tuple[int, float]:
        """The step and the bound after so many seconds of waiting, of one ticket."""
        step = max(0, bisect_right(self._steps, waited, key=lambda step: step.after_s) - 1)
        limit = self._steps[step].limit
        return step, math.inf if limit is None else limit


class Schedule:
    """The steps of a rule set. times: when any of them comes, in seconds of waiting, each time once."""

    def __init__(self, rules: RuleSet) -> None:
        self.near_s, self.full_s = rules.near_s, rules.full_s
        self.skill = Expanding(rules.skill)
        self.bounds: dict[str, Expanding] = {}
        self.until: dict[str, float] = {}
        for rule in rules.rules:
            match rule:
                case Distance() | Overlap() | MaxLatency():
                    first = Step(after_s=0, limit=rule.limit)
                    later = rule.expand if rule.expand and rule.expand[0].after_s == 0 else (first, *rule.expand)
                    self.bounds[rule.name] = Expanding(later)
                case Equality() | Composition():
                    self.until[rule.name] = np.inf if rule.until_s is None else rule.until_s
        times = {self.near_s, self.full_s, *self.until.values()}
        for bound in (self.skill, *self.bounds.values()):
            times.update(bound.times.tolist())
        self.times = np.array(sorted(time for time in times if 0 < time < np.inf))

    def level(self, waited: Array) -> Array:
        """How many steps have come after so many seconds of waiting."""
        return np.searchsorted(self.times, waited, "right")

    def relaxed(self, criteria: Criteria, mode: Mode, waited: float) -> Iterator[RelaxedRule]:
        """What a ticket holds to after so many seconds of waiting, of all that may soften or has a bound."""
        if criteria.skill_preference == "similar":
            yield _rule("skill", *self.skill.at(waited))
        near = waited < self.near_s
        for name, preference, named in (
            ("region", criteria.region_preference, criteria.regions),
            ("language", criteria.language_preference, criteria.languages),
        ):
            if preference == "preferred" and named:
                yield _rule(name, 0 if near else 1, 1 if near else np.inf)
        size = None if mode.teams else group_size(criteria, mode)
        if size is not None:
            full = waited < self.full_s
            yield _rule("size", 0 if full else 1, size.max if full else size.min)
        for rule in mode.matching.rules:
            if rule.name in self.bounds:
                yield _rule(rule.name, *self.bounds[rule.name].at(waited))
            else:
                binds = waited < self.until[rule.name]
                yield _rule(rule.name, 0 if binds else 1, 0 if binds else np.inf)


@lru_cache(4096)
def _rule(name: str, step: int, limit: float) -> RelaxedRule:
    return RelaxedRule(rule=name, step=step, limit=None if limit == np.inf else limit)
