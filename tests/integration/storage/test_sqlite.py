"""What is particular to the embedded database: its threads, its file, and what a crash costs."""

import asyncio
import os
import signal
import sqlite3
import stat
import sys
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.core import errors
from domain.core.clock import seconds
from domain.core.collection import Delete, Duplicate, Insert, Spec
from storage.documents import sqlite_threads
from storage.documents.factory import open_database
from storage.documents.query import parse_query
from storage.documents.sqlite import DatabaseInUse, SqliteDatabase
from tests.integration.storage.things import NOTES, SPECS, THINGS, Note, Thing, a_thing
from tests.support.clock import ManualClock
from tests.support.services import ROOT
from tests.support.wait import eventually


@asynccontextmanager
async def opened(
    path: Path, specs: Iterable[Spec[Any]] = SPECS, clock: ManualClock | None = None
) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(path, specs, clock=clock)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """In a folder that does not exist yet."""
    return tmp_path / "var" / "maoga.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    async with opened(path) as database:
        yield database


class TestFile:
    async def test_only_the_owner_may_read_it(self, path: Path, database: SqliteDatabase) -> None:
        await database.collection(THINGS).insert(a_thing("1"))
        modes = {file.name: stat.filemode(file.stat().st_mode) for file in path.parent.iterdir()}
        names = ("maoga.db", "maoga.db-wal", "maoga.db-shm", "maoga.db.lock")
        assert modes == dict.fromkeys(names, "-rw-------")

    async def test_second_server_is_refused(self, path: Path, database: SqliteDatabase) -> None:
        """Within this process and from another; the text says what to do; the first goes on."""
        with pytest.raises(DatabaseInUse, match=r"serves one process.*MAOGA_DATABASE_URL to mongodb://"):
            await SqliteDatabase(path, SPECS).open()
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.storage.writer", str(path)),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, printed = await other.communicate()
        assert b"DatabaseInUse" in printed
        await database.collection(THINGS).insert(a_thing("1"))

    async def test_closing_lets_the_next_server_in(self, path: Path) -> None:
        for n in range(3):
            async with opened(path) as database:
                await database.collection(THINGS).insert(a_thing(f"{n}"))
                assert await database.collection(THINGS).count({}) == n + 1

    async def test_failed_opening_lets_the_next_server_in(self, path: Path) -> None:
        spoil(path)
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            await SqliteDatabase(path, SPECS).open()
        await asyncio.to_thread(path.unlink)
        async with opened(path) as database:
            await database.ping()

    async def test_url_names_the_file(self, path: Path) -> None:
        database = await open_database(f"sqlite:///{path}", SPECS, timeout_s=1, pool_size=1)
        await database.commit(Insert(NOTES, Note(id="1")))
        await database.close()
        assert raw(path, "SELECT count(*) FROM notes") == 1

    async def test_full_disk_is_unavailable_and_costs_no_acked_write(
        self, path: Path, database: SqliteDatabase
    ) -> None:
        """Every write that shares the failed commit is told so; later there is room again."""
        notes = database.collection(NOTES)
        await notes.insert(Note(id="kept"))
        await database.writer.run(limit_pages)
        big = [notes.insert(Note(id=str(n), text="x" * 50_000)) for n in range(5)]
        outcomes = await asyncio.gather(*big, return_exceptions=True)
        assert any(isinstance(outcome, errors.Unavailable) for outcome in outcomes)
        stored = {str(n) for n, outcome in enumerate(outcomes) if outcome is None} | {"kept"}
        await database.writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchall())
        assert stored == {note.id for note in await notes.find({}, limit=99)}
        await notes.insert(Note(id="later", text="x" * 50_000))


def spoil(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("this is no database" * 100)


def limit_pages(connection: sqlite3.Connection) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 20}").fetchall()


