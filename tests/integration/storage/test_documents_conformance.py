"""Both databases keep the contract of `domain.core.collection`."""

import asyncio
from collections.abc import Sequence
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
    UnsupportedQuery,
    Update,
)
from tests.integration.storage.things import NOTES, THINGS, Note, Part, Thing, Wish, a_thing, moment
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


FOUND = [
    a_thing("1", kind="a", rank=1, owner="ann", slot=1, score=1, tags=("x", "y"), numbers=[1], due=moment(0)),
    a_thing("2", kind="a", rank=2, owner="bob", slot=2, score=1.5, is_open=True, tags=("y",), at=moment(-0.001)),
    a_thing("3", kind="b", rank=-1, owner="Ann", score=-2.0, numbers=[], moments=(moment(1), moment(2))),
    a_thing("4", kind="b", rank=2**53 + 1, owner="añ.*", slot=2, score=2**53, tags=("z",), due=moment(3600)),
]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({}, "1234"),
        ({"id": "3"}, "3"),
        ({"id": {"$in": ["3", "1", "x"]}}, "13"),
        ({"id": {"$gt": "2"}}, "34"),
        ({"version": 1}, "1234"),
        ({"name": "name of 2"}, "2"),
        ({"kind": "a"}, "12"),
        ({"kind": "a", "rank": 2}, "2"),
        ({"rank": {"$gt": -1, "$lte": 2}}, "12"),
        ({"rank": {"$in": [2, -1]}}, "23"),
        ({"rank": {"$in": []}}, ""),
        ({"rank": 2**53}, ""),
        ({"rank": {"$gt": 2**53}}, "4"),
        ({"score": 1}, "1"),
        ({"score": {"$gte": 1, "$lt": 2.0}}, "12"),
        ({"score": {"$in": [1.5, -2]}}, "23"),
        ({"is_open": True}, "2"),
        ({"is_open": {"$ne": True}}, "134"),
        ({"is_open": {"$in": [False]}}, "134"),
        ({"is_open": {"$lt": True}}, "134"),
        ({"at": moment(0)}, "134"),
        ({"at": {"$lt": moment(0)}}, "2"),
        ({"at": {"$in": [moment(-0.001)]}}, "2"),
        ({"due": {"$lt": moment(1)}}, "1"),
        ({"due": {"$exists": True}}, "14"),
        ({"due": {"$exists": False}}, "23"),
        ({"due": {"$ne": moment(0)}}, "234"),
        ({"slot": {"$ne": 2}}, "13"),
        ({"slot": {"$lt": 9}}, "124"),
        ({"tags": "y"}, "12"),
        ({"tags": {"$in": ["z", "x"]}}, "14"),
        ({"tags": {"$in": []}}, ""),
        ({"tags": {"$ne": "y"}}, "34"),
        ({"tags": {"$exists": True}}, "1234"),
        ({"numbers": {"$exists": True}}, "13"),
        ({"numbers": 1, "kind": "a"}, "1"),
        ({"numbers": {"$ne": 1}}, "234"),
        ({"moments": moment(2)}, "3"),
        ({"moments": {"$in": [moment(1), moment(9)]}}, "3"),
        ({"owner": {"$prefix": "a"}}, "14"),
        ({"owner": {"$prefix": "añ.*"}}, "4"),
        ({"owner": {"$prefix": "."}}, ""),
        ({"owner": {"$prefix": ""}}, "1234"),
        ({"owner": {"$prefix": "A", "$ne": "Ann"}}, ""),
        ({"$or": [{"rank": 1}, {"tags": "z"}]}, "14"),
        ({"kind": "a", "$or": [{"rank": 1}, {"tags": "z"}, {"$or": [{"is_open": True, "rank": 2}]}]}, "12"),
        ({"$or": [{}]}, "1234"),
    ],
    ids=str,
)
async def test_filter(things: Things, filter: dict[str, Any], expected: str) -> None:
    await things.insert_many(FOUND)
    assert list(expected) == ids(await things.find(filter, limit=9))
    assert len(expected) == await things.count(filter)


