"""Games are imported once, whoever asks; what is kept by hand stays; a job brings the popular ones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.audit.model import AUDIT, Actor
from domain.auth.commands import EnterAsGuest
from domain.core.errors import Forbidden, RateLimited
from domain.core.ids import GameId, UserId
from domain.games.commands import FetchGames, GameQuery
from domain.games.imports import FETCHES, SYNC
from domain.games.model import GAMES, Game
from domain.games.source import GameSourceUnavailable
from domain.jobs.model import JOBS
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core
from tests.support.igdb import IgdbServer, a_record, igdb_server

ANN = UserId("ann")
ADMIN = Actor(kind="user", id="admin")


@pytest.fixture
async def server() -> AsyncIterator[IgdbServer]:
    async with igdb_server(a_record(1, "Doom"), a_record(2, "Doom Eternal"), a_record(3, "Quake")) as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def core(server: IgdbServer, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    async with a_core(tmp_path, clock, **server.settings) as core:
        yield core


async def fetched(core: Core, query: str, user: UserId = ANN) -> list[str]:
    return [game.id for game in await core.imports.fetch(user, FetchGames(query=query))]


async def stored(core: Core, id: str) -> Game:
    game = await core.database.collection(GAMES).get(id)
    assert game is not None
    return game


async def work(core: Core) -> None:
    """Does what is due."""
    await core.runner.poll()
    await core.runner.idle()


async def test_what_was_fetched_can_be_found_and_played_by_everybody(core: Core) -> None:
    assert await core.games.get(GameId("doom")) is None
    assert (await core.games.search(GameQuery(query="doom"))).value.items == []
    assert await fetched(core, "Doom") == ["doom", "doom-eternal"]
    found = (await core.games.search(GameQuery(query="doom", mode="casual", platform="pc"))).value.items
    assert {game.id for game in found} == {"doom", "doom-eternal"}
    casual = found[0].playable("casual")
    assert casual is not None
    assert casual.group_size is not None
    assert (casual.group_size.min, casual.group_size.max) == (2, 4)


async def test_the_same_question_is_asked_once_an_hour(core: Core, server: IgdbServer, clock: ManualClock) -> None:
    for query in ("doom", " DOOM ", "Doom"):
        assert await fetched(core, query) == ["doom", "doom-eternal"]
    together = await asyncio.gather(*(fetched(core, "quake", UserId(f"user-{n}")) for n in range(10)))
    assert together == [["quake"]] * 10
    assert len(server.queries) == 2
    clock.advance(3600)
    await fetched(core, "doom")
    assert len(server.queries) == 3


async def test_nobody_asks_too_much(core: Core) -> None:
    for n in range(FETCHES.count):
        await fetched(core, f"nothing {n % 2}")
    with pytest.raises(RateLimited):
        await fetched(core, "doom")
    assert await fetched(core, "doom", UserId("bob")) == ["doom", "doom-eternal"]


async def test_a_failure_is_told_and_not_remembered(core: Core, server: IgdbServer) -> None:
    server.answers.append(404)
    with pytest.raises(GameSourceUnavailable):
        await fetched(core, "doom")
    assert await fetched(core, "doom") == ["doom", "doom-eternal"]


async def test_what_is_kept_by_hand_is_only_filled_in(core: Core, server: IgdbServer) -> None:
    """The same game by its name; a second import knows it by its id, whatever it is called by then."""
    before = await stored(core, "apex")
    server.records = [a_record(11, "APEX LEGENDS", summary="Theirs.", alternative_names=[{"name": "Apex"}])]
    assert await fetched(core, "apex") == ["apex"]
    after = await stored(core, "apex")
    assert (after.name, after.summary, after.modes) == (before.name, before.summary, before.modes)
    assert (after.popularity, after.release_date) == (before.popularity, before.release_date)
    assert (after.aliases, after.rating, after.igdb_id) == (("Apex",), 81.3, "11")
    assert after.cover_url is not None
    server.records = [a_record(11, "Apex Legends 2")]
    assert await fetched(core, "legends") == ["apex"]
    assert await stored(core, "apex") == after, "nothing new, so nothing is written"


async def test_what_was_imported_follows_its_source(core: Core, server: IgdbServer) -> None:
    await fetched(core, "quake")
    server.records = [a_record(3, "Quake Remastered", genres=[{"slug": "arcade"}])]
    assert await fetched(core, "remastered") == ["quake"]
    game = await stored(core, "quake")
    assert (game.name, game.genres, game.curated) == ("Quake Remastered", ("arcade",), False)
    assert [found.id for found in (await core.games.search(GameQuery(query="remas"))).value.items] == ["quake"]


async def test_two_games_of_one_address_or_name_are_two(core: Core, server: IgdbServer) -> None:
    server.records = [a_record(20, "Doom", slug="doom"), a_record(21, "Doom", slug="doom")]
    assert await fetched(core, "doom") == ["doom", "doom-21"]


async def test_instances_that_import_the_same_game_at_once_make_one(
    server: IgdbServer, mongodb_url: str, redis_url: str, tmp_path: Path
) -> None:
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with (
        a_core(tmp_path, **urls, **server.settings) as one,
        a_core(tmp_path, **urls, **server.settings) as other,
    ):
        texts = ("doom", "eternal", "doom e")
        await asyncio.gather(*(fetched(core, text) for core in (one, other) for text in texts))
        found = await one.database.collection(GAMES).find({"igdb_id": {"$in": ["1", "2"]}}, limit=9)
        assert {game.id for game in found} == {"doom", "doom-eternal"}
        assert {game.id for game in (await other.games.search(GameQuery(query="doom"))).value.items} == {
            "doom",
            "doom-eternal",
        }


class TestSync:
    async def test_it_imports_the_popular_games_page_by_page(self, core: Core, server: IgdbServer) -> None:
        server.records = [a_record(n, f"Game {n}") for n in range(1, 151)]
        started = await core.imports.start_sync(ADMIN)
        await work(core)
        assert await core.database.collection(GAMES).count({"igdb_id": {"$exists": True}}) == 150
        assert len(server.queries) == 2
        job = await core.jobs.get(started.job_id)
        assert job is not None
        assert (job.status, job.progress) == ("done", 1.0)
        entry = await core.database.collection(AUDIT).find_one({"target": f"job:{started.job_id}"})
        assert entry is not None
        assert (entry.action, entry.actor) == ("games.sync_started", ADMIN)

    async def test_asked_twice_at_once_it_is_one_job(self, core: Core, clock: ManualClock) -> None:
        first, second = await asyncio.gather(*(core.imports.start_sync(ADMIN) for _ in range(2)))
        assert first == second
        clock.advance(61)
        assert await core.imports.start_sync(ADMIN) != first

    async def test_a_failure_is_tried_again_and_goes_on_to_the_end(
        self, core: Core, server: IgdbServer, clock: ManualClock
    ) -> None:
        server.answers.append(404)
        started = await core.imports.start_sync(ADMIN)
        await work(core)
        job = await core.database.collection(JOBS).get(started.job_id)
        assert job is not None
        assert (job.kind, job.status, "GameSourceUnavailable" in (job.error or "")) == (SYNC, "waiting", True)
        clock.advance(10)
        await work(core)
        assert (await stored(core, "quake")).igdb_id == "3"


async def test_guests_fetch_nothing(core: Core, server: IgdbServer) -> None:
    """Anybody may be any number of guests, and the source allows only so many questions."""
    guest = await core.auth.guest(EnterAsGuest())
    with pytest.raises(Forbidden):
        await fetched(core, "doom", guest.user.id)
