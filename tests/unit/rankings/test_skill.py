"""Ratings find out how strong players are."""

import random
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rankings.skill import BETA, rated
from domain.users.model import Rating

NEW = Rating()
ratings = st.builds(Rating.of, st.floats(0, 3000), st.floats(40, 500))


def spearman(one: list[float], two: list[float]) -> float:
    """The rank correlation of two lists without ties."""
    places = [{value: place for place, value in enumerate(sorted(values))} for values in (one, two)]
    size = len(one)
    distances = sum((places[0][a] - places[1][b]) ** 2 for a, b in zip(one, two, strict=True))
    return 1 - 6 * distances / (size * (size**2 - 1))


@pytest.mark.parametrize(("team", "matches"), [(1, 30), (5, 120)], ids=["duels", "five against five"])
def test_players_are_found_out_and_become_certain(team: int, matches: int) -> None:
    """After so many matches a player the order of the hidden strengths is nearly that of the ratings."""
    dice = random.Random(4)
    hidden = [dice.gauss(1500, 400) for _ in range(40)]
    known = [NEW] * len(hidden)
    for _ in range(matches * len(hidden) // (2 * team)):
        players = dice.sample(range(len(hidden)), 2 * team)
        sides = [players[:team], players[team:]]
        played = [sum(dice.gauss(hidden[player], BETA) for player in side) for side in sides]
        ranks = [1, 2] if played[0] > played[1] else [2, 1]
        after = rated([[known[player] for player in side] for side in sides], ranks)
        for side, changed in zip(sides, after, strict=True):
            for player, rating in zip(side, changed, strict=True):
                known[player] = rating
    assert spearman(hidden, [rating.mu for rating in known]) > 0.85
    sigmas = [rating.sigma for rating in known]
    assert max(sigmas) < 0.7 * NEW.sigma
    within = [abs(rating.mu - mu) < 3 * rating.sigma for rating, mu in zip(known, hidden, strict=True)]
    assert sum(within) >= 0.9 * len(within)


@given(st.lists(ratings, min_size=2, max_size=8))
def test_in_a_free_for_all_the_first_gains_and_the_last_loses(players: list[Rating]) -> None:
    after = rated([[player] for player in players], range(1, len(players) + 1))
    assert after[0][0].mu >= players[0].mu
    assert after[-1][0].mu <= players[-1].mu


@given(st.lists(ratings, min_size=2, max_size=2), st.floats(40, 500))
def test_what_one_of_two_equally_certain_players_gains_the_other_loses(players: list[Rating], sigma: float) -> None:
    before = [Rating.of(player.mu, sigma) for player in players]
    (winner,), (loser,) = rated([[before[0]], [before[1]]], [1, 2])
    assert winner.mu - before[0].mu == pytest.approx(before[1].mu - loser.mu, abs=1e-6)
    assert winner.mu >= before[0].mu


@given(ratings, ratings)
def test_a_draw_brings_two_ratings_no_further_apart(one: Rating, two: Rating) -> None:
    low, high = sorted((one, two), key=lambda rating: rating.mu)
    (low_after,), (high_after,) = rated([[low], [high]], [1, 1])
    assert low_after.mu >= low.mu - 1e-6
    assert high_after.mu <= high.mu + 1e-6


def test_a_draw_of_equals_changes_no_estimate_but_makes_it_surer() -> None:
    after = [rating for team in rated([[NEW], [NEW], [NEW]], [1, 1, 1]) for rating in team]
    assert [rating.mu for rating in after] == pytest.approx([NEW.mu] * 3)
    assert all(rating.sigma < NEW.sigma for rating in after)


@given(st.lists(ratings, min_size=3, max_size=6), st.randoms(use_true_random=False), st.data())
def test_the_order_in_which_teams_are_named_does_not_matter(
    players: list[Rating], dice: random.Random, data: st.DataObject
) -> None:
    ranks = data.draw(st.lists(st.integers(1, 3), min_size=len(players), max_size=len(players)))
    after = rated([[player] for player in players], ranks)
    order = list(range(len(players)))
    dice.shuffle(order)
    again = rated([[players[n]] for n in order], [ranks[n] for n in order])
    for place, number in enumerate(order):
        assert again[place][0].mu == pytest.approx(after[number][0].mu)
        assert again[place][0].sigma == pytest.approx(after[number][0].sigma)


@given(st.lists(ratings, min_size=100, max_size=100))
def test_the_largest_matches_keep_ratings_finite(players: list[Rating]) -> None:
    alone = rated([[player] for player in players], range(100))
    teams = rated([players[:50], players[50:]], [1, 2])
    for rating in [rating for team in (*alone, *teams) for rating in team]:
        assert isfinite(rating.mu)
        assert 0 < rating.sigma <= 510
