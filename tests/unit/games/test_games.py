import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.core.cached import Cached
from domain.core.errors import NotFound, Unavailable, ValidationFailed
from domain.core.ids import GameId
from domain.core.paging import cursor_of
from domain.games.commands import AddGame, GameQuery
from domain.games.games import TTL_S
from domain.games.model import GAMES, Game, GroupSize, Mode, Teams, game_view
from domain.games.seed import catalogue, seed
from tests.support.accounts import Accounts
from tests.support.catalogues import games_of


def a_game(id: str, name: str | None = None, **fields: Any) -> Game:
    return Game(id=id, name=name or id.title(), **{"modes": (Mode(mode="casual"),), **fields})


async def stocked(accounts: Accounts, *games: Game) -> None:
    await accounts.database.collection(GAMES).insert_many(games)


async def ids_by_page(accounts: Accounts, limit: int, **query: Any) -> list[list[str]]:
    games, pages, cursor = games_of(accounts.database, accounts.clock), [], None
    while True:
        page = (await games.search(GameQuery(limit=limit, cursor=cursor, **query))).value
        pages.append([game.id for game in page.items])
        if (cursor := page.next_cursor) is None:
            return pages


async def found(accounts: Accounts, **query: Any) -> list[str]:
    return (await ids_by_page(accounts, 100, **query))[0]


class TestSeed:
    def test_it_has_well_known_games_with_their_true_teams(self) -> None:
        games = {game.id: game for game in catalogue()}
        assert len(games) >= 40
        roles = {"tank": 1, "damage": 2, "support": 2}
        expected = {
            ("overwatch-2", "competitive"): Teams(count=2, size=5, roles=roles),
            ("valorant", "competitive"): Teams(count=2, size=5),
            ("rocket-league", "ranked"): Teams(count=2, size=3),
            ("chess", "ranked"): Teams(count=2, size=1),
        }
        for (game_id, name), teams in expected.items():
            mode = games[game_id].mode(name)  # type: ignore[arg-type]  # mypy forgets the literal in a key
            assert mode is not None
            assert mode.teams == teams
        group = games["apex"].mode("casual")
        assert group is not None
        assert group.group_size == GroupSize(min=2, max=3)

    def test_every_game_can_be_played_searched_and_filtered(self) -> None:
        for game in catalogue():
            assert game.mode_names, game.id
            assert game.genres, game.id
            assert game.platforms, game.id
            assert game.summary, game.id
            for mode in game.modes:
                assert mode.teams or mode.group_size, (game.id, mode.mode)
                if mode.teams and mode.teams.roles:
                    assert sum(mode.teams.roles.values()) == mode.teams.size, (game.id, mode.mode)

    async def test_seeding_twice_adds_nothing_and_keeps_changes(self, accounts: Accounts) -> None:
        collection = accounts.database.collection(GAMES)
        assert len(catalogue()) == await seed(accounts.database)
        await collection.update("apex", {"$set": {"name": "Renamed"}})
        assert await seed(accounts.database) == 0
        kept = await collection.get("apex")
        assert kept is not None
        assert kept.name == "Renamed"

    async def test_games_of_an_older_version_can_be_found_after_it(self, accounts: Accounts, tmp_path: Path) -> None:
        await stocked(accounts, *(a_game(f"old-{n}") for n in range(3)))
        with closing(sqlite3.connect(tmp_path / "maoga.db")) as file, file:
            for field in ("words", "name_key", "mode_names"):
                file.execute(f"UPDATE games SET doc = json_remove(doc, '$.{field}')")
        assert await found(accounts, query="old") == []
        await seed(accounts.database)
        assert await found(accounts, query="old") == ["old-2", "old-1", "old-0"]


