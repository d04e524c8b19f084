"""The proven optimum of a small pool, by integer linear programming.

The objective is that of the search: most players matched, then the least sum of rating spreads. Matches of few tickets
are listed and chosen from; those of many, which are too many to list, are put together by `assembly`.
"""

from collections.abc import Iterator, Sequence
from math import floor, gcd

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix, vstack

from bench.matching.assembly import assemble
from domain.matchmaking.pairing.search import Problem, Tickets

MOST_LISTED = 120_000

Column = np.ndarray
"""A value for each group."""


def optimum(
    problem: Problem, teams: tuple[int, int] | None, found: Sequence[Tickets], seconds: float = 10
) -> list[Tickets] | None:
    """The best groups; None when they could not be proven best in time.

    teams: their count and size, if there are any. found: any solution. It shortens the proof, and changes nothing else.
    """
    listed = list_groups(problem)
    return assemble(problem, teams, seconds) if listed is None else choose(problem, listed, found, seconds)


def matched_and_spread(problem: Problem, groups: Sequence[Tickets]) -> tuple[int, float]:
    """The players matched and the sum of the rating spreads."""
    return sum(problem.sizes[t] for group in groups for t in group), sum(spread(problem, group) for group in groups)


def spread(problem: Problem, group: Tickets) -> float:
    """Between the highest and the lowest rating."""
    ratings = [problem.ratings[t] for t in group]
    return max(ratings) - min(ratings)


def list_groups(problem: Problem) -> list[Tickets] | None:
    """All the matches that are possible, less those that two matches of the same tickets beat; None if too many."""
    order = sorted(range(len(problem.sizes)), key=lambda t: problem.ratings[t])
    largest, found = max(problem.totals), []
    known: dict[Tickets, bool] = {}

    def legal(group: Tickets) -> bool:
        if sum(problem.sizes[t] for t in group) not in problem.totals:
            return False
        if group not in known:
            known[group] = problem.legal(tuple(sorted(group)))
        return known[group]

    def grow(group: Tickets, players: int, candidates: Sequence[int]) -> Iterator[Tickets]:
        if legal(group) and not any(legal(group[:cut]) and legal(group[cut:]) for cut in range(1, len(group))):
            yield group
        for place, ticket in enumerate(candidates):
            if players + problem.sizes[ticket] <= largest:
                rest = [other for other in candidates[place + 1 :] if problem.compatible[ticket, other]]
                yield from grow((*group, ticket), players + problem.sizes[ticket], rest)

    for place, ticket in enumerate(order):
        above = [other for other in order[place + 1 :] if problem.compatible[ticket, other]]
        for group in grow((ticket,), problem.sizes[ticket], above):
            found.append(group)
            if len(found) > MOST_LISTED:
                return None
    return found


def choose(
    problem: Problem, listed: Sequence[Tickets], found: Sequence[Tickets], seconds: float
) -> list[Tickets] | None:
    """The best disjoint ones of these groups; None when they could not be proven best in time."""
    if not listed:
        return []
    tickets, starts = np.concatenate([np.array(group) for group in listed]), np.cumsum([0, *map(len, listed)])
    holds = csc_matrix((np.ones(len(tickets)), tickets, starts), (len(problem.sizes), len(listed)))
    players = holds.T @ np.array(problem.sizes, float)
    none = np.zeros_like(players)
    bound, _ = _relaxed(-players, holds, none, 0)
    step = gcd(*problem.totals)
    most, known = matched_and_spread(problem, found)
    if most < floor(-bound / step + 1e-6) * step:
        taken = _solve(-players, holds, none, 0, seconds)
        if taken is None:
            return None
        most, known = max((players[taken].sum(), np.inf), (most, known))
    spreads = np.array([spread(problem, group) for group in listed])
    bound, reduced = _relaxed(spreads, holds, players, most)
    slack = bound / 100 + 1
    while True:
        # Whatever costs at most `slack` more than the relaxation has only groups of at most so much reduced cost.
        few = np.flatnonzero(reduced <= slack + 1e-6)
        taken = _solve(spreads[few], holds[:, few], players[few], most, seconds)
        if taken is None:
            return None
        cost = spreads[few[taken]].sum() if len(taken) else np.inf
        if cost <= bound + slack + 1e-6 or len(few) == len(listed):
            return sorted(tuple(sorted(listed[group])) for group in few[taken])
        slack = min(cost - bound, 2 * slack)


def _relaxed(cost: Column, holds: csc_matrix, players: Column, most: float) -> tuple[float, Column]:
    """The linear relaxation's cost, and the reduced cost of each group."""
    rows, limits = vstack([holds, -csc_matrix(players)]).tocsc(), np.append(np.ones(holds.shape[0]), -most)
    result = linprog(cost, A_ub=rows, b_ub=limits, bounds=(0, None), method="highs")
    return result.fun, cost - rows.T @ result.ineqlin.marginals


def _solve(cost: Column, holds: csc_matrix, players: Column, most: float, seconds: float) -> Column | None:
    """The cheapest disjoint groups of at least so many players: none if there are none, None when it takes too long."""
    result = milp(
        cost,
        constraints=[LinearConstraint(holds, -np.inf, 1), LinearConstraint(players[None, :], most - 0.5, np.inf)],
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds, "mip_rel_gap": 1e-7},
    )
    if result.status == 2:  # infeasible
        return np.empty(0, np.int64)
    return np.flatnonzero(result.x > 0.5) if result.status == 0 else None