class TestOrder:
    @pytest.mark.parametrize("sort", ["id", "rank", "score", "name", "is_open", "at"])
    @pytest.mark.parametrize("sign", ["", "-"])
    async def test_pages_hold_every_document_once(self, things: Things, sort: str, sign: str) -> None:
        """Ties are broken by id, so that pages of any size join without gap or repetition."""
        documents = [
            a_thing(str(n), rank=n % 3, score=n % 2 / 3, is_open=n < 4, at=moment(n // 4), name=f"n{n * 5 % 11}")
            for n in range(10)
        ]
        await things.insert_many(documents[::-1])
        expected = sorted(documents, key=lambda thing: (getattr(thing, sort), thing.id), reverse=sign == "-")
        paged: list[Thing] = []
        while page := await things.find(
            {}, sort=f"{sign}{sort}", limit=3, after=(getattr(paged[-1], sort), paged[-1].id) if paged else None
        ):
            paged += page
        assert ids(expected) == ids(paged)
        assert expected[0] == await things.find_one({}, sort=f"{sign}{sort}")

    async def test_pages_within_a_unique_key(self, things: Things) -> None:
        """Where filter and sort field are a unique key no id is needed, and `after` still continues the page."""
        await things.insert_many([a_thing(str(9 - n), name=f"n{n}") for n in range(5)])
        assert ids(await things.find({}, sort="name", limit=2, after=("n1", "8"))) == ["7", "6"]
        assert ids(await things.find({}, sort="-name", limit=2, after=("n2", "7"))) == ["8", "9"]

    async def test_text_is_ordered_by_code_points(self, things: Things) -> None:
        names = ["", " ", "A", "B", "a", "a ", "aa", "z", "é", "\u0300", "Ω", "中", "\ue000", "\uffff", "😀", "🎮"]
        await things.insert_many([a_thing(str(n), name=name) for n, name in enumerate(reversed(names))])
        assert sorted(names) == [thing.name for thing in await things.find({}, sort="name", limit=99)]


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


class TestUnsupported:
    @pytest.mark.parametrize(
        "filter",
        [
            {"parts": "x"},
            {"nothing": 1},
            {"tags.0": "x"},
            {"extra": {"a": 1}},
            {"$and": []},
            {"$or": []},
            {"$or": {"rank": 1}},
            {"$or": [{"parts": 1}]},
            {"rank": None},
            {"rank": "1"},
            {"rank": 1.0},
            {"rank": True},
            {"rank": 2**63},
            {"rank": {}},
            {"rank": {"$regex": "x"}},
            {"rank": {"$gt": None}},
            {"rank": {"$in": 1}},
            {"rank": {"$in": [1, "x"]}},
            {"rank": {"$prefix": "1"}},
            {"rank": {"$exists": 1}},
            {"score": float("nan")},
            {"score": "1"},
            {"is_open": 1},
            {"kind": {"$in": "ab"}},
            {"at": "2026-01-01T00:00:00.000Z"},
            {"at": moment(0).replace(tzinfo=None)},
            {"tags": ["x"]},
            {"tags": {"$gt": "x"}},
            {"tags": {"$prefix": "x"}},
            {"name": {"$prefix": 1}},
            {"name": "a\0b"},
            {"name": "\ud800"},
            {"id": 1},
        ],
        ids=repr,
    )
    async def test_filter(self, database: Database, things: Things, filter: dict[str, Any]) -> None:
        for call in (
            things.find(filter, limit=1),
            things.count(filter),
            things.update("1", SET, expect=filter),
            things.delete("1", expect=filter),
            database.commit(Insert(THINGS, a_thing("1")), Delete(THINGS, "1", expect=filter)),
        ):
            with pytest.raises(UnsupportedQuery):
                await call
        assert await things.count({}) == 0

    @pytest.mark.parametrize("sort", ["tags", "due", "-slot", "parts", "expires_at", "", "--rank", "+rank"])
    async def test_sort(self, things: Things, sort: str) -> None:
        with pytest.raises(UnsupportedQuery):
            await things.find({}, sort=sort, limit=1)

    @pytest.mark.parametrize("page", [{"limit": 0}, {"limit": -1}, {"limit": 1, "after": ("x", "1")}], ids=str)
    async def test_page(self, things: Things, page: dict[str, Any]) -> None:
        with pytest.raises(UnsupportedQuery):
            await things.find({}, sort="rank", **page)

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"$set": {}},
            {"rank": 1},
            {"$push": {"tags": "x"}},
            {"$set": {"id": "2"}},
            {"$set": {"nothing": 1}},
            {"$set": {"parts.0.name": "x"}},
            {"$set": {"rank": "1"}},
            {"$set": {"rank": None}},
            {"$set": {"kind": "c"}},
            {"$set": {"at": moment(0).replace(tzinfo=None)}},
            {"$set": {"tags": "x"}},
            {"$set": {"tags": [1]}},
            {"$set": {"parts": [{"nothing": "x"}]}},
            {"$set": {"extra": {"$a": 1}}},
            {"$set": {"extra": {"a": float("inf")}}},
            {"$set": {"extra": {"a": 2**63}}},
            {"$set": {"extra": {"a": {1, 2}}}},
            {"$set": {"owner": "a\0"}},
            {"$unset": {"rank": True}},
            {"$unset": {"tags": True}},
            {"$unset": {"owner": ""}},
            {"$inc": {"name": 1}},
            {"$inc": {"rank": 0.5}},
            {"$inc": {"rank": True}},
            {"$addToSet": {"rank": 1}},
            {"$addToSet": {"tags": 1}},
            {"$addToSet": {"parts": Part(name="x")}},
            {"$pull": {"tags": [1]}},
            {"$set": {"rank": 1}, "$inc": {"rank": 1}},
        ],
        ids=repr,
    )
    async def test_changes(self, database: Database, things: Things, changes: dict[str, Any]) -> None:
        await things.insert(a_thing("1"))
        for call in (
            things.update("1", changes),
            database.commit(Delete(THINGS, "1"), Update(THINGS, "1", changes)),
        ):
            with pytest.raises(UnsupportedQuery):
                await call
        assert [a_thing("1")] == await things.find({}, limit=9)

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "a\0b"},
            {"rank": 2**63},
            {"rank": "not validated"},
            {"score": float("nan")},
            {"at": moment(0).replace(tzinfo=None)},
            {"extra": {"$ref": "x"}},
            {"extra": {1: 2}},
            {"extra": {"bytes": b"x"}},
        ],
        ids=repr,
    )
    async def test_document(self, database: Database, things: Things, fields: dict[str, Any]) -> None:
        """What one database would refuse or alter neither stores."""
        document = a_thing("1").changed(**fields)
        for call in (
            things.insert(document),
            things.insert_many([a_thing("2"), document]),
            things.upsert(document),
            things.replace(document),
            database.commit(Insert(THINGS, a_thing("2")), Insert(THINGS, document)),
        ):
            with pytest.raises(UnsupportedQuery):
                await call
        assert await things.count({}) == 0


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


def ids(things: Sequence[Thing]) -> list[str]:
    return [thing.id for thing in things]