class TestPages:
    async def test_the_most_popular_come_first_and_equals_by_id(self, accounts: Accounts) -> None:
        await stocked(accounts, *(a_game(id, popularity=of) for id, of in {"a": 1, "b": 9, "c": 5, "d": 5}.items()))
        assert await ids_by_page(accounts, 4) == [["b", "d", "c", "a"]]
        assert await ids_by_page(accounts, 2) == [["b", "d"], ["c", "a"]]
        assert await ids_by_page(accounts, 3) == [["b", "d", "c"], ["a"]]

    async def test_by_name_case_and_spaces_do_not_matter(self, accounts: Accounts) -> None:
        await stocked(
            accounts, a_game("z", "alpha Two"), a_game("y", "Alpha"), a_game("x", "ÉLAN"), a_game("w", "原神")
        )
        assert await ids_by_page(accounts, 2, sort="name") == [["y", "z"], ["x", "w"]]

    @pytest.mark.parametrize(
        "cursor", ["x", "%%%", "é", "e30", cursor_of("text", "apex"), cursor_of(1.0, "a\0"), cursor_of(1.0, "a" * 161)]
    )
    async def test_a_cursor_of_another_list_is_refused(self, accounts: Accounts, cursor: str) -> None:
        with pytest.raises(ValidationFailed):
            await games_of(accounts.database, accounts.clock).search(GameQuery(cursor=cursor))

    @pytest.mark.parametrize("cursor", [cursor_of(1.0, "apex"), cursor_of("a\0", "apex"), cursor_of("a" * 161, "a")])
    async def test_nor_is_one_of_another_order(self, accounts: Accounts, cursor: str) -> None:
        with pytest.raises(ValidationFailed):
            await games_of(accounts.database, accounts.clock).search(GameQuery(cursor=cursor, sort="name"))


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("counter", ["cs"]),
            ("COUNTER st", ["cs"]),
            ("strike counter", ["cs"]),
            ("count strike", []),
            ("csgo", ["cs"]),
            ("global off", ["cs"]),
            ("pokemon", ["go"]),
            ("Pokémon", ["go"]),
            ("poke\u0301", ["go"]),
            ("\uff50\uff4f\uff4b", ["go"]),
            ("原", ["gi"]),
            ("g", ["go", "gi", "cs"]),
            ("!!!", []),
            ("$prefix", []),
            ("o go", []),
        ],
    )
    async def test_words_of_any_name_are_found_the_last_as_far_as_typed(
        self, accounts: Accounts, query: str, expected: list[str]
    ) -> None:
        await stocked(
            accounts,
            a_game("cs", "Counter-Strike 2", aliases=("CSGO", "Global Offensive"), popularity=1),
            a_game("go", "Pokémon GO", popularity=9),
            a_game("gi", "原神", aliases=("Genshin",), popularity=5),
        )
        assert expected == await found(accounts, query=query)

    async def test_all_that_is_asked_for_must_hold(self, accounts: Accounts) -> None:
        both = (Mode(mode="casual"), Mode(mode="ranked"))
        await stocked(
            accounts,
            a_game("a", "Red", genres=("shooter", "tactical"), platforms=("pc",), modes=both, popularity=3),
            a_game("b", "Red two", genres=("shooter",), platforms=("pc", "switch"), popularity=2),
            a_game("c", "Blue", genres=("moba",), platforms=("pc",), modes=both, popularity=1),
        )
        assert await found(accounts, genre="shooter") == ["a", "b"]
        assert await found(accounts, genre="shooter", platform="switch") == ["b"]
        assert await found(accounts, mode="ranked") == ["a", "c"]
        assert await found(accounts, query="red", mode="ranked", genre="tactical", platform="pc") == ["a"]
        assert await found(accounts, query="red", genre="moba") == []
        assert await found(accounts, query="red", sort="name") == ["a", "b"]

    async def test_a_disabled_mode_is_neither_shown_nor_found(self, accounts: Accounts) -> None:
        game = a_game("a", modes=(Mode(mode="casual"), Mode(mode="ranked", enabled=False)))
        await stocked(accounts, game)
        assert await found(accounts, mode="ranked") == []
        assert [mode.mode for mode in game_view(game).modes] == ["casual"]
        assert game.mode("ranked") is not None, "what has begun goes on"
        assert game.playable("ranked") is None


async def test_a_game_the_catalogue_lacks_is_not_found(accounts: Accounts) -> None:
    games = games_of(accounts.database, accounts.clock)
    assert await games.get(GameId("nothing")) is None
    with pytest.raises(NotFound):
        await games.read(GameId("nothing"))