class TestSpecs:
    async def test_index_on_a_list_is_filled_from_what_is_stored(self, path: Path) -> None:
        async with opened(path, [Spec("things", Thing)]) as database:
            await database.collection(THINGS).insert_many([a_thing("1", tags=("x", "x")), a_thing("2", tags=("y",))])
        async with opened(path) as database:
            assert [a_thing("2", tags=("y",))] == await database.collection(THINGS).find({"tags": "y"}, limit=9)

    async def test_unique_key_that_left_the_spec_binds_no_more(self, path: Path) -> None:
        async with opened(path) as database:
            await database.collection(THINGS).insert(a_thing("1"))
        spec = Spec("things", Thing)
        async with opened(path, [spec]) as database:
            await database.collection(spec).insert(a_thing("2", name="name of 1"))

    @pytest.mark.parametrize(
        "wrong",
        [
            Spec("things", Thing, indexes=(("nothing",),)),
            Spec("things", Thing, indexes=(("parts",),)),
            Spec("things", Thing, indexes=(("tags", "numbers"),)),
            Spec("things", Thing, unique=(("tags",),)),
            Spec("things", Thing, expires="rank"),
            Spec('"; DROP', Thing),
        ],
        ids=str,
    )
    def test_spec_that_a_database_cannot_keep_is_refused(self, path: Path, wrong: Spec[Thing]) -> None:
        with pytest.raises(TypeError):
            SqliteDatabase(path, [wrong])

    @pytest.mark.parametrize(
        ("filter", "sort", "plan"),
        [
            ({"id": "1"}, "id", "sqlite_autoindex_things_1 (id=?)"),
            ({"name": "x"}, "id", "things.name.unique (<expr>=?)"),
            ({"name": {"$prefix": "x"}}, "name", "things.name.unique (<expr>>? AND <expr><?)"),
            ({"owner": "x", "slot": {"$lt": 5}}, "id", "things.owner.slot.unique (<expr>=? AND <expr><?)"),
            ({"kind": "a"}, "rank", "things.kind.rank.index (<expr>=?)"),
            ({"kind": "a", "rank": {"$in": [1, 2]}}, "id", "things.kind.rank.index (<expr>=? AND <expr>=?)"),
            ({"tags": "x"}, "-id", "things.tags USING PRIMARY KEY (value=?)"),
        ],
        ids=str,
    )
    async def test_indexes_serve_the_queries(
        self, database: SqliteDatabase, clock: ManualClock, filter: dict[str, Any], sort: str, plan: str
    ) -> None:
        table = database.collection(THINGS).table
        statement, parameters = table.page(parse_query(table.schema, filter, sort, 5), clock.now())
        steps = await database.readers.run(
            lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        )
        explained = "; ".join(step[3].decode() for step in steps)
        assert plan in explained
        assert "SCAN things" not in explained


@asynccontextmanager
async def held(database: SqliteDatabase) -> AsyncIterator[None]:
    """The writer is busy meanwhile, so that what is written within waits and shares the next commit."""
    holding, release = threading.Event(), threading.Event()

    def hold(connection: sqlite3.Connection) -> bool:
        holding.set()
        return release.wait(30)

    held = asyncio.ensure_future(database.writer.run(hold))
    await eventually(holding.is_set)
    yield
    release.set()
    assert await held


