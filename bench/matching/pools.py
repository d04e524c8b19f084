"""Random small pools, and how near to the proven optimum the search, and the whole matcher, come on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from time import process_time
from typing import Any

import numpy as np

from bench.matching.optimum import matched_and_spread, optimum
from domain.core.ids import GameId, TicketId, UserId
from domain.games.model import Mode, Teams
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.pairing.matcher import Matcher
from domain.matchmaking.pairing.search import Problem, Tickets, search
from domain.matchmaking.pairing.teams import packs
from domain.matchmaking.pool import PoolEntry, PoolKey, PoolPlayer, Skill
from maoga.simulate.simulation import BEGINNING

Json = dict[str, Any]

KEY = PoolKey(GameId("arena"), "ranked")

SKILL_LIMITS = (100.0, 200.0, 400.0, np.inf)
"""How many points a ticket is content with: waiting tickets stand at different steps."""

STEP_S = 10
"""Seconds of waiting from one of them to the next."""


@dataclass(frozen=True)
class Shape:
    """Pools of so many tickets: teams or group sizes, whether regions are strict and whether there are parties."""

    name: str
    tickets: int
    teams: Teams | None = None
    totals: tuple[int, ...] = ()
    regions: bool = False
    parties: bool = False


DUEL, TWO, FIVE = (Teams(count=2, size=size) for size in (1, 2, 5))

SHAPES = (
    Shape("1v1", 40, DUEL),
    Shape("1v1, strict regions", 40, DUEL, regions=True),
    Shape("2v2", 20, TWO),
    Shape("2v2, parties", 20, TWO, parties=True),
    Shape("2v2, strict regions", 40, TWO, regions=True),
    Shape("2v2, strict regions, parties", 40, TWO, regions=True, parties=True),
    Shape("groups of 2 to 5", 24, totals=(2, 3, 4, 5)),
    Shape("groups of 2 to 5, strict regions, parties", 40, totals=(2, 3, 4, 5), regions=True, parties=True),
    Shape("5v5", 20, FIVE),
    Shape("5v5, parties", 20, FIVE, parties=True),
    Shape("5v5", 30, FIVE),
)


@dataclass(frozen=True, eq=False)
class Pool:
    """A pool in which a third of the tickets are parties, if there are any, and six of ten insist on their region.

    sizes, ratings: of each ticket. step: the number of its skill limit. limits: in points, by step. waited: in seconds.
    """

    shape: Shape
    sizes: list[int]
    ratings: list[float]
    step: np.ndarray
    limits: list[float]
    region: np.ndarray
    strict: np.ndarray
    waited: list[float]

    def problem(self) -> Problem:
        """As the search is asked."""
        shape, sizes = self.shape, self.sizes
        ratings, limit = np.array(self.ratings), np.array(self.limits)[self.step]
        compatible = np.abs(ratings[:, None] - ratings) <= np.minimum(limit[:, None], limit)
        compatible &= (self.region[:, None] == self.region) | ~(self.strict[:, None] | self.strict)
        np.fill_diagonal(compatible, False)
        totals = frozenset([shape.teams.count * shape.teams.size] if shape.teams else shape.totals)

        def legal(group: Tickets) -> bool:
            if shape.teams is None:
                return len(group) > 1
            parties = tuple(sorted((sizes[ticket] for ticket in group), reverse=True))
            return packs(parties, shape.teams.count, shape.teams.size)

        return Problem(sizes, self.ratings, self.waited, compatible, totals, legal)

    def matcher(self) -> Matcher:
        """A matcher that was told these tickets, and puts no group off."""
        limits = enumerate(None if np.isinf(limit) else limit for limit in self.limits)
        mode: dict[str, Any] = {
            "mode": KEY.mode,
            "teams": self.shape.teams,
            "matching": {
                "skill": [{"afterS": STEP_S * number, "limit": limit} for number, limit in limits],
                "fullS": 0,
                "holdS": 0,
                "partyPremium": 0,
            },
        }
        if self.shape.totals:
            mode["groupSize"] = {"min": min(self.shape.totals), "max": max(self.shape.totals)}
        matcher = Matcher(KEY, Mode.model_validate(mode))
        matcher.put(self._entry(ticket) for ticket in range(self.shape.tickets))
        return matcher

    def _entry(self, ticket: int) -> PoolEntry:
        wish: dict[str, Any] = {"games": [{"gameId": KEY.game_id}], "mode": KEY.mode}
        if self.shape.regions:
            wish["regions"] = [f"region{self.region[ticket]}"]
            wish["regionPreference"] = "strict" if self.strict[ticket] else "any"
        skills = {KEY.game_id: Skill(mu=self.ratings[ticket])}
        users = [UserId(f"{ticket}-{number}") for number in range(self.sizes[ticket])]
        return PoolEntry(
            ticket_id=TicketId(str(ticket)),
            players=tuple(PoolPlayer(user_id=user, skills=skills) for user in users),
            criteria=Criteria.parse(wish),
            queued_at=BEGINNING - timedelta(seconds=self.waited[ticket]),
        )


def pool(shape: Shape, rng: np.random.Generator) -> Pool:
    """One of that shape."""
    number, most = shape.tickets, shape.teams.size if shape.teams else 3
    party = shape.parties & (rng.random(number) < 1 / 3)
    sizes = np.where(party, rng.integers(1, most + 1, number), 1).tolist()
    ratings = rng.normal(1500, 300, number).round(1)
    step = rng.integers(0, len(SKILL_LIMITS), number)
    region, strict = rng.integers(0, 3, number), shape.regions & (rng.random(number) < 0.6)
    # The wider the more players a match takes: a pool of 30 has few tens within 100 points.
    limits = [limit * (4 if shape.teams == FIVE else 1) for limit in SKILL_LIMITS]
    waited = STEP_S * (step + rng.uniform(0, 0.9, number))
    return Pool(shape, sizes, ratings.tolist(), step, limits, region, strict, waited.tolist())


def by_search(drawn: Pool) -> list[Tickets]:
    """What the search finds, with all its breathing spaces taken at once."""
    steps = search(drawn.problem())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def by_matcher(drawn: Pool) -> list[Tickets]:
    """What the whole matcher finds."""
    groups = drawn.matcher().groups(BEGINNING)
    return [tuple(sorted(map(int, group.ticket_ids))) for group in groups if group is not None]


SOLVERS = {"search": by_search, "matcher": by_matcher}


def compare(pools: int = 10, seed: int = 1) -> Iterator[Json]:
    """Figures of the search, and of the whole matcher, beside the proven optimum, for each shape.

    pools: that were drawn. proven: those whose optimum was proven in time; the rest count for nothing. players: those
    matched, as a share of the optimum's. asMany: the share of pools with as many players matched as in the optimum.
    spreadOver: in those, by how much the sum of the spreads exceeds the optimum's, as a share of it. cpuMs, cpuMostMs:
    of a pool, mean and most.
    """
    for shape in SHAPES:
        results = [result for n in range(pools) if (result := _one(shape, [seed, n]))]
        found = {"pool": shape.name, "tickets": shape.tickets, "pools": pools, "proven": len(results)}
        yield found | {name: _figures([(best, ours[name]) for best, ours in results]) for name in SOLVERS}


Outcome = tuple[int, float]
"""The players matched and the sum of the spreads."""


def _figures(results: Sequence[tuple[Outcome, tuple[Outcome, float]]]) -> Json:
    alike = [(ours[1], best[1]) for best, (ours, _) in results if ours[0] == best[0]]
    spread, least = sum(ours for ours, _ in alike), sum(best for _, best in alike)
    times = [ms for _, (_, ms) in results]
    return {
        "players": _share(sum(ours[0] for _, (ours, _) in results), sum(best[0] for best, _ in results)),
        "asMany": _share(len(alike), len(results)),
        "spreadOver": round(_share(spread, least) - 1, 4),
        "cpuMs": round(fmean(times), 1) if times else 0,
        "cpuMostMs": round(max(times, default=0), 1),
    }


def _one(shape: Shape, seed: list[int]) -> tuple[Outcome, dict[str, tuple[Outcome, float]]] | None:
    """The optimum, and what each solver finds in how many ms of CPU time; None if the optimum was not proven."""
    drawn = pool(shape, np.random.default_rng(seed))
    problem, found, ours = drawn.problem(), [], {}
    for name, solve in SOLVERS.items():
        start = process_time()
        found = solve(drawn)
        ours[name] = matched_and_spread(problem, found), (process_time() - start) * 1000
    teams = (shape.teams.count, shape.teams.size) if shape.teams else None
    best = optimum(problem, teams, found)
    return None if best is None else (matched_and_spread(problem, best), ours)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 1.0