async def test_a_change_is_seen_at_once_where_it_is_made_and_elsewhere_within_a_second(accounts: Accounts) -> None:
    here, elsewhere = (games_of(accounts.database, accounts.clock) for _ in range(2))
    collection = accounts.database.collection(GAMES)
    await collection.insert(a_game("a"))
    for games in (here, elsewhere):
        await games.read(GameId("a"))
        await games.search(GameQuery())
    await collection.update("a", {"$set": {"name": "New"}})
    await here.changed()
    assert (await here.read(GameId("a"))).value.name == "New"
    assert (await here.search(GameQuery())).value.items[0].name == "New"
    assert (await elsewhere.read(GameId("a"))).value.name == "A"
    accounts.clock.advance(TTL_S)
    assert (await elsewhere.read(GameId("a"))).value.name == "New"


PING = {"name": "ping", "type": "max_latency", "limit": 80}


def a_team(**fields: object) -> dict[str, object]:
    """A mode for teams of so many."""
    return {"teams": {"count": 2, "size": 5, **fields}}


def a_rule(**fields: object) -> dict[str, object]:
    """A mode with such a rule."""
    return {"matching": {"rules": [{**PING, **fields}]}}


@pytest.mark.parametrize(
    ("mode", "field"),
    [
        (a_team(size=51), "teams"),
        (a_team(size=0), "teams.size"),
        (a_team(count="2"), "teams.count"),
        (a_team(sides=1), "teams.sides"),
        (a_team(roles={"tank": 6}), "teams"),
        (a_team(roles={"a b": 1}), "teams.roles.a b"),
        (a_team(roles={f"r{n}": 1 for n in range(17)}), "teams.roles"),
        ({"groupSize": {"min": 3, "max": 2}}, "groupSize"),
        ({"group_size": {"min": 1, "max": 2}}, "group_size"),
        ({"enabled": "yes"}, "enabled"),
        ({"matching": {"holds": 1}}, "matching.holds"),
        ({"matching": {"holdS": "1"}}, "matching.holdS"),
        (a_rule(limit="9"), "matching.rules.0.max_latency.limit"),
        (a_rule(most=9), "matching.rules.0.max_latency.most"),
        (a_rule(expand=[{"afterS": 5}, {"afterS": 1}]), "matching.rules.0.max_latency.expand"),
        ({"rating": {"seasons": [{"name": "a", "startsAt": 5}]}}, "rating.seasons.0.startsAt"),
        ({"rating": {"seasons": [{"name": "a", "startsAt": "2026-01-31"}]}}, "rating.seasons.0.startsAt"),
    ],
)
def test_a_mode_that_makes_no_sense_is_refused_where_it_does_not(mode: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        AddGame.parse({"id": "go", "name": "Go", "modes": [{"mode": "ranked", **mode}]})
    assert [fault["field"] for fault in refused.value.details or ()] == [f"modes.0.{field}"]  # type: ignore[index]


def test_a_mode_is_the_same_when_it_has_been_given_stored_and_sent() -> None:
    """What the wire gives as lists and texts are tuples and moments; all three ways lead to one value."""
    seasons = [{"name": "one", "startsAt": "2026-01-31T18:30:00.000Z"}]
    said = {
        "mode": "ranked",
        **a_team(roles={"tank": 1}),
        **a_rule(expand=[{"afterS": 5}]),
        "rating": {"seasons": seasons},
    }
    (given,) = AddGame.parse({"id": "go", "name": "Go", "modes": [said]}).modes
    assert given == Mode.model_validate(given.model_dump()) == Mode.model_validate_json(given.wire_json())
    assert given == Mode.model_validate(given.model_dump(mode="json"))


@pytest.mark.parametrize(
    "build",
    [
        lambda: GroupSize(min=3, max=2),
        lambda: Teams(count=2, size=2, roles={"tank": 3}),
        lambda: Teams(count=0, size=1),
    ],
)
def test_sizes_that_contradict_are_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(ValidationError):
        build()


async def test_the_catalogue_is_served_stale_and_says_so_while_the_database_is_away(accounts: Accounts) -> None:
    await seed(accounts.database)
    games = games_of(accounts.database, accounts.clock)
    fresh, first = await games.read(GameId("apex")), await games.search(GameQuery(limit=2))
    assert not fresh.stale
    assert not first.stale
    await accounts.database.close()
    accounts.clock.advance(120)
    assert await games.read(GameId("apex")) == Cached(fresh.value, stale=True)
    assert await games.search(GameQuery(limit=2)) == Cached(first.value, stale=True)
    assert await games.get(GameId("apex")) == fresh.value
    with pytest.raises(Unavailable):
        await games.read(GameId("valorant"))
