"""Both databases keep the contract of `domain.core.collection`; what is found is in `test_documents_queries`."""

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from domain.core import errors
from domain.core.clock import seconds
from domain.core.collection import (
    Collection,
    Database,
    Delete,
    Duplicate,
    Insert,
    Replace,
    StorageConflict,
    Update,
)
from tests.integration.storage.things import NOTES, THINGS, Note, Part, Thing, Wish, a_thing, ids, moment
from tests.support.clock import ManualClock

Things = Collection[Thing]


async def test_document_comes_back_as_it_was_stored(things: Things) -> None:
    """Nested models, tuples, times, text of any script and untyped JSON survive the round trip."""
    thing = a_thing(
        "1",
        owner="Zoë 🎮",
        score=-0.1,
        at=datetime(2026, 1, 1, 12, 0, 0, 999_999, timezone(timedelta(hours=2))),
        tags=("b", "a", "b"),
        moments=(moment(1), moment(0)),
        parts=(Part(name="x"), Part(name="y", note="z")),
        wish=Wish.parse({"gameId": "go", "sizes": (2, 3)}),
        extra={"none": None, "list": [None, 1, 1.0, "x"], "a.b": {"": True}},
    )
    await things.insert(thing)
    expected = thing.changed(at=datetime.fromisoformat("2026-01-01T10:00:00.999+00:00"))
    assert expected == await things.get("1")


async def test_missing_document_is_none(things: Things) -> None:
    await things.insert(a_thing("1"))
    assert await things.get("2") is None
    assert await things.find_one({"rank": 1, "kind": "a"}) is None
    assert not await things.delete("2")
    assert await things.update("2", {"$inc": {"rank": 1}}) is None
    assert await things.replace(a_thing("2")) is None


async def test_get_many_finds_those_that_exist(things: Things) -> None:
    await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3")])
    assert {"3": a_thing("3"), "1": a_thing("1")} == await things.get_many(["3", "x", "1", "3"])
    assert await things.get_many([]) == {}


class TestKeys:
    async def test_duplicate_names_the_key_that_is_taken(self, things: Things) -> None:
        await things.insert(a_thing("1", owner="ann", slot=1))
        for taken, key in (
            (a_thing("1", name="other"), ("id",)),
            (a_thing("2", name="name of 1"), ("name",)),
            (a_thing("2", owner="ann", slot=1), ("owner", "slot")),
        ):
            with pytest.raises(Duplicate) as caught:
                await things.insert(taken)
            assert ("things", key, 0) == (caught.value.collection, caught.value.key, caught.value.index)
        assert await things.count({}) == 1

    async def test_document_that_lacks_a_field_of_a_key_is_exempt(self, things: Things) -> None:
        await things.insert_many([a_thing("1", owner="ann"), a_thing("2", owner="ann"), a_thing("3"), a_thing("4")])
        assert await things.count({}) == 4

    async def test_every_way_of_writing_meets_the_key(self, database: Database, things: Things) -> None:
        await things.insert_many([a_thing("1"), a_thing("2")])
        taken = a_thing("2", name="name of 1")
        for write in (
            things.update("2", {"$set": {"name": "name of 1"}}),
            things.replace(taken),
            things.upsert(taken),
            things.upsert(taken.changed(id="3")),
            database.commit(Update(THINGS, "2", {"$set": {"name": "name of 1"}})),
            database.commit(Insert(THINGS, a_thing("3")), Replace(THINGS, taken)),
        ):
            with pytest.raises(Duplicate) as caught:
                await write
            assert caught.value.key == ("name",)
        assert [a_thing("1"), a_thing("2")] == await things.find({}, limit=9)

    async def test_insert_many_stores_what_stands_before_the_duplicate(self, things: Things) -> None:
        with pytest.raises(Duplicate) as caught:
            await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3", name="name of 1"), a_thing("4")])
        assert (caught.value.index, caught.value.key) == (2, ("name",))
        assert ids(await things.find({}, limit=9)) == ["1", "2"]
        await things.insert_many([])

    async def test_one_of_many_concurrent_inserts_wins(self, things: Things) -> None:
        inserts = (things.insert(a_thing(str(n), name="same")) for n in range(20))
        outcomes = await asyncio.gather(*inserts, return_exceptions=True)
        assert sum(isinstance(outcome, Duplicate) for outcome in outcomes) == 19
        assert await things.count({"name": "same"}) == 1


