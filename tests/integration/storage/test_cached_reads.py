"""Reference data is served while the database is away, marked as stale; a write never is pretended."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.core import errors
from domain.core.cached import RETRY_S, Cached, CachedReads
from domain.core.collection import Collection, Insert
from storage.documents.mongo import MongoDatabase
from storage.documents.sqlite import SqliteDatabase
from tests.integration.storage.things import NOTES, SPECS, Note, Thing, a_thing
from tests.support.clock import ManualClock
from tests.support.services import Server, mongod
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.usefixtures("sockets_collected"),
]

TTL_S = 10


@pytest.fixture
async def database(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "maoga.db", SPECS, clock=clock)
    await database.open()
    yield database
    await database.close()


class TestFreshness:
    async def test_value_is_kept_for_its_time(self, things: Collection[Thing], clock: ManualClock) -> None:
        """A change is seen when the time is up, not before; so is a removal."""
        cached = CachedReads(things, clock, ttl_s=TTL_S)
        await things.insert(a_thing("1"))
        assert await cached.get("1") == Cached(a_thing("1"))
        assert await cached.find({"kind": "a"}, limit=5) == Cached((a_thing("1"),))
        await things.upsert(a_thing("1", kind="b"))
        clock.advance(TTL_S - 0.001)
        assert await cached.get("1") == Cached(a_thing("1"))
        assert await cached.find({"kind": "a"}, limit=5) == Cached((a_thing("1"),))
        clock.advance(0.001)
        assert await cached.get("1") == Cached(a_thing("1", kind="b"))
        assert await cached.find({"kind": "a"}, limit=5) == Cached(())

    async def test_absence_is_kept_too(self, things: Collection[Thing], clock: ManualClock) -> None:
        cached = CachedReads(things, clock, ttl_s=TTL_S)
        assert await cached.get("1") == Cached(None)
        await things.insert(a_thing("1"))
        assert await cached.get("1") == Cached(None)
        clock.advance(TTL_S)
        assert await cached.get("1") == Cached(a_thing("1"))

    async def test_different_questions_have_different_answers(
        self, things: Collection[Thing], clock: ManualClock
    ) -> None:
        cached = CachedReads(things, clock, ttl_s=TTL_S)
        await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3", kind="b")])
        answers = [
            await cached.find({"kind": "a"}, limit=5),
            await cached.find({"kind": "b"}, limit=5),
            await cached.find({"kind": "a"}, limit=1),
            await cached.find({"kind": "a"}, sort="-id", limit=1),
        ]
        assert ["".join(thing.id for thing in answer.value) for answer in answers] == ["12", "3", "1", "2"]

    async def test_least_recently_asked_goes_first(self, things: Collection[Thing], clock: ManualClock) -> None:
        cached = CachedReads(things, clock, ttl_s=TTL_S, size=2)
        for id in ("1", "2", "1", "3"):
            await cached.get(id)
        await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3")])
        kept = {id: (await cached.get(id)).value is None for id in ("1", "3", "2")}
        assert kept == {"1": True, "3": True, "2": False}


@pytest.fixture
def server() -> Iterator[Server]:
    with mongod() as server:
        yield server


async def test_stale_while_the_database_is_away(server: Server, clock: ManualClock) -> None:
    """A frozen server: what was read before is served and marked, what was not is unavailable, writes are refused."""
    database = MongoDatabase(server.url, SPECS, timeout_s=0.5, pool_size=5)
    await database.open()
    notes = database.collection(NOTES)
    cached = CachedReads(notes, clock, ttl_s=TTL_S)
    await notes.insert(Note(id="1", text="x"))
    await cached.get("1")
    await cached.find({}, limit=5)
    server.pause()
    assert await cached.get("1") == Cached(Note(id="1", text="x"))
    clock.advance(TTL_S)
    assert await cached.get("1") == Cached(Note(id="1", text="x"), stale=True)
    assert await cached.find({}, limit=5) == Cached((Note(id="1", text="x"),), stale=True)
    with pytest.raises(errors.Unavailable):
        await cached.get("2")
    for write in (notes.insert(Note(id="2")), notes.upsert(Note(id="1")), database.commit(Insert(NOTES, Note(id="3")))):
        with pytest.raises(errors.Unavailable):
            await write

    server.kill()
    clock.advance(TTL_S)
    assert await cached.get("1") == Cached(Note(id="1", text="x"), stale=True)
    server.restart()

    async def is_back() -> bool:
        clock.advance(RETRY_S)
        return await cached.get("1") == Cached(Note(id="1", text="x"))

    await eventually(is_back, timeout=20)
    await database.close()


async def test_database_that_is_away_is_asked_only_now_and_then(
    database: SqliteDatabase, things: Collection[Thing], clock: ManualClock
) -> None:
    """Reads in between do not wait for it: they do not even see that it is back already."""
    cached = CachedReads(things, clock, ttl_s=TTL_S)
    await cached.get("1")
    clock.advance(TTL_S)
    await database.close()
    assert await cached.get("1") == Cached(None, stale=True)
    await database.open()
    clock.advance(RETRY_S - 0.001)
    assert await cached.get("1") == Cached(None, stale=True)
    clock.advance(0.001)
    assert await cached.get("1") == Cached(None)
