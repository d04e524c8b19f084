"""The same random operations on MongoDB and on SQLite get the same answers, errors included, and leave the same."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from domain.core.clock import seconds
from domain.core.collection import Delete, Duplicate, Insert, Replace, StorageConflict, UnsupportedQuery, Update, Write
from storage.documents.mongo import MongoDatabase
from storage.documents.sqlite import SqliteDatabase
from tests.integration.storage.things import SPECS, THINGS, Part, Thing, moment
from tests.support.clock import ManualClock

# Ahead of the machine's clock, by which MongoDB itself removes expired documents.
NOW = datetime.now(UTC) + seconds(86_400)

TEXTS = ["", "a", "A", "ab", "a.b", "a*", "^a", "\\", "e\u0301", "é", "中", "\uffff", "😀", "a\n", "\x01", "\U0010ffff"]
INTS = [-(2**63), -(2**53), -1, 0, 1, 2, 2**31, 2**53, 2**53 + 1, 2**63 - 1]
FLOATS = [-1e300, -1.5, -0.0, 0.0, 5e-324, 0.1, 1 / 3, 1.0, 2.0**53, 2**53 + 2.0, 1e300]
MOMENTS = [datetime.min.replace(tzinfo=UTC), moment(-0.001), moment(0), moment(0.0014), moment(1), moment(86_400 * 365)]
WRONG = [None, True, 1, 1.0, "1", moment(0), [], ["a"], {}, {"$gt": 1}, 2**63, float("nan"), "\0", "\ud800"]

ids = st.sampled_from(["a", "b", "c", "d", "é", "😀", ""])
names = st.sampled_from(TEXTS[:6])
texts, ints = st.sampled_from(TEXTS), st.sampled_from(INTS)
floats, moments = st.sampled_from(FLOATS), st.sampled_from(MOMENTS)


def few(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, max_size=3)


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "version": st.integers(1, 3),
    "name": names,
    "kind": st.sampled_from(["a", "b"]),
    "owner": st.sampled_from(TEXTS[:3]),
    "slot": st.integers(0, 1),
    "rank": ints,
    "score": floats | st.sampled_from([0, 1, 2]),
    "is_open": st.booleans(),
    "at": moments,
    "due": moments,
    "tags": few(texts).map(tuple),
    "numbers": few(ints),
    "moments": few(moments).map(tuple),
    "parts": few(st.builds(Part, name=texts, note=st.none() | texts)).map(tuple),
    "extra": st.dictionaries(texts | st.just("a.b"), st.none() | ints | floats | texts, max_size=3),
    "expires_at": st.integers(0, 5).map(lambda s: NOW + seconds(s)),
}
ELEMENTS = {"tags": texts, "numbers": ints, "moments": moments}
OPTIONAL = ["owner", "slot", "due", "numbers", "expires_at"]
ASKED = ["id", "version", "name", "kind", "owner", "slot", "rank", "score", "is_open", "at", "due", *ELEMENTS]

documents = st.builds(
    lambda id, fields: Thing(**{"id": id, "name": f"name {id}", **fields}),
    ids,
    st.fixed_dictionaries({}, optional=FIELDS),
)


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(1, 20).flatmap(lambda die: odd if die == 20 else usual)


def values(field: str) -> st.SearchStrategy[Any]:
    """Values to compare a field with."""
    return ids if field == "id" else ELEMENTS[field] if field in ELEMENTS else FIELDS[field]


def asks_of(field: str) -> st.SearchStrategy[Any]:
    """What may be asked of a field; once in a while what may not."""
    value = values(field)
    asks: list[st.SearchStrategy[Any]] = [
        value,
        few(value).map(lambda some: {"$in": some}),
        value.map(lambda one: {"$ne": one}),
        st.booleans().map(lambda known: {"$exists": known}),
    ]
    if field not in ELEMENTS:
        compared = st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$ne"])
        asks += [st.dictionaries(compared, value, min_size=1, max_size=2)] * 2
    if field in {"id", "name", "owner", "kind", "tags"}:
        asks.append(texts.map(lambda prefix: {"$prefix": prefix}))
    wrong = st.sampled_from(WRONG)
    return mostly(st.one_of(*asks), wrong | wrong.map(lambda value: {"$lt": value}))


def filters(depth: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.lists(st.sampled_from(ASKED), max_size=2, unique=True).flatmap(
        lambda fields: st.fixed_dictionaries({field: asks_of(field) for field in fields})
    )
    if not depth:
        return plain
    either = st.lists(filters(depth - 1), min_size=1, max_size=2).map(lambda options: {"$or": options})
    return plain | plain | st.builds(lambda one, two: {**one, **two}, plain, either)


def one_change(field: str) -> st.SearchStrategy[tuple[str, Any]]:
    options: list[st.SearchStrategy[Any]] = [st.tuples(st.just("$set"), FIELDS[field])]
    if field in OPTIONAL:
        options += [st.just(("$set", None)), st.just(("$unset", True))]
    if field in {"version", "rank", "slot"}:
        options.append(st.tuples(st.just("$inc"), st.integers(-2, 2)))
    if field == "score":
        options.append(st.tuples(st.just("$inc"), st.sampled_from([1, 0.1, -1.5])))
    if field in ELEMENTS:
        value = ELEMENTS[field] | few(ELEMENTS[field])
        options += [st.tuples(st.just(op), value) for op in ("$addToSet", "$pull")]
    return mostly(st.one_of(*options), st.sampled_from(WRONG).map(lambda wrong: ("$set", wrong)))


def as_changes(chosen: dict[str, tuple[str, Any]]) -> dict[str, dict[str, Any]]:
    changes: dict[str, dict[str, Any]] = {}
    for field, (op, value) in chosen.items():
        changes.setdefault(op, {})[field] = value
    return changes


changes = (
    st.lists(st.sampled_from(list(FIELDS)), min_size=1, max_size=3, unique=True)
    .flatmap(lambda fields: st.fixed_dictionaries({field: one_change(field) for field in fields}))
    .map(as_changes)
)
expectations = st.none() | filters(0)
writes: st.SearchStrategy[Write] = st.one_of(
    st.builds(Insert, st.just(THINGS), documents),
    st.builds(Update, st.just(THINGS), ids, changes, expectations),
    st.builds(Replace, st.just(THINGS), documents),
    st.builds(Delete, st.just(THINGS), ids, expectations),
)
SORTED = [field for field in ASKED if field not in {*OPTIONAL, *ELEMENTS}]
sorts = st.sampled_from([f"{sign}{field}" for field in [*SORTED * 9, *ASKED] for sign in ("", "-")])


def pages(sort: str) -> st.SearchStrategy[dict[str, Any]]:
    after = st.none() | st.tuples(values(sort.removeprefix("-")), ids)
    return st.fixed_dictionaries({"sort": st.just(sort), "limit": st.integers(1, 9), "after": after})


@dataclass(frozen=True)
class Call:
    """A method of the collection, or `commit`, or `advance` of the clock, with its arguments."""

    method: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


def calls(method: str, *args: st.SearchStrategy[Any], **kwargs: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    named = st.fixed_dictionaries(kwargs).map(lambda chosen: tuple(chosen.items()))
    return st.builds(Call, st.just(method), st.tuples(*args), named)


crowds = st.lists(documents, min_size=3, max_size=7, unique_by=lambda document: document.id)
operations = st.one_of(
    calls("insert", documents),
    calls("insert_many", crowds),
    calls("get", ids),
    calls("get_many", st.lists(ids, min_size=1, max_size=4)),
    calls("find_one", filters(), sort=sorts),
    *[st.builds(lambda f, p: Call("find", (f,), tuple(p.items())), filters(), sorts.flatmap(pages))] * 3,
    calls("count", filters()),
    calls("update", ids, changes, expect=expectations),
    calls("update", ids, changes),
    calls("update", ids, changes),
    calls("replace", documents),
    calls("upsert", documents),
    calls("delete", ids, expect=expectations),
    st.lists(writes, max_size=4).map(lambda some: Call("commit", tuple(some))),
    calls("advance", st.integers(0, 2)),
)


class Pair:
    """A MongoDB and an SQLite database that are given the same operations."""

    def __init__(self, url: str, path: Path) -> None:
        self.clock = ManualClock()
        self.mongo = MongoDatabase(url, SPECS, timeout_s=10, pool_size=5, clock=self.clock)
        self.sqlite = SqliteDatabase(path, SPECS, clock=self.clock)
        self.raw: MongoClient[dict[str, Any]] = MongoClient(url)

    async def open(self) -> None:
        await self.mongo.open()
        await self.sqlite.open()

    async def close(self) -> None:
        await self.mongo.close()
        await self.sqlite.close()
        self.raw.close()

    async def agree(self, sequence: list[Call]) -> None:
        """Runs the sequence on both, from empty, and compares every answer and what is left."""
        self.clock.__init__(NOW)  # type: ignore[misc]
        self.raw.get_default_database()[THINGS.name].delete_many({})
        await self.sqlite.writer.run(lambda connection: connection.execute("DELETE FROM things"))
        everything = Call("find", ({},), (("limit", 1000),))
        for call in [*sequence, everything]:
            if call.method == "advance":
                self.clock.advance(*call.args)
            else:
                mongo, sqlite = await answer(self.mongo, call), await answer(self.sqlite, call)
                assert mongo == sqlite, f"{call} in {sequence}"


async def answer(database: MongoDatabase | SqliteDatabase, call: Call) -> Any:
    target: Any = database if call.method == "commit" else database.collection(THINGS)
    try:
        return await getattr(target, call.method)(*call.args, **dict(call.kwargs))
    except Duplicate as error:
        return Duplicate, error.collection, error.index, error.key
    except StorageConflict as error:
        return StorageConflict, error.collection, error.index
    except UnsupportedQuery:
        return UnsupportedQuery


@contextmanager
def pair(url: str, path: Path) -> Iterator[tuple[asyncio.Runner, Pair]]:
    with asyncio.Runner() as runner:
        both = Pair(url, path)
        runner.run(both.open())
        yield runner, both
        runner.run(both.close())


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}


def check(url: str, path: Path, examples: int) -> None:
    with pair(url, path) as (runner, both):

        @settings(max_examples=examples, **COMMON)  # type: ignore[arg-type]
        @given(calls("insert_many", crowds), st.lists(operations, min_size=10, max_size=40))
        def agree(first: Call, others: list[Call]) -> None:
            runner.run(both.agree([first, *others]))

        agree()


@pytest.mark.timeout(300)
def test_databases_agree(fresh_mongodb_url: str, tmp_path: Path) -> None:
    check(fresh_mongodb_url, tmp_path / "maoga.db", examples=100)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_databases_agree_at_length(fresh_mongodb_url: str, tmp_path: Path) -> None:
    check(fresh_mongodb_url, tmp_path / "maoga.db", examples=5000)