class TestUpdate:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"$set": {"rank": 7, "owner": "bob"}}, {"rank": 7, "owner": "bob"}),
            ({"$set": {"owner": None}}, {"owner": None}),
            ({"$unset": {"owner": True, "due": True}}, {"owner": None}),
            ({"$set": {"parts": (Part(name="p"),)}}, {"parts": (Part(name="p"),)}),
            ({"$set": {"tags": [], "extra": {"a": None}}}, {"tags": (), "extra": {"a": None}}),
            ({"$set": {"due": moment(5), "score": 3}}, {"due": moment(5), "score": 3.0}),
            ({"$inc": {"rank": -2, "score": 0.5, "version": 1}}, {"rank": -1, "score": 2.0, "version": 2}),
            ({"$inc": {"slot": 3}}, {"slot": 3}),
            ({"$addToSet": {"tags": "x"}}, {}),
            ({"$addToSet": {"tags": ["z", "x", "z"]}}, {"tags": ("x", "y", "z")}),
            ({"$addToSet": {"numbers": [1, 2, 1]}}, {"numbers": [1, 2]}),
            ({"$addToSet": {"numbers": []}}, {"numbers": []}),
            ({"$addToSet": {"moments": [moment(1), moment(2)]}}, {"moments": (moment(1), moment(2))}),
            ({"$pull": {"tags": "x"}}, {"tags": ("y",)}),
            ({"$pull": {"tags": ["x", "y", "q"]}}, {"tags": ()}),
            ({"$pull": {"numbers": 1}}, {}),
            ({"$pull": {"moments": [moment(1)]}}, {"moments": ()}),
            ({"$set": {"rank": 1}, "$inc": {"version": 1}, "$pull": {"tags": "y"}}, {"version": 2, "tags": ("x",)}),
        ],
        ids=str,
    )
    async def test_changes(self, things: Things, changes: dict[str, Any], expected: dict[str, Any]) -> None:
        """The answer is the document as it is stored now."""
        thing = a_thing("1", owner="ann", rank=1, score=1.5, tags=("x", "y"), moments=(moment(1),))
        await things.insert(thing)
        assert thing.changed(**expected) == await things.update("1", changes)
        assert thing.changed(**expected) == await things.get("1")

    async def test_update_needs_what_it_expects(self, things: Things) -> None:
        thing = a_thing("1", tags=("x",))
        await things.insert(thing)
        assert await things.update("1", {"$set": {"rank": 1}}, expect={"version": 2}) is None
        assert await things.update("1", {"$set": {"rank": 1}}, expect={"tags": {"$ne": "x"}}) is None
        assert thing == await things.get("1")
        changed = await things.update("1", {"$set": {"rank": 1}}, expect={"version": 1, "tags": "x"})
        assert thing.changed(rank=1) == changed

    async def test_no_increment_is_lost(self, things: Things) -> None:
        await things.insert(a_thing("1"))
        await asyncio.gather(*(things.update("1", {"$inc": {"rank": 1}}) for _ in range(50)))
        assert (await things.find({"rank": 50}, limit=1)) != []

    async def test_one_of_many_conditional_updates_wins(self, things: Things) -> None:
        await things.insert(a_thing("1"))
        updates = (things.update("1", {"$inc": {"version": 1}}, expect={"version": 1}) for _ in range(20))
        winners = [thing for thing in await asyncio.gather(*updates) if thing]
        assert [thing.version for thing in winners] == [2]


class TestReplaceUpsertDelete:
    async def test_replace_needs_the_version_that_was_read(self, things: Things) -> None:
        await things.insert(a_thing("1", owner="ann"))
        replaced = await things.replace(a_thing("1", rank=5))
        assert a_thing("1", rank=5, version=2) == replaced == await things.get("1")
        assert await things.replace(a_thing("1", rank=6)) is None
        assert a_thing("1", rank=5, version=2) == await things.get("1")

    async def test_upsert_stores_whatever_stood_there(self, things: Things) -> None:
        await things.upsert(a_thing("1", owner="ann", tags=("x",)))
        await things.upsert(a_thing("1", version=7, tags=("y",)))
        assert [a_thing("1", version=7, tags=("y",))] == await things.find({"tags": "y"}, limit=9)
        assert await things.count({"tags": "x"}) == 0

    async def test_delete_needs_what_it_expects(self, things: Things) -> None:
        await things.insert(a_thing("1", tags=("x",)))
        assert not await things.delete("1", expect={"version": 2})
        assert await things.delete("1", expect={"tags": "x"})
        assert await things.get("1") is None
        assert await things.count({"tags": "x"}) == 0


