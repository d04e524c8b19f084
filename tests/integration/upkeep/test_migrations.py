"""Migrations on real databases: what they change, what a crash leaves, and who may serve in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pymongo import AsyncMongoClient
from typer.testing import CliRunner

from domain.core.clock import SystemClock
from domain.core.collection import Database
from maoga.__main__ import app
from storage.documents.factory import open_database
from storage.documents.sqlite import DatabaseInUse
from storage.upkeep.migrations import CannotMigrate, CannotServe, Data, Migration, Migrator, discover
from storage.upkeep.store import BATCH, LOCK, NOTES, Busy, HoldLost, Store, Stored, open_store
from tests.integration.storage.things import SPECS, THINGS, a_thing
from tests.support.wait import eventually

COUNT = BATCH + 3


async def shout(data: Data) -> None:
    """Names become loud; twice does no more than once."""
    await data.rewrite("things", lambda it: {**it, "name": it["name"].upper()})


async def whisper(data: Data) -> None:
    await data.rewrite("things", lambda it: {**it, "name": it["name"].lower()})


async def exclaim(data: Data) -> None:
    """Of loud names alone, so that it shows whether the one before was seen."""

    def change(it: Stored) -> Stored | None:
        if it["rank"] == 2:
            return None
        return {**it, "name": it["name"] + "!"} if it["name"].isupper() and not it["name"].endswith("!") else it

    await data.rewrite("things", change)


def migrations(*, breaking: bool = False) -> list[Migration]:
    return [
        Migration(1, "shout", "Names are loud.", False, shout, whisper),
        Migration(2, "exclaim", "Loud names are louder.", breaking, exclaim, None),
    ]


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The database as servers have it, with documents."""
    database = await open_database(url, SPECS, timeout_s=10, pool_size=5)
    things = database.collection(THINGS)
    await things.insert_many([a_thing(f"{n:04}", rank=n, score=1.0) for n in range(COUNT)])
    yield database
    await database.close()


@pytest.fixture
async def filled(database: Database) -> None:
    """Documents, but no server."""
    await database.close()


@pytest.fixture
def migrate(store: Store) -> Callable[..., Migrator]:
    def make(known: list[Migration] | None = None, layout: str = "one", worker: str = "test") -> Migrator:
        return Migrator(store, migrations() if known is None else known, SystemClock(), layout=layout, worker=worker)

    return make


async def things(store: Store) -> dict[str, Stored]:
    async with store.snapshot() as snapshot:
        return {it["id"]: it async for batch in snapshot.documents("things") for it in batch}


async def test_a_fresh_database_is_laid_out_and_has_nothing_to_migrate(
    url: str, store: Store, migrate: Callable[..., Migrator]
) -> None:
    state = await migrate().admit(apply=False)
    assert [it.number for it in state.applied] == [1, 2]
    assert state.current
    assert state.laid_out
    if url.startswith("mongodb"):
        assert {"_id_", "name_1"} <= set(await indexes(url))


@pytest.mark.usefixtures("filled")
async def test_documents_are_rewritten_once(store: Store, migrate: Callable[..., Migrator]) -> None:
    """Both migrations, in order, over more than a batch; types stay; a second run has nothing to do."""
    lines: list[str] = []
    await migrate().up(tell=lines.append)
    found = await things(store)
    assert len(found) == COUNT - 1
    assert found["0001"]["name"] == "NAME OF 0001!"
    assert type(found["0001"]["score"]) is float
    assert f"  things: {COUNT} documents" in lines
    lines.clear()
    await migrate().up(tell=lines.append)
    assert lines == []
    assert (await migrate().state()).current


@pytest.mark.usefixtures("filled")
async def test_a_rehearsal_sees_what_the_migrations_before_would_leave_and_changes_nothing(
    store: Store, migrate: Callable[..., Migrator]
) -> None:
    before = await things(store)
    lines: list[str] = []
    await migrate().rehearse(None, up=True, tell=lines.append)
    assert [line.strip() for line in lines if "documents" in line] == [f"things: {COUNT} documents"] * 2
    assert await things(store) == before
    assert len((await migrate().state()).pending) == 2


