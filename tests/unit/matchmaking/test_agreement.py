"""Which results are one, and when enough players agree."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.core.errors import ValidationFailed
from domain.core.ids import TicketId, UserId
from domain.matchmaking.agreement import FAULTS_MOST, agreed, checked, sides
from domain.matchmaking.model import Match, Places, Report
from tests.support.builders import a_match

TEAMS = (("a", "b"), ("c", "d"))
GROUP = (("a", "b", "c", "d"),)


def users(*teams: Sequence[str]) -> Places:
    """Teams or places of players who are called by one letter."""
    return tuple(tuple(map(UserId, team)) for team in teams)


def reports(match: Match, by_user: Mapping[str, Sequence[str]]) -> tuple[Report, ...]:
    """What the players say."""
    return tuple(
        Report(user_id=UserId(user), places=checked(match, users(*places))) for user, places in by_user.items()
    )


@pytest.mark.parametrize(
    ("teams", "places", "fault"),
    [
        (TEAMS, [["a", "b"], ["c"]], "d is missing"),
        (TEAMS, [["a", "b"], ["c", "d", "x"]], "x did not play"),
        (TEAMS, [["a", "b", "a"], ["c", "d"]], "a is named twice"),
        (TEAMS, [["a", "b"], ["c", "d"], ["a"]], "a is named twice"),
        (TEAMS, [["a"], ["b"], ["c", "d"]], "a team share a place: a, b"),
        (TEAMS, [["a", "c"], ["b", "d"]], "a team share a place: c, d"),
        (GROUP, [["a"], ["b"], ["c"]], "d is missing"),
    ],
)
def test_a_result_names_each_player_once_and_keeps_teams_together(
    teams: tuple[tuple[str, ...], ...], places: list[list[str]], fault: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        checked(a_match(*teams), users(*places))
    assert any(fault in found["message"] for found in refused.value.faults), refused.value.faults
    assert {found["field"] for found in refused.value.faults} == {"places"}


def test_the_order_within_a_place_does_not_matter() -> None:
    match = a_match(*TEAMS)
    one, two = (checked(match, users(*said)) for said in (["dc", "ab"], ["cd", "ba"]))
    assert one == two == (("c", "d"), ("a", "b"))


def test_teams_and_lone_players_get_the_rank_of_their_place() -> None:
    match = a_match(*TEAMS)
    assert [(*users("ab"), 2), (*users("cd"), 1)] == [
        (side.players, side.rank) for side in sides(match, users("cd", "ab"))
    ]
    assert [side.rank for side in sides(match, users("abcd"))] == [1, 1]
    alone = sides(a_match(*GROUP), users("c", "ad", "b"))
    assert [(side.players, side.rank) for side in alone] == [(("a",), 2), (("b",), 3), (("c",), 1), (("d",), 2)]


WON, LOST = ["ab", "cd"], ["cd", "ab"]


@pytest.mark.parametrize(
    ("teams", "said", "result"),
    [
        (TEAMS, {"a": WON, "b": WON}, None),
        (TEAMS, {"a": WON, "b": WON, "c": WON}, WON),
        (TEAMS, {"a": WON, "b": WON, "c": WON, "d": LOST}, WON),
        (TEAMS, {"a": WON, "b": WON, "c": LOST, "d": LOST}, None),
        ((("a",), ("b",)), {"a": ["a", "b"]}, None),
        ((("a",), ("b",)), {"a": ["a", "b"], "b": ["a", "b"]}, ["a", "b"]),
        ((("a", "b", "c"), ("d",)), {user: ["abc", "d"] for user in "abc"}, None),
        (GROUP, {user: ["a", "b", "c", "d"] for user in "abc"}, ["a", "b", "c", "d"]),
    ],
)
def test_a_result_counts_for_more_than_half_of_the_players_and_some_of_every_team(
    teams: tuple[tuple[str, ...], ...], said: dict[str, list[str]], result: list[str] | None
) -> None:
    match = a_match(*teams)
    assert agreed(match, reports(match, said)) == (tuple(map(tuple, result)) if result else None)


def test_a_party_that_plays_each_for_themselves_does_not_outvote_the_others() -> None:
    match = a_match(("a", "b", "c"))
    friends = tuple(player.model_copy(update={"ticket_id": TicketId("t")}) for player in match.players[:2])
    match = match.changed(players=(*friends, match.players[2]))
    said = ["a", "b", "c"]
    assert agreed(match, reports(match, {"a": said, "b": said})) is None
    assert agreed(match, reports(match, {"a": said, "c": said})) == users(*said)


def test_a_result_of_thousands_of_strangers_is_refused_in_brief() -> None:
    strangers = [[f"s{place}-{n}" for n in range(100)] for place in range(100)]
    with pytest.raises(ValidationFailed) as refused:
        checked(a_match(*TEAMS), users(*strangers))
    assert len(refused.value.faults) == FAULTS_MOST


@given(st.lists(st.sampled_from([WON, LOST, ["abcd"]]), min_size=4, max_size=4), st.permutations("abcd"))
def test_the_order_of_the_reports_does_not_matter(said: list[list[str]], order: list[str]) -> None:
    match = a_match(*TEAMS)
    by_user = dict(zip("abcd", said, strict=True))
    again = {user: by_user[user] for user in order}
    assert agreed(match, reports(match, by_user)) == agreed(match, reports(match, again))
