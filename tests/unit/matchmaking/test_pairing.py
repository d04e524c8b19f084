"""Who may play together, and which groups are formed."""

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.core.ids import GameId
from domain.games.model import Mode, Teams
from domain.matchmaking.compatibility import Candidate, candidate, compatible, group_size
from domain.matchmaking.criteria import GroupSize
from domain.matchmaking.pairing import LOOKED_AT, Group, form_groups, quality
from domain.matchmaking.pool import PoolKey
from domain.matchmaking.relaxation import STEPS, level_at, next_step_at
from tests.support.builders import NOON, a_candidate, a_pool_entry, criteria

CHESS = PoolKey(GameId("chess"), "casual")
DUEL = Mode(mode="casual", teams=Teams(count=2, size=1))
PAIR = GroupSize(min=2, max=2)


def seen(waited_s: float = 0, **fields: Any) -> Candidate:
    """A ticket as it stands after waiting so long."""
    entry = a_pool_entry(queued_at=NOON, **fields)
    return candidate(entry, CHESS, PAIR, NOON + timedelta(seconds=waited_s), STEPS)


@pytest.mark.parametrize(
    ("waited_s", "distance", "fits"),
    [(0, 100, True), (0, 101, False), (5, 200, True), (5, 201, False), (60, 5000, True)],
)
def test_the_skill_limit_widens_with_waiting(waited_s: float, distance: float, fits: bool) -> None:
    a, b = seen(waited_s, rating=1500), seen(waited_s, rating=1500 + distance)
    assert fits == compatible(a, b)


def test_the_narrower_of_two_skill_limits_holds() -> None:
    patient, fresh = seen(60, rating=1500), seen(0, rating=1700)
    assert not compatible(patient, fresh)


def test_who_takes_any_skill_still_respects_the_other() -> None:
    anybody, picky = seen(rating=1000, skillPreference="any"), seen(rating=1500)
    assert not compatible(anybody, picky)
    assert compatible(anybody, seen(rating=1500, skillPreference="any"))


def test_a_strict_region_never_softens() -> None:
    strict = seen(3600, regions=["EU"], regionPreference="strict")
    assert not compatible(strict, seen(3600, regions=["NA"], regionPreference="any"))
    assert compatible(strict, seen(3600, regions=["NA", "EU"], regionPreference="any"))
    assert compatible(strict, seen(3600, regionPreference="any"))


def test_a_preferred_region_is_held_to_at_first() -> None:
    def meet(waited_s: float) -> bool:
        return compatible(seen(waited_s, regions=["EU"]), seen(waited_s, regions=["NA"]))

    assert (meet(0), meet(15)) == (False, True)


def test_a_strict_language_never_softens() -> None:
    strict = seen(3600, languages=["de"], languagePreference="strict")
    assert not compatible(strict, seen(3600, languages=["en"]))