@pytest.mark.usefixtures("filled")
async def test_a_migration_that_broke_off_is_finished_by_the_next_run(
    store: Store, migrate: Callable[..., Migrator]
) -> None:
    async def broken(data: Data) -> None:
        def change(it: Stored) -> Stored:
            if it["rank"] == COUNT - 1:
                raise RuntimeError("killed")
            return {**it, "name": it["name"].upper()}

        await data.rewrite("things", change)

    with pytest.raises(RuntimeError):
        await migrate([Migration(1, "shout", "", False, broken, None)]).up()
    state = await migrate().state()
    assert [it.number for it in state.pending] == [1, 2]
    assert (await things(store))["0000"]["name"].isupper()
    await migrate().up()
    assert all(it["name"].endswith("!") for it in (await things(store)).values())


@pytest.mark.usefixtures("filled")
async def test_what_is_undone_can_be_made_again(store: Store, migrate: Callable[..., Migrator]) -> None:
    await migrate().up(1)
    await migrate().down(0)
    assert (await things(store))["0001"]["name"] == "name of 0001"
    await migrate().up()
    with pytest.raises(CannotMigrate, match="0002 exclaim cannot be undone"):
        await migrate().down(0)


@pytest.mark.usefixtures("filled")
async def test_servers_of_the_version_before_go_on_unless_a_migration_breaks_them(
    migrate: Callable[..., Migrator],
) -> None:
    await migrate().up()
    older = migrate(migrations()[:1], layout="older")
    state = await older.admit(apply=True)
    assert [note["id"] for note in state.unknown] == ["migration:0002"]
    with pytest.raises(CannotMigrate, match="0002 exclaim is of a newer version"):
        await older.down(0)


@pytest.mark.usefixtures("filled")
async def test_a_server_refuses_what_a_newer_version_has_broken(migrate: Callable[..., Migrator]) -> None:
    await migrate(migrations(breaking=True)).up()
    with pytest.raises(CannotServe, match="migrated the database to 0002 exclaim"):
        await migrate(migrations()[:1]).admit(apply=True)


@pytest.mark.usefixtures("filled")
async def test_a_server_waits_for_the_rollout_to_migrate(migrate: Callable[..., Migrator]) -> None:
    with pytest.raises(CannotServe, match="has not had 0001 shout yet: run `maoga migrate up`"):
        await migrate().admit(apply=False, wait_s=0)
    waiting = asyncio.create_task(migrate().admit(apply=False, wait_s=30))
    await migrate().up()
    assert (await waiting).pending == []


@pytest.mark.usefixtures("filled")
async def test_one_number_means_one_migration(migrate: Callable[..., Migrator]) -> None:
    await migrate().up(1)
    with pytest.raises(CannotMigrate, match="another 0001: shout"):
        await migrate([Migration(1, "mumble", "", False, shout, None)]).state()


@pytest.mark.usefixtures("filled")
async def test_one_process_works_at_a_time(url: str, store: Store) -> None:
    async with store.hold("the first"):
        other = open_store(url, SPECS, timeout_s=10)
        with pytest.raises((Busy, DatabaseInUse), match=r"the first|open in another server"):
            async with other.hold("the second"):
                pytest.fail("both work")
        await other.close()
    async with store.hold("the third"):
        pass


