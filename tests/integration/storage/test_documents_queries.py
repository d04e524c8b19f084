"""Both databases find, order and refuse alike: the reading half of `domain.core.collection`'s contract."""

from typing import Any

import pytest

from domain.core.clock import seconds
from domain.core.collection import (
    Collection,
    Database,
    Delete,
    Insert,
    UnsupportedQuery,
    Update,
)
from tests.integration.storage.things import THINGS, Part, Thing, a_thing, ids, moment
from tests.support.clock import ManualClock

Things = Collection[Thing]

SET = {"$set": {"tags": ("changed",)}}


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
        ({"tags": {"$prefix": "y"}}, "12"),
        ({"tags": {"$prefix": "xa"}}, ""),
        ({"tags": {"$prefix": "\U0010ffff"}}, ""),
        ({"tags": {"$prefix": ""}}, "124"),
        ({"tags": "y", "$or": [{"tags": {"$prefix": "x"}}]}, "1"),
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


class TestFirstOf:
    async def test_each_value_gets_its_first_document(self, things: Things) -> None:
        await things.insert_many(
            [a_thing(f"{room}{place}", room=room, place=place) for room in "abc" for place in (2, 9, 5)]
        )
        last = await things.find_first_of("room", ["a", "c", "x"], sort="-place")
        assert {room: thing.id for room, thing in last.items()} == {"a": "a9", "c": "c9"}
        first = await things.find_first_of("room", ["b"], sort="place")
        assert {room: thing.id for room, thing in first.items()} == {"b": "b2"}
        assert await things.find_first_of("room", [], sort="place") == {}

    async def test_what_has_expired_is_not_found(self, things: Things, clock: ManualClock) -> None:
        await things.insert_many(
            [a_thing("1", room="a", place=1), a_thing("2", room="a", place=2, expires_at=clock.now() + seconds(1))]
        )
        clock.advance(1)
        assert (await things.find_first_of("room", ["a"], sort="-place"))["a"].id == "1"

    @pytest.mark.parametrize(("field", "sort"), [("kind", "rank"), ("owner", "slot"), ("nothing", "place")])
    async def test_only_a_unique_key_is_asked_for(self, things: Things, field: str, sort: str) -> None:
        with pytest.raises(UnsupportedQuery):
            await things.find_first_of(field, ["a"], sort=sort)


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
            {"tags": {"$prefix": 1}},
            {"numbers": {"$prefix": "1"}},
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
