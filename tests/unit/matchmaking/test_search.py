"""The groups of a small pool are disjoint, legal, and near the best there are."""

from functools import cache
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.matchmaking.pairing.packing import ASKED_A_SLICE, PROVEN
from domain.matchmaking.pairing.search import Problem, Tickets, search


def searched(problem: Problem) -> list[Tickets]:
    """What the search returns once it has been let breathe as often as it liked."""
    steps = search(problem)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            groups: list[Tickets] = end.value
            return groups


def a_problem(ratings: list[float], totals: set[int], **fields: Any) -> Problem:
    """Solo tickets that are all compatible, the first the oldest, unless it says otherwise."""
    number = len(ratings)
    usual: dict[str, Any] = {
        "sizes": [1] * number,
        "ages": [float(number - n) for n in range(number)],
        "compatible": ~np.eye(number, dtype=bool),
        "legal": lambda _: True,
    }
    return Problem(ratings=ratings, totals=frozenset(totals), **usual | fields)


@st.composite
def problems(draw: st.DrawFn, most: int = 8) -> Problem:
    """A few tickets, some of them parties, of which some pairs and some groups are no match."""
    number = draw(st.integers(0, most))
    dice = draw(st.randoms(use_true_random=False))
    compatible = np.zeros((number, number), bool)
    for a, b in combinations(range(number), 2):
        compatible[a, b] = compatible[b, a] = dice.random() < 0.7
    refused = dice.randrange(1, 9)
    return a_problem(
        [float(dice.randrange(1000, 2000, 10)) for _ in range(number)],
        draw(st.sets(st.integers(2, 4), min_size=1)),
        sizes=[dice.choice([1, 1, 1, 2]) for _ in range(number)],
        compatible=compatible,
        legal=lambda group: len(group) > 1 and sum(group) % 8 != refused,
    )


def all_groups(problem: Problem) -> list[Tickets]:
    """Every match that is possible."""
    tickets = range(len(problem.sizes))
    return [
        group
        for number in range(1, len(problem.sizes) + 1)
        for group in combinations(tickets, number)
        if sum(problem.sizes[t] for t in group) in problem.totals
        and all(problem.compatible[a, b] for a, b in combinations(group, 2))
        and problem.legal(group)
    ]


def value(problem: Problem, groups: list[Tickets]) -> tuple[int, float]:
    """Players left out and the sum of spreads: less is better."""
    players = sum(problem.sizes[t] for group in groups for t in group)
    spreads = [[problem.ratings[t] for t in group] for group in groups]
    return sum(problem.sizes) - players, sum(max(ratings) - min(ratings) for ratings in spreads)


def least_value(problem: Problem, groups: list[Tickets]) -> tuple[int, float]:
    """The best value of any disjoint ones of these groups."""

    @cache
    def best(waiting: frozenset[int]) -> tuple[int, float]:
        if not waiting:
            return 0, 0.0
        first = min(waiting)
        lost, spread = best(waiting - {first})
        options = [(lost + problem.sizes[first], spread)]
        for group in groups:
            if group[0] == first and waiting.issuperset(group):
                lost, spread = best(waiting.difference(group))
                ratings = [problem.ratings[t] for t in group]
                options.append((lost, spread + max(ratings) - min(ratings)))
        return min(options)

    return best(frozenset(range(len(problem.sizes))))


@given(problems())
def test_groups_are_disjoint_and_legal(problem: Problem) -> None:
    groups = searched(problem)
    matched = [ticket for group in groups for ticket in group]
    assert len(matched) == len(set(matched))
    assert set(groups) <= set(all_groups(problem))


@given(problems(PROVEN))
def test_few_tickets_are_matched_as_well_as_possible(problem: Problem) -> None:
    assert value(problem, searched(problem)) == pytest.approx(least_value(problem, all_groups(problem)))


@settings(max_examples=15)
@given(problems(20))
def test_the_same_tickets_have_the_same_groups(problem: Problem) -> None:
    assert searched(problem) == searched(problem)


def oldest_first(problem: Problem) -> list[Tickets]:
    """Each ticket in turn with the nearest that fit, as long as they make up a match."""
    waiting = sorted(range(len(problem.sizes)), key=lambda t: -problem.ages[t])
    groups: list[Tickets] = []
    for anchor in list(waiting):
        if anchor not in waiting:
            continue
        group = [anchor]
        for other in sorted(waiting, key=lambda t: abs(problem.ratings[t] - problem.ratings[anchor])):
            if sum(problem.sizes[t] for t in [*group, other]) <= max(problem.totals) and all(
                problem.compatible[other, member] for member in group
            ):
                group.append(other)
        found = tuple(sorted(group))
        if sum(problem.sizes[t] for t in found) in problem.totals and problem.legal(found):
            groups.append(found)
            waiting = [t for t in waiting if t not in found]
    return groups


@settings(max_examples=30)
@given(problems(24))
def test_no_fewer_players_are_matched_than_by_the_oldest_first(problem: Problem) -> None:
    assert value(problem, searched(problem))[0] <= value(problem, oldest_first(problem))[0]


@pytest.mark.parametrize(("number", "total"), [(16, 2), (17, 4), (40, 4), (30, 10), (64, 10), (64, 2)])
def test_without_hard_limits_neighbours_by_rating_are_matched(number: int, total: int) -> None:
    dice = Random(number)
    ratings = [dice.gauss(1500, 300) for _ in range(number)]
    spread = {(0, 0): 0.0}  # the least sum for the first tickets by rating, with so many of them left out
    ordered = sorted(ratings)
    for end in range(1, number + 1):
        for lost in range(number % total + 1):
            options = [spread.get((end - 1, lost - 1), np.inf)]
            if end >= total:
                options.append(spread.get((end - total, lost), np.inf) + ordered[end - 1] - ordered[end - total])
            spread[end, lost] = min(options)
    problem = a_problem(ratings, {total})
    assert value(problem, searched(problem)) == pytest.approx((number % total, spread[number, number % total]))


def test_what_a_match_needs_is_found_far_away() -> None:
    """Both tanks stand at the other end of the ratings, and nobody says so but the needs."""
    tank = np.arange(30) >= 28
    far = {
        "legal": lambda group: sum(tank[ticket] for ticket in group) == 2,
        "compatible": ~np.eye(30, dtype=bool),
        "needs": [(tank, 2)],
    }
    (group,) = searched(a_problem([1000.0 + n for n in range(30)], {10}, **far))
    assert {28, 29} < set(group)
    assert group[0] == 20


def test_the_oldest_go_first_when_all_else_is_equal() -> None:
    problem = a_problem([1500.0] * 5, {2}, ages=[1.0, 50.0, 3.0, 40.0, 30.0])
    assert sorted(ticket for group in searched(problem) for ticket in group) == [1, 2, 3, 4]
    assert 1 in searched(problem)[0]


def test_a_large_party_is_a_match_of_its_own_where_the_rules_say_so() -> None:
    problem = a_problem([1500.0, 1600.0], {4}, sizes=[4, 1])
    assert searched(problem) == [(0,)]


def test_it_breathes_between_slices() -> None:
    dice = Random(1)
    asked = 0

    def legal(_: Tickets) -> bool:
        nonlocal asked
        asked += 1
        return True

    pauses = most = 0
    for _ in search(a_problem([dice.gauss(1500, 300) for _ in range(64)], {4}, legal=legal)):
        pauses, most, asked = pauses + 1, max(most, asked), 0
    assert pauses > 5
    assert most <= ASKED_A_SLICE
