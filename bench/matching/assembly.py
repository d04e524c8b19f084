"""The best matches of many tickets each, put together ticket by ticket in an integer linear program.

Groups are told apart by their lowest ticket a. `top[a, b]`: that group exists, and b is its highest ticket, so that its
spread is known and its members lie between. `seat[i, a, t]`: ticket i is in team t of that group. Where all tickets are
solo players teams make no difference, and there is one.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from domain.matchmaking.pairing.search import Problem, Tickets

Term = tuple[int, float]


def assemble(problem: Problem, teams: tuple[int, int], seconds: float) -> list[Tickets] | None:
    """The best groups for teams of this count and size; None when they could not be proven best in time."""
    program = _Program(problem, *teams)
    most = program.solve(-program.players(), seconds)
    if most is None:
        return None
    program.require(enumerate(program.players()), sum(problem.sizes[t] for group in most for t in group), np.inf)
    return program.solve(program.spreads(), seconds)


class _Program:
    """Variables are 0 or 1 and numbered; constraints bound sums of terms."""

    def __init__(self, problem: Problem, count: int, size: int) -> None:
        self._problem = problem
        self._order = sorted(range(len(problem.sizes)), key=lambda t: problem.ratings[t])
        self._sizes = [problem.sizes[t] for t in self._order]
        self._fits = problem.compatible[np.ix_(self._order, self._order)]
        self._teams = range(count if max(problem.sizes) > 1 else 1)
        self._team_size = count * size // len(self._teams)
        self._width = 0
        self._terms: list[tuple[int, int, float]] = []
        self._bounds: list[tuple[float, float]] = []
        self._top: dict[tuple[int, int], int] = {}
        self._seat: dict[tuple[int, int, int], int] = {}
        for lowest in range(len(self._order)):
            self._group(lowest)
        for ticket in range(len(self._order)):
            places = [v for (i, _, _), v in self._seat.items() if i == ticket]
            places += [v for (a, _), v in self._top.items() if a == ticket]
            self.require([(place, 1) for place in places], -np.inf, 1)

    def require(self, terms: Iterable[Term], low: float, high: float) -> None:
        """low <= sum of coefficient * variable <= high."""
        self._terms += [(len(self._bounds), variable, value) for variable, value in terms]
        self._bounds.append((low, high))

    def players(self) -> np.ndarray:
        """How many players each variable says are matched."""
        players = np.zeros(self._width)
        for (lowest, _), variable in self._top.items():
            players[variable] = self._sizes[lowest]
        for (ticket, _, _), variable in self._seat.items():
            players[variable] = self._sizes[ticket]
        return players

    def spreads(self) -> np.ndarray:
        """How much spread each variable says there is."""
        spreads = np.zeros(self._width)
        for (lowest, highest), variable in self._top.items():
            ratings = self._problem.ratings
            spreads[variable] = ratings[self._order[highest]] - ratings[self._order[lowest]]
        return spreads

    def solve(self, cost: np.ndarray, seconds: float) -> list[Tickets] | None:
        """The cheapest legal groups. What only `legal` refuses is forbidden when it turns up, and it is tried again."""
        while True:
            groups = self._cheapest(cost, seconds)
            refused = [g for g in groups or () if not self._problem.legal(self._numbers(g))]
            if groups is None or not refused:
                return None if groups is None else sorted(map(self._numbers, groups))
            for lowest, *others in refused:
                seats = [(v, 1 if i in others else -1) for (i, a, _), v in self._seat.items() if a == lowest]
                self.require(seats, -np.inf, len(others) - 1)

    def _numbers(self, group: Sequence[int]) -> Tickets:
        return tuple(sorted(self._order[ticket] for ticket in group))

    def _cheapest(self, cost: np.ndarray, seconds: float) -> list[list[int]] | None:
        if not self._width:
            return []
        rows, columns, values = zip(*self._terms, strict=True)
        matrix = csr_matrix((values, (rows, columns)), (len(self._bounds), self._width))
        result = milp(
            cost,
            constraints=LinearConstraint(matrix, *np.array(self._bounds).T),
            integrality=np.ones(self._width),
            bounds=Bounds(0, 1),
            options={"time_limit": seconds, "mip_rel_gap": 1e-7},
        )
        if result.status != 0:
            return None
        lowest = [a for (a, _), variable in self._top.items() if result.x[variable] > 0.5]
        taken = [(i, a) for (i, a, _), variable in self._seat.items() if result.x[variable] > 0.5]
        return [[a, *(i for i, group in taken if group == a)] for a in lowest]

    def _group(self, lowest: int) -> None:
        """The group of which a ticket is the lowest."""
        above = [i for i in range(lowest + 1, len(self._order)) if self._fits[lowest, i]]
        for ticket in above:
            self._top[lowest, ticket] = self._variable()
            for team in self._teams:
                self._seat[ticket, lowest, team] = self._variable()
        exists = [(self._top[lowest, ticket], -1.0) for ticket in above]
        for place, ticket in enumerate(above):
            inside = [(self._seat[ticket, lowest, team], 1.0) for team in self._teams]
            self.require(inside + exists[place:], -np.inf, 0)
            self.require([*inside, exists[place]], 0, np.inf)
        for one, other in combinations(above, 2):
            if not self._fits[one, other]:
                seats = [(self._seat[ticket, lowest, team], 1.0) for ticket in (one, other) for team in self._teams]
                self.require(seats + exists, -np.inf, 0)
        for team in self._teams:
            needed = self._team_size - (self._sizes[lowest] if team == 0 else 0)
            seats = [(self._seat[ticket, lowest, team], self._sizes[ticket]) for ticket in above]
            self.require(seats + [(top, -needed) for top, _ in exists], 0, 0)

    def _variable(self) -> int:
        self._width += 1
        return self._width - 1
