"""What time does to a rating."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.core.ids import GameId, UserId
from domain.games.model import Mode
from domain.games.rating import Decay, RatingRules, Season
from domain.rankings.model import PlayerRating
from domain.rankings.seasons import DAY, at, season_at
from domain.users.model import DEFAULT_MU, DEFAULT_SIGMA
from tests.support.builders import NOON

DECAY = Decay(after_days=30, sigma_per_day=2, sigma_max=300)
days = st.floats(0, 1000)


def a_rating(**changes: Any) -> PlayerRating:
    """A rating as a match at noon left it."""
    return PlayerRating(
        id="u:g:ranked",
        user_id=UserId("u"),
        game_id=GameId("g"),
        mode="ranked",
        played_at=NOON,
        updated_at=NOON,
        **{"mu": 1800.0, "sigma": 100.0, "matches": 20, "wins": 12, **changes},
    )


def after(count: float) -> datetime:
    """So many days after noon."""
    return NOON + timedelta(days=count)


ratings = st.builds(lambda mu, sigma: a_rating(mu=mu, sigma=sigma), st.floats(0, 3000), st.floats(20, 500))
rules = st.builds(
    lambda starts, resets, decay: RatingRules(
        seasons=tuple(
            Season(name=f"s{n}", starts_at=after(start), soft_reset=reset)
            for n, (start, reset) in enumerate(zip(sorted(starts), resets, strict=False))
        ),
        decay=decay,
    ),
    st.lists(st.integers(-100, 900), unique=True, max_size=4),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.one_of(
        st.none(),
        st.builds(
            lambda after_days, per_day, most: Decay(after_days=after_days, sigma_per_day=per_day, sigma_max=most),
            st.floats(0, 100),
            st.floats(0, 50),
            st.floats(1, 500),
        ),
    ),
)


@given(ratings, rules, days)
def test_time_never_makes_a_rating_surer(rating: PlayerRating, rules: RatingRules, day: float) -> None:
    later = at(rating, rules, after(day))
    assert later.sigma >= rating.sigma
    assert later.sigma <= max(rating.sigma, DEFAULT_SIGMA)


@given(ratings, rules, days, days)
def test_reading_twice_is_reading_once(rating: PlayerRating, rules: RatingRules, one: float, two: float) -> None:
    first, last = sorted((after(one), after(two)))
    once, twice = at(rating, rules, last), at(at(rating, rules, first), rules, last)
    assert twice.rating.ordinal == pytest.approx(once.rating.ordinal)
    assert twice.changed(mu=0, sigma=0) == once.changed(mu=0, sigma=0)
    assert at(once, rules, last) == once


@given(ratings, ratings, st.floats(0, 1))
def test_a_soft_reset_keeps_the_order_of_the_players(one: PlayerRating, two: PlayerRating, reset: float) -> None:
    rules = RatingRules(seasons=(Season(name="new", starts_at=after(1), soft_reset=reset),))
    low, high = sorted((one, two), key=lambda rating: rating.rating.ordinal)
    assert at(low, rules, after(2)).rating.ordinal <= at(high, rules, after(2)).rating.ordinal + 1e-6


@pytest.mark.parametrize(
    ("day", "sigma"), [(0, 100), (30, 100), (31, 102), (80, 200), (130, 300), (1000, 300)], ids=str
)
def test_who_stays_away_becomes_uncertain_up_to_a_bound(day: int, sigma: float) -> None:
    assert at(a_rating(), RatingRules(decay=DECAY), after(day)).sigma == pytest.approx(sigma)


def test_a_season_resets_once_and_starts_the_counts_anew() -> None:
    rules = RatingRules(seasons=(Season(name="one", starts_at=after(10), soft_reset=0.5),))
    before, begun = at(a_rating(), rules, after(10) - timedelta(seconds=1)), at(a_rating(), rules, after(10))
    assert (before.season, before.mu, before.matches) == ("", 1800, 20)
    assert (begun.season, begun.mu, begun.sigma) == ("one", (1800 + DEFAULT_MU) / 2, (100 + DEFAULT_SIGMA) / 2)
    assert (begun.matches, begun.wins) == (0, 0)
    assert at(begun.changed(matches=1, mu=1700.0), rules, after(11)).mu == 1700


def test_each_season_missed_resets_once_and_one_taken_off_the_list_is_older_than_all() -> None:
    seasons = tuple(Season(name=name, starts_at=after(n), soft_reset=0.5) for n, name in enumerate("abc", start=1))
    for season, mu in (("", 1537.5), ("a", 1575), ("b", 1650), ("c", 1800), ("gone", 1537.5)):
        assert at(a_rating(season=season), RatingRules(seasons=seasons), after(9)).mu == mu


def test_the_season_that_runs_is_the_last_that_has_begun() -> None:
    seasons = tuple(Season(name=name, starts_at=after(n)) for n, name in enumerate("ab", start=1))
    named = [season_at(RatingRules(seasons=seasons), after(day)) for day in (0, 1, 1.5, 2, 50)]
    assert named == ["", "a", "a", "b", "b"]


def test_only_competitive_and_ranked_modes_of_teams_are_rated_unless_the_catalogue_says_otherwise() -> None:
    names = ("casual", "competitive", "ranked", "custom")
    modes = [Mode.model_validate({"mode": name, "teams": {"count": 2, "size": 5}}) for name in names]
    assert [mode.mode for mode in modes if mode.rated] == ["competitive", "ranked"]
    assert Mode(mode="casual", rated=True).rated
    assert not Mode.model_validate({"mode": "ranked", "rated": False}).rated


@pytest.mark.parametrize("group", [{}, {"groupSize": {"min": 3, "max": 3}}, {"teams": {"count": 1, "size": 3}}])
def test_who_may_be_a_squad_is_not_rated_against_one_another(group: dict[str, Any]) -> None:
    assert not Mode.model_validate({"mode": "ranked", **group}).rated
    assert Mode.model_validate({"mode": "ranked", "rated": True, **group}).rated


def test_a_season_starts_at_a_moment_with_a_zone() -> None:
    with pytest.raises(ValidationError, match="must name its zone"):
        Season.model_validate({"name": "s1", "startsAt": "2026-01-01T00:00:00"})


@pytest.mark.parametrize("starts", [(2, 1), (1, 1)], ids=["backwards", "at once"])
def test_seasons_that_contradict_are_refused(starts: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="order of their startsAt"):
        RatingRules(seasons=tuple(Season(name=f"s{n}", starts_at=NOON + day * DAY) for n, day in enumerate(starts)))
