"""Random small pools, and how near to the proven optimum a search comes on them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from time import process_time

import numpy as np

from bench.matching.optimum import matched_and_spread, optimum
from domain.games.model import Teams
from domain.matchmaking.pairing.search import Problem, Tickets, search
from domain.matchmaking.pairing.teams import packs

SKILL_LIMITS = (100.0, 200.0, 400.0, np.inf)
"""How many points a ticket is content with: waiting tickets stand at different steps."""


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


def pool(shape: Shape, rng: np.random.Generator) -> Problem:
    """A pool in which a third of the tickets are parties, if there are any, and six of ten insist on their region."""
    number, most = shape.tickets, shape.teams.size if shape.teams else 3
    party = shape.parties & (rng.random(number) < 1 / 3)
    sizes = np.where(party, rng.integers(1, most + 1, number), 1).tolist()
    ratings = rng.normal(1500, 300, number).round(1)
    # The wider the more players a match takes: a pool of 30 has few tens within 100 points.
    limits = rng.choice(SKILL_LIMITS, number) * (4 if shape.teams == FIVE else 1)
    compatible = np.abs(ratings[:, None] - ratings) <= np.minimum(limits[:, None], limits)
    if shape.regions:
        region, strict = rng.integers(0, 3, number), rng.random(number) < 0.6
        compatible &= (region[:, None] == region) | ~(strict[:, None] | strict)
    np.fill_diagonal(compatible, False)
    totals = frozenset([shape.teams.count * shape.teams.size] if shape.teams else shape.totals)

    def legal(group: Tickets) -> bool:
        if shape.teams is None:
            return len(group) > 1
        parties = tuple(sorted((sizes[ticket] for ticket in group), reverse=True))
        return packs(parties, shape.teams.count, shape.teams.size)

    ages = rng.uniform(0, 60, number).tolist()
    return Problem(sizes, ratings.tolist(), ages, compatible, totals, legal)


Solver = Callable[[Problem], Sequence[Tickets]]


def by_search(problem: Problem) -> list[Tickets]:
    """What the search finds, with all its breathing spaces taken at once."""
    steps = search(problem)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def compare(solve: Solver = by_search, pools: int = 10, seed: int = 1) -> Iterator[dict[str, float | str]]:
    """Figures of a way to form groups beside the proven optimum, for each shape.

    pools: that were drawn. proven: those whose optimum was proven in time; the rest count for nothing. players: those
    matched, as a share of the optimum's. asMany: the share of pools with as many players matched as in the optimum.
    spreadOver: in those, by how much the sum of the spreads exceeds the optimum's, as a share of it. cpuMs, cpuMostMs:
    of a pool, mean and most.
    """
    for shape in SHAPES:
        results = [result for n in range(pools) if (result := _one(shape, solve, [seed, n]))]
        alike = [(ours[1], best[1]) for ours, best, _ in results if ours[0] == best[0]]
        spread, least = sum(ours for ours, _ in alike), sum(best for _, best in alike)
        yield {
            "pool": shape.name,
            "tickets": shape.tickets,
            "pools": pools,
            "proven": len(results),
            "players": _share(sum(ours[0] for ours, _, _ in results), sum(best[0] for _, best, _ in results)),
            "asMany": _share(len(alike), len(results)),
            "spreadOver": round(_share(spread, least) - 1, 4),
            "cpuMs": round(fmean(ms for *_, ms in results), 1) if results else 0,
            "cpuMostMs": round(max((ms for *_, ms in results), default=0), 1),
        }


def _one(shape: Shape, solve: Solver, seed: list[int]) -> tuple[tuple[int, float], tuple[int, float], float] | None:
    problem = pool(shape, np.random.default_rng(seed))
    start = process_time()
    found = solve(problem)
    ms = (process_time() - start) * 1000
    teams = (shape.teams.count, shape.teams.size) if shape.teams else None
    best = optimum(problem, teams, found)
    return None if best is None else (matched_and_spread(problem, found), matched_and_spread(problem, best), ms)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 1.0