@pytest.mark.parametrize(
    ("wanted", "mode", "expected"),
    [
        (None, {"teams": {"count": 2, "size": 5}}, (10, 10)),
        (None, {"groupSize": {"min": 2, "max": 4}}, (2, 4)),
        ({"min": 3, "max": 9}, {"groupSize": {"min": 2, "max": 4}}, (3, 4)),
        ({"min": 5, "max": 9}, {"groupSize": {"min": 2, "max": 4}}, None),
        ({"min": 2, "max": 5}, {"teams": {"count": 2, "size": 5}}, None),
        (None, {}, (2, 10)),
    ],
)
def test_the_group_size_is_what_player_and_mode_both_allow(
    wanted: dict[str, int] | None, mode: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    fields: dict[str, Any] = {"groupSize": wanted} if wanted else {}
    size = group_size(criteria(**fields), Mode(mode="casual", **mode))
    assert expected == (size and (size.min, size.max))


def test_levels_follow_waiting() -> None:
    assert [level_at(waited_s) for waited_s in (0, 4.9, 5, 15, 999)] == [0, 0, 1, 2, 4]
    assert NOON + timedelta(seconds=5) == next_step_at(NOON, NOON)
    assert next_step_at(NOON, NOON + timedelta(hours=1)) is None


def groups(candidates: list[Candidate], teams: Teams | None = None) -> list[set[str]]:
    return [{str(member.ticket_id) for member in group.members} for group in form_groups(candidates, teams)]


def test_the_nearest_rating_is_chosen() -> None:
    far, near = a_candidate("far", rating=1600), a_candidate("near", rating=1490)
    oldest = a_candidate("oldest", queued_at=NOON - timedelta(seconds=1))
    assert [{"oldest", "near"}] == groups([far, near, oldest])


def test_the_oldest_is_served_first() -> None:
    rivals = [a_candidate(name, queued_at=NOON + timedelta(seconds=n)) for n, name in enumerate(("a", "b", "c"))]
    assert [{"a", "b"}] == groups(list(reversed(rivals)))


def test_a_fresh_ticket_waits_for_the_largest_group_and_an_older_one_takes_less() -> None:
    fresh = [a_candidate(name, size=(2, 5), full=True) for name in "ab"]
    patient = [a_candidate(name, size=(2, 5), full=False) for name in "ab"]
    assert ([], [{"a", "b"}]) == (groups(fresh), groups(patient))


def test_many_who_cannot_be_matched_hide_nobody() -> None:
    """All ratings alike, as they are for new players; the stubborn ones came first."""
    stubborn = [
        a_candidate(f"s{n}", regions=frozenset({f"R{n}"}), needs_region=True, queued_at=NOON - timedelta(seconds=1))
        for n in range(2 * LOOKED_AT)
    ]
    players = [a_candidate(f"p{n:04}", regions=frozenset({"EU"})) for n in range(1000)]
    assert len(groups([*stubborn, *players])) == 500


def test_all_of_a_large_even_pool_are_matched() -> None:
    assert len(groups([a_candidate(f"p{n:04}") for n in range(2000)])) == 1000


def test_who_wants_a_larger_group_than_can_be_had_keeps_nobody_from_a_smaller_one() -> None:
    demanding = a_candidate("demanding", rating=1500, size=(5, 5))
    modest = [a_candidate(name, rating=1510, size=(2, 5)) for name in "abc"]
    assert [{"a", "b", "c"}] == groups([demanding, *modest])


def test_three_who_meet_in_pairs_but_share_no_region_are_no_group() -> None:
    regions = [{"EU", "NA"}, {"EU", "AS"}, {"NA", "AS"}]
    trio = [a_candidate(str(n), size=(3, 3), regions=frozenset(r), needs_region=True) for n, r in enumerate(regions)]
    assert groups(trio) == []


def test_teams_are_even_in_size_and_strength() -> None:
    players = [a_candidate(f"p{rating}", rating=rating, size=(4, 4)) for rating in (1400, 1500, 1600, 1700)]
    (group,) = form_groups(players, Teams(count=2, size=2))
    assert {frozenset({"p1700", "p1400"}), frozenset({"p1600", "p1500"})} == set(map(frozenset, group.teams))


def test_quality_falls_with_the_spread_of_skill() -> None:
    def skill(other: float) -> float:
        pair = (a_candidate("a", rating=1500), a_candidate("b", rating=other))
        return quality(Group(members=pair, teams=(), region=None, min_size=2), 0)["skill"]

    assert (skill(1500), skill(1900), skill(9000)) == (1.0, 0.5, 0.0)


@st.composite
def pools(draw: st.DrawFn) -> list[Candidate]:
    """A pool of candidates of every kind."""
    found = []
    for number in range(draw(st.integers(0, 25))):
        low = draw(st.integers(2, 4))
        found.append(
            a_candidate(
                f"t{number}",
                rating=draw(st.integers(1000, 2000)),
                rating_limit=draw(st.sampled_from([None, 100, 400])),
                regions=frozenset(draw(st.sets(st.sampled_from(["EU", "NA", "AS"])))),
                needs_region=draw(st.booleans()),
                languages=frozenset(draw(st.sets(st.sampled_from(["en", "de"])))),
                needs_language=draw(st.booleans()),
                size=(low, draw(st.integers(low, 5))),
                full=draw(st.booleans()),
                queued_at=NOON + timedelta(seconds=draw(st.integers(0, 60))),
            )
        )
    return found


@given(pool=pools())
def test_nobody_is_matched_twice_or_outside_the_limits(pool: list[Candidate]) -> None:
    matched: list[Candidate] = []
    for group in form_groups(pool, None):
        matched.extend(group.members)
        assert all(compatible(a, b) for a, b in combinations(group.members, 2))
        assert all(member.size.min <= len(group.members) <= member.size.max for member in group.members)
        if any(member.needs_region for member in group.members):
            assert all(group.region in member.regions for member in group.members if member.regions)
        assert sorted(member.user_id for member in group.members) == sorted(u for team in group.teams for u in team)
    assert len({member.ticket_id for member in matched}) == len(matched)
    assert {member.ticket_id for member in matched} <= {member.ticket_id for member in pool}


@given(pool=pools())
def test_the_same_pool_gives_the_same_groups_in_any_order(pool: list[Candidate]) -> None:
    assert list(form_groups(pool, None)) == list(form_groups(list(reversed(pool)), None))


@given(pool=pools())
def test_no_two_who_could_play_a_duel_are_left_over(pool: list[Candidate]) -> None:
    """For pairs, oldest-first with nearest neighbours leaves no feasible pair waiting."""
    duellists = [a_candidate(c.ticket_id, rating=c.rating, rating_limit=c.rating_limit) for c in pool]
    matched = {member.ticket_id for group in form_groups(duellists, DUEL.teams) for member in group.members}
    left = [c for c in duellists if c.ticket_id not in matched]
    assert not any(compatible(a, b) for a, b in combinations(left, 2))