async def test_who_was_taken_for_dead_changes_nothing(fresh_mongodb_url: str) -> None:
    """The lease of a frozen process has run out, and another has gone to work: each of its writes is refused."""
    first, second = (open_store(fresh_mongodb_url, SPECS, timeout_s=10) for _ in range(2))
    async with first.hold("the first") as frozen:
        await frozen.add("notes", [{"id": "1", "text": "old"}])
        await end_lease(fresh_mongodb_url)
        async with second.hold("the second", wait_s=10) as hold:
            assert await second.holder() == "the second"
            steps = (
                frozen.change("notes", [({"id": "1", "text": "old"}, {"id": "1", "text": "new"})]),
                frozen.add("notes", [{"id": "2"}]),
                frozen.note("migration:0001", {"name": "late"}),
                frozen.clear("notes"),
                frozen.lay_out(),
            )
            for step in steps:
                with pytest.raises(HoldLost):
                    await step
            assert [it async for it in hold.documents("notes")] == [[{"id": "1", "text": "old"}]]
            assert await second.notes() == {}
    await asyncio.gather(first.close(), second.close())


async def test_what_servers_write_meanwhile_is_kept(fresh_mongodb_url: str) -> None:
    """While documents get another name over and over, a rank is counted up: no count is lost."""
    database = await open_database(fresh_mongodb_url, SPECS, timeout_s=10, pool_size=5)
    collection = database.collection(THINGS)
    await collection.insert_many([a_thing(f"{n:04}") for n in range(COUNT)])
    store = open_store(fresh_mongodb_url, SPECS, timeout_s=10)
    counted, stop = 0, asyncio.Event()

    async def count() -> None:
        nonlocal counted
        while not stop.is_set():
            await collection.update("0007", {"$inc": {"rank": 1}, "$set": {"score": float(counted)}})
            counted += 1

    counting = asyncio.create_task(count())

    def change(it: Stored) -> Stored:
        return {**it, "name": it["name"] + "+"}

    async with store.hold("test") as hold:
        data = Data(hold.documents, hold)
        await eventually(lambda: counted > 0)
        for _ in range(3):
            await data.rewrite("things", change)
        await eventually(lambda before=counted: counted > before)  # type: ignore[misc]
    stop.set()
    await counting
    thing = await collection.get("0007")
    assert thing
    assert (thing.rank, thing.name) == (counted, "name of 0007+++")
    await asyncio.gather(store.close(), database.close())


async def test_files_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "m0001_first.py").write_text('"""One."""\n\nasync def up(data): pass\n')
    (tmp_path / "m0002_second.py").write_text('"""Two."""\nBREAKING = True\n\nasync def up(data): pass\n')
    (tmp_path / "notes.txt").write_text("no migration")
    first, second = discover(tmp_path)
    assert (str(first), first.summary, first.breaking, first.down) == ("0001 first", "One.", False, None)
    assert second.breaking
    (tmp_path / "m0002_second.py").rename(tmp_path / "m0003_second.py")
    with pytest.raises(CannotMigrate, match="0003 second is in the place of 0002"):
        discover(tmp_path)


def test_a_new_migration_is_begun_with_the_next_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maoga.migrate.FOLDER", tmp_path)
    for name in ("first_step", "second_step"):
        assert CliRunner().invoke(app, ["migrate", "new", name]).exit_code == 0
    assert [str(migration) for migration in discover(tmp_path)] == ["0001 first_step", "0002 second_step"]
    assert CliRunner().invoke(app, ["migrate", "new", "../escape"]).exit_code == 2


def test_the_command_line_migrates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the embedded default: status 1 before, 0 after."""
    monkeypatch.setenv("MAOGA_VAR_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = CliRunner().invoke(app, ["migrate", "status", "--json"])
    assert (before.exit_code, orjson.loads(before.output)["fresh"]) == (1, True)
    assert "up to date" in CliRunner().invoke(app, ["migrate", "up"]).output
    after = CliRunner().invoke(app, ["migrate", "status", "--json"])
    assert (after.exit_code, orjson.loads(after.output)["current"]) == (0, True)


async def end_lease(url: str) -> None:
    """As if its holder had been silent for half a minute."""
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        notes = client.get_default_database()[NOTES]
        await notes.update_one({"_id": LOCK}, [{"$set": {"until": "$$NOW"}}])


async def indexes(url: str) -> dict[str, Any]:
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        return dict(await client.get_default_database()["things"].index_information())
