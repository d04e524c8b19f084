"""The demo's own checks notice what they are there for."""

from collections import Counter
from collections.abc import Callable

import pytest

from maoga.demo.checks import SEEN_BY_ALL, Memory, broken_promises
from maoga.demo.figures import Figures, percentile


def a_memory(user_id: str, lobby: str = "l", members: str = "ab") -> Memory:
    return Memory(
        name=user_id.upper(),
        user_id=user_id,
        lobby_ids={lobby},
        members=frozenset(members),
        messages=[(1, "m1"), (2, "m2")],
        last_seq=2,
        events=Counter(SEEN_BY_ALL),
        started=True,
    )


def two() -> list[Memory]:
    return [a_memory("a"), a_memory("b")]


def test_players_who_saw_the_same_are_fine() -> None:
    assert list(broken_promises([*two(), a_memory("c", "k", "cd"), a_memory("d", "k", "cd")])) == []


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda a: a.messages.pop(), "A got the messages [1], not [1, 2]"),
        (lambda a: a.messages.append((2, "m2")), "A got the messages [1, 2, 2], not [1, 2]"),
        (lambda a: a.messages.reverse(), "A got the messages [2, 1], not [1, 2]"),
        (lambda a: a.messages.__setitem__(1, (2, "other")), "A and B do not agree on what was said"),
        (lambda a: a.lobby_ids.add("k"), "A was told of 2 lobbies"),
        (lambda a: setattr(a, "members", frozenset("abc")), "A and B do not agree on who is in their lobby"),
        (lambda a: setattr(a, "members", frozenset("bc")), "B and A do not agree on who is in their lobby"),
        (lambda a: a.events.pop("lobby_started"), "A saw no lobby_started"),
    ],
)
def test_what_is_wrong_is_said(spoil: Callable[[Memory], object], complaint: str) -> None:
    memories = two()
    spoil(memories[0])
    assert complaint in list(broken_promises(memories))


def test_a_player_in_two_lobbies_is_noticed() -> None:
    assert "A has a seat in 2 lobbies" in list(broken_promises([*two(), a_memory("c", "k", "ac")]))


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile([7.0], 0.95)) == (50, 95, 7)
    assert percentile([], 0.5) is None


def test_a_demo_is_good_when_all_have_played_and_nothing_went_wrong() -> None:
    unlucky = Figures(players=2, started=2)
    unlucky.error("TIMEOUT", "Ada waits still")
    assert [figures.good for figures in (Figures(2, started=1), Figures(2, started=2), unlucky)] == [False, True, False]
    assert unlucky.wire()["errors"] == {"TIMEOUT": 1}
