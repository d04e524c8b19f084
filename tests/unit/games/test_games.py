import pytest
from pydantic import ValidationError

from domain.core.cached import Cached
from domain.core.errors import NotFound, Unavailable, ValidationFailed
from domain.core.ids import GameId
from domain.core.paging import PageQuery, cursor_of
from domain.games.games import Games
from domain.games.model import GAMES, Game, GroupSize, Teams
from domain.games.seed import catalogue, seed
from tests.support.accounts import Accounts


async def ids_by_page(games: Games, limit: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page = (await games.list(PageQuery(limit=limit, cursor=cursor))).value
        pages.append([game.id for game in page.items])
        if (cursor := page.next_cursor) is None:
            return pages


def test_the_seed_catalogue_has_teams_roles_and_groups() -> None:
    games = {game.id: game for game in catalogue()}
    assert {"valorant", "apex"} < set(games)
    teams = games["overwatch-2"].mode("competitive")
    assert teams is not None
    assert teams.teams == Teams(count=2, size=5, roles={"tank": 1, "damage": 2, "support": 2})
    group = games["apex"].mode("casual")
    assert group is not None
    assert group.group_size == GroupSize(min=2, max=3)
    assert games["apex"].mode("custom") is None


async def test_seeding_twice_adds_nothing_and_keeps_changes(accounts: Accounts) -> None:
    collection = accounts.database.collection(GAMES)
    assert len(catalogue()) == await seed(accounts.database)
    await collection.update("apex", {"$set": {"name": "Renamed"}})
    assert await seed(accounts.database) == 0
    kept = await collection.get("apex")
    assert kept is not None
    assert kept.name == "Renamed"


async def test_the_list_is_paged_from_the_most_popular_on(accounts: Accounts) -> None:
    await seed(accounts.database)
    collection = accounts.database.collection(GAMES)
    await collection.insert(Game(id="tie", name="Tie", popularity=90, modes=()))
    games = Games(accounts.database, accounts.clock)
    expected = [
        *("league-of-legends", "valorant", "counter-strike-2", "tie", "apex", "overwatch-2", "rocket-league"),
    ]
    assert [expected] == await ids_by_page(games, 7)
    assert [expected[:3], expected[3:6], expected[6:]] == await ids_by_page(games, 3)


@pytest.mark.parametrize(
    "cursor", ["x", "%%%", "é", "e30", cursor_of("text", "apex"), cursor_of(1.0, "a\0"), cursor_of(1.0, "a" * 161)]
)
async def test_a_cursor_of_another_list_is_refused(accounts: Accounts, cursor: str) -> None:
    with pytest.raises(ValidationFailed):
        await Games(accounts.database, accounts.clock).list(PageQuery(cursor=cursor))


async def test_a_game_the_catalogue_lacks_is_not_found(accounts: Accounts) -> None:
    games = Games(accounts.database, accounts.clock)
    assert await games.get(GameId("nothing")) is None
    with pytest.raises(NotFound):
        await games.read(GameId("nothing"))


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
    games = Games(accounts.database, accounts.clock)
    fresh, first = await games.read(GameId("apex")), await games.list(PageQuery(limit=2))
    assert not fresh.stale
    assert not first.stale
    await accounts.database.close()
    accounts.clock.advance(60)
    assert await games.read(GameId("apex")) == Cached(fresh.value, stale=True)
    assert await games.list(PageQuery(limit=2)) == Cached(first.value, stale=True)
    assert await games.get(GameId("apex")) == fresh.value
    with pytest.raises(Unavailable):
        await games.read(GameId("valorant"))
