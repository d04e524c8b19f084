"""The cast of a demo: everybody finds somebody, whatever the numbers."""

from collections import Counter
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain.games
from clients.python.types import Game
from maoga.demo.casting import QUIRKS, cast

CATALOGUE: list[Game] = orjson.loads((Path(domain.games.__file__).parent / "catalogue.json").read_bytes())
SIZES = {
    (game["id"], mode["mode"]): (
        (mode["groupSize"]["min"], mode["groupSize"]["max"])
        if "groupSize" in mode
        else (mode["teams"]["count"] * mode["teams"]["size"],) * 2
    )
    for game in CATALOGUE
    for mode in game["modes"]
}


@given(players=st.integers(2, 400), seed=st.integers(0, 2**32))
def test_every_number_of_players_from_two_on_fills_its_groups_exactly(players: int, seed: int) -> None:
    parts = cast(CATALOGUE, players, seed)
    assert sorted(part.number for part in parts) == list(range(players))
    assert not any(part.alone for part in parts)
    wishes: dict[tuple[str, str], set[tuple[int, frozenset[str]]]] = {}
    queues: Counter[tuple[str, int, frozenset[str]]] = Counter()
    for part in parts:
        wanted = part.criteria
        games, size = frozenset(wish["gameId"] for wish in wanted["games"]), wanted["groupSize"]["min"]
        assert wanted["groupSize"]["max"] == size
        queues[wanted["mode"], size, games] += 1
        for game in games:
            low, high = SIZES[game, wanted["mode"]]
            assert low <= size <= high
            wishes.setdefault((game, wanted["mode"]), set()).add((size, games))
    assert all(len(wish) == 1 for wish in wishes.values()), "no two queues share a game and mode"
    assert all(count % size == 0 for (_, size, _), count in queues.items())


@given(players=st.integers(2, 100), seed=st.integers(0, 2**32))
def test_nobody_insists_on_a_place_so_that_in_the_end_everybody_in_a_queue_may_meet(players: int, seed: int) -> None:
    for part in cast(CATALOGUE, players, seed):
        assert "strict" not in {part.criteria["regionPreference"], part.criteria["languagePreference"]}


def test_the_same_seed_gives_the_same_cast_and_another_seed_another() -> None:
    assert cast(CATALOGUE, 40, seed=7) == cast(CATALOGUE, 40, seed=7) != cast(CATALOGUE, 40, seed=8)


def test_a_single_player_is_alone() -> None:
    assert [part.alone for part in cast(CATALOGUE, 1, seed=1)] == [True]


def test_players_whom_no_group_takes_are_alone() -> None:
    apex = next(game for game in CATALOGUE if game["id"] == "apex")
    trios: list[Game] = [{**apex, "modes": [{**apex["modes"][0], "mode": "ranked", "groupSize": {"min": 3, "max": 3}}]}]
    assert sum(part.alone for part in cast(trios, 8, seed=1)) == 2


def test_all_quirks_take_part() -> None:
    quirks = Counter(part.quirk for part in cast(CATALOGUE, 40, seed=1))
    assert {quirk: quirks[quirk] for quirk in QUIRKS} == dict.fromkeys(QUIRKS, 4)


def test_names_are_told_apart() -> None:
    assert len({part.name for part in cast(CATALOGUE, 200, seed=1)}) == 200


def test_a_catalogue_without_games_is_refused() -> None:
    with pytest.raises(ValueError, match="no game"):
        cast([], 2, seed=1)