class TestWriter:
    async def test_waiting_writes_share_a_commit(self, database: SqliteDatabase) -> None:
        before = database.writer.commits
        all_wait = threading.Event()
        held = asyncio.create_task(database.writer.run(lambda _: all_wait.wait(10)))
        writes = [asyncio.create_task(database.collection(NOTES).insert(Note(id=f"{n}"))) for n in range(1000)]
        await asyncio.sleep(0)  # one turn of the loop: each has handed its write over
        all_wait.set()
        await asyncio.gather(held, *writes)
        assert await database.collection(NOTES).count({}) == 1000
        assert database.writer.commits - before <= 20

    async def test_failing_write_is_undone_alone(self, database: SqliteDatabase) -> None:
        """In one group: a conflict, half a commit and a bug, each among writes that succeed."""
        notes = database.collection(NOTES)
        await database.ping()
        before = database.writer.commits
        writes = [
            notes.insert(Note(id="1")),
            notes.insert(Note(id="1")),
            database.commit(Insert(NOTES, Note(id="2")), Delete(NOTES, "missing")),
            database.writer.run(half_done),
            notes.insert(Note(id="3")),
        ]
        async with held(database):
            outcomes = asyncio.gather(*writes, return_exceptions=True)
            await asyncio.sleep(0)
        kinds = [type(outcome).__name__ for outcome in await outcomes]
        assert kinds == ["NoneType", "Duplicate", "StorageConflict", "ZeroDivisionError", "NoneType"]
        assert [note.id for note in await notes.find({}, limit=9)] == ["1", "3"]
        assert database.writer.commits - before == 2

    async def test_close_finishes_what_was_accepted(self, path: Path) -> None:
        async with opened(path) as database:
            writes = [asyncio.ensure_future(database.collection(NOTES).insert(Note(id=f"{n}"))) for n in range(100)]
            await asyncio.sleep(0)
        await asyncio.gather(*writes)
        async with opened(path) as database:
            assert await database.collection(NOTES).count({}) == 100

    async def test_cancelled_caller_does_not_disturb_the_others(self, database: SqliteDatabase) -> None:
        notes = database.collection(NOTES)
        async with held(database):
            impatient = asyncio.ensure_future(notes.insert(Note(id="1")))
            patient = asyncio.ensure_future(notes.insert(Note(id="2")))
            await asyncio.sleep(0)
            impatient.cancel()
        await patient
        with pytest.raises(asyncio.CancelledError):
            await impatient
        await database.ping()

    async def test_expired_documents_are_removed_now_and_then(
        self, path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More of them than one purge takes, and without any traffic."""
        monkeypatch.setattr(sqlite_threads, "PURGE_S", 0.05)
        async with opened(path, clock=clock) as database:
            gone = [a_thing(f"{n}", tags=("x",), expires_at=clock.now() + seconds(1)) for n in range(1200)]
            await database.collection(THINGS).insert_many([*gone, a_thing("kept", tags=("x",))])
            clock.advance(1)
            await eventually(lambda: raw(path, "SELECT count(*) FROM things") == 1)
            assert raw(path, 'SELECT count(*) FROM "things.tags"') == 1


def half_done(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes VALUES ('half', '{}')")
    raise ZeroDivisionError


def raw(path: Path, query: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


async def test_slow_query_holds_nobody_up(database: SqliteDatabase) -> None:
    """While one query runs, the event loop, other reads and writes go on: it ends only when they have."""
    notes = database.collection(NOTES)
    await notes.insert(Note(id="1"))
    running, release = threading.Event(), threading.Event()

    def wait() -> int:
        running.set()
        return int(release.wait(30))

    def slowly(connection: sqlite3.Connection) -> int:
        connection.create_function("wait", 0, wait)
        return int(connection.execute("SELECT wait() FROM notes").fetchone()[0])

    slow = asyncio.ensure_future(database.readers.run(slowly))
    await eventually(running.is_set)
    for n in range(2, 10):
        await notes.insert(Note(id=f"{n}"))
        assert await notes.count({}) == n
    assert not slow.done()
    release.set()
    assert await slow == 1


async def test_file_held_by_another_program_is_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup that holds the file longer than we wait; afterwards all is well."""
    monkeypatch.setattr("storage.documents.sqlite.BUSY_S", 0.1)
    async with opened(path) as database:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(errors.Unavailable):
            await database.collection(NOTES).insert(Note(id="1"))
        other.execute("ROLLBACK")
        other.close()
        await database.collection(NOTES).insert(Note(id="1"))


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
async def test_killed_process_loses_no_acked_write(path: Path, rounds: int) -> None:
    """`writer.py` prints an id after its insert is acknowledged, until it is killed."""
    acked: list[bytes] = []
    for _ in range(rounds):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.storage.writer", str(path)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        acked += [await process.stdout.readline() for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        acked += (await process.stdout.read()).splitlines(keepends=True)
        await process.wait()
    whole = {line.strip().decode() for line in acked if line.endswith(b"\n")}
    assert len(whole) >= 200 * rounds
    async with opened(path) as database:
        assert whole == set(await database.collection(NOTES).get_many(sorted(whole)))
        with pytest.raises(Duplicate):
            await database.collection(NOTES).insert(Note(id=min(whole)))