class TestCommit:
    async def test_commit_spans_collections(self, database: Database, things: Things) -> None:
        notes = database.collection(NOTES)
        await things.insert_many([a_thing("1"), a_thing("2"), a_thing("3")])
        await database.commit(
            Insert(NOTES, Note(id="n", text="x")),
            Update(THINGS, "1", {"$inc": {"rank": 1, "version": 1}}, expect={"version": 1}),
            Replace(THINGS, a_thing("2", rank=2)),
            Delete(THINGS, "3"),
            Update(THINGS, "1", {"$inc": {"rank": 1}}, expect={"rank": 1}),
        )
        assert [a_thing("1", rank=2, version=2), a_thing("2", rank=2, version=2)] == await things.find({}, limit=9)
        assert Note(id="n", text="x") == await notes.get("n")

    @pytest.mark.parametrize(
        "failing",
        [
            Update(THINGS, "1", {"$inc": {"rank": 1}}, expect={"version": 2}),
            Update(THINGS, "x", {"$inc": {"rank": 1}}),
            Replace(THINGS, a_thing("1", version=2)),
            Delete(THINGS, "1", expect={"rank": 1}),
            Delete(THINGS, "x"),
            Insert(THINGS, a_thing("1")),
        ],
        ids=str,
    )
    async def test_all_or_none(self, database: Database, things: Things, failing: Update[Thing]) -> None:
        await things.insert(a_thing("1"))
        for writes in ([failing], [Insert(NOTES, Note(id="n")), failing], [Update(THINGS, "1", SET), failing]):
            with pytest.raises(StorageConflict) as caught:
                await database.commit(*writes)
            assert ("things", len(writes) - 1) == (caught.value.collection, caught.value.index)
            assert isinstance(failing, Insert) == isinstance(caught.value, Duplicate)
        assert [a_thing("1")] == await things.find({}, limit=9)
        assert await database.collection(NOTES).count({}) == 0

    async def test_empty_commit_does_nothing(self, database: Database) -> None:
        await database.commit()

    async def test_one_of_many_concurrent_commits_wins(self, database: Database, things: Things) -> None:
        """Each wants the same version of the same document, and leaves a note of its own."""
        await things.insert(a_thing("1"))
        change = Update(THINGS, "1", {"$inc": {"version": 1}}, expect={"version": 1})
        commits = (database.commit(Insert(NOTES, Note(id=f"{n}")), change) for n in range(10))
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert sum(isinstance(outcome, StorageConflict) for outcome in outcomes) == 9
        assert await database.collection(NOTES).count({}) == 1


SET = {"$set": {"tags": ("changed",)}}


class TestExpiry:
    async def test_expired_document_is_invisible_at_once(
        self, database: Database, things: Things, clock: ManualClock
    ) -> None:
        thing = a_thing("1", expires_at=clock.now() + seconds(10), tags=("x",))
        await things.insert_many([thing, a_thing("2", expires_at=clock.now() + seconds(11)), a_thing("3")])
        clock.advance(9.999)
        assert thing == await things.get("1")
        clock.advance(0.001)
        assert ids(await things.find({}, limit=9)) == ["2", "3"]
        assert await things.get("1") is None
        assert await things.get_many(["1"]) == {}
        assert await things.count({"tags": "x"}) == 0
        assert await things.update("1", {"$inc": {"rank": 1}}) is None
        assert await things.replace(thing) is None
        assert not await things.delete("1")
        with pytest.raises(StorageConflict):
            await database.commit(Insert(THINGS, a_thing("4")), Delete(THINGS, "1"))

    async def test_expired_document_holds_no_key(self, database: Database, things: Things, clock: ManualClock) -> None:
        """Its id and its unique keys are free, by every way of writing."""
        gone = {"expires_at": clock.now() + seconds(1)}
        await things.insert_many([a_thing(f"{n}", **gone) for n in range(1, 8)])
        await things.insert(a_thing("9"))
        clock.advance(1)
        await things.insert(a_thing("1"))
        await things.insert(a_thing("10", name="name of 2"))
        await things.insert_many([a_thing("11"), a_thing("12", name="name of 3"), a_thing("4")])
        await things.update("9", {"$set": {"name": "name of 5"}})
        await things.upsert(a_thing("13", name="name of 6"))
        await database.commit(Insert(THINGS, a_thing("14")), Insert(THINGS, a_thing("15", name="name of 7")))
        kept = {"1": 1, "10": 2, "11": 11, "12": 3, "13": 6, "14": 14, "15": 7, "4": 4, "9": 5}
        assert [(id, f"name of {n}") for id, n in kept.items()] == [
            (thing.id, thing.name) for thing in await things.find({}, limit=99)
        ]

    async def test_living_document_keeps_its_key_beside_expired_ones(self, things: Things, clock: ManualClock) -> None:
        await things.insert_many([a_thing("1", expires_at=clock.now() + seconds(1)), a_thing("2")])
        clock.advance(1)
        with pytest.raises(Duplicate) as caught:
            await things.insert_many([a_thing("1"), a_thing("3", name="name of 2")])
        assert (caught.value.index, caught.value.key) == (1, ("name",))
        assert ids(await things.find({}, limit=9)) == ["1", "2"]


async def test_ping_and_close(database: Database, things: Things) -> None:
    """A closed database is unavailable, and may be closed again."""
    await things.insert(a_thing("1"))
    await database.ping()
    await database.close()
    await database.close()
    for call in (
        database.ping(),
        things.get("1"),
        things.insert(a_thing("2")),
        database.commit(Delete(THINGS, "1"), Insert(THINGS, a_thing("2"))),
    ):
        with pytest.raises(errors.Unavailable):
            await call
