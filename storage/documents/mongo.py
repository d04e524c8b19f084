"""Documents in MongoDB, over PyMongo's asynchronous client.

One deadline (`pymongo.timeout`) stands over every call. Below it the driver itself retries, which no loop around it
could do as safely: each retry of a single write carries the transaction number of the first try, by which the server
knows a write it has applied already and repeats its answer. So an insert never meets itself as a duplicate, and an
increment counts once. A transaction is run again as a whole, with jittered exponential backoff, by `with_transaction`.
Between tries the driver waits for a primary. What is left at the deadline is `Unavailable`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC
from functools import partial
from typing import Any, Generic, TypeVar

import pymongo
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from domain.core import errors
from domain.core.clock import Clock, SystemClock
from domain.core.collection import (
    After,
    Changes,
    Delete,
    Duplicate,
    Filter,
    Insert,
    Replace,
    Spec,
    StorageConflict,
    Update,
    Write,
)
from domain.core.model import Document
from domain.core.watch import UNWATCHED, StorageMetrics
from storage.documents.changes import parse_changes
from storage.documents.mongo_errors import TakenKey, overflows, sorted_errors, taken_keys
from storage.documents.mongo_layout import index_models
from storage.documents.mongo_words import Stored, all_of, condition_of, order_of, stored_name, update_of
from storage.documents.query import (
    Where,
    parse_filter,
    parse_first_of,
    parse_ids,
    parse_one,
    parse_query,
)
from storage.documents.schema import Schema
from storage.documents.sealing import Sealing
from storage.documents.turns import Turns
from storage.documents.watched import watched

D = TypeVar("D", bound=Document)
T = TypeVar("T")

Session = AsyncClientSession | None
Step = Callable[[Session], Awaitable[Any]]
"""A write, alone or within a transaction. Its answer is falsy when the write met another state than it expected."""

CONNECT_S = 2.0
HEARTBEAT_S = 2.0
"""A primary that does not answer is given up after both together, so that a failover fits in a deadline."""

INDEX_S = 600.0
"""What building an index over stored documents may take."""

TRANSACTION_S = 60.0
"""After this the server itself ends an open transaction."""


@watched
class MongoDatabase:
    """A `domain.core.collection.Database` in a MongoDB replica set (or sharded cluster).

    timeout_s: the deadline of every call, retries included. pool_size: most connections.
    """

    name = "(several)"

    def __init__(
        self,
        url: str,
        specs: Iterable[Spec[Any]],
        *,
        timeout_s: float,
        pool_size: int,
        clock: Clock | None = None,
        sealing: Sealing | None = None,
        metrics: StorageMetrics = UNWATCHED,
    ) -> None:
        self._timeout_s, self.metrics = timeout_s, metrics
        self._turns = Turns(pool_size)
        metrics.shares("mongodb", self._turns)
        self._client: AsyncMongoClient[Stored] = AsyncMongoClient(
            url,
            appname="maoga",
            w="majority",
            readConcernLevel="majority",
            readPreference="primary",
            retryWrites=True,
            retryReads=True,
            maxPoolSize=pool_size,
            connectTimeoutMS=int(CONNECT_S * 1000),
            heartbeatFrequencyMS=int(HEARTBEAT_S * 1000),
            serverSelectionTimeoutMS=int(timeout_s * 1000),
            tz_aware=True,
            tzinfo=UTC,
        )
        database = self._client.get_default_database("maoga")
        clock = clock or SystemClock()
        self._collections = {
            spec.name: MongoCollection(self, Schema(spec, sealing), database[spec.name], clock) for spec in specs
        }
        self._closed = False
        self._given_up: list[AsyncClientSession] = []
        self._ending: asyncio.Task[None] | None = None

    async def open(self, *, make_indexes: bool = True) -> None:
        """Connects and makes the indexes; raises `Unavailable`, or `RuntimeError` for a server without transactions."""
        try:
            async with self.deadline(write=False):
                hello = await self._client.admin.command("hello")
            if "setName" not in hello and hello.get("msg") != "isdbgrid":
                raise RuntimeError("MongoDB must run as a replica set (mongod --replSet): commits need transactions")
            async with self.deadline(write=False, timeout_s=INDEX_S):
                for collection in self._collections.values() if make_indexes else ():
                    await collection.make_indexes()
        except BaseException:
            await self.close()
            raise

    def collection(self, spec: Spec[D]) -> "MongoCollection[D]":
        return self._collections[spec.name]

    async def commit(self, *writes: Write) -> None:
        steps = [(write.spec.name, self._collections[write.spec.name].step(write)) for write in writes]
        if len(steps) < 2:
            async with self.deadline(write=True):
                await self.unhindered(partial(_run, steps, None))
            return
        session = self._client.start_session()
        try:
            async with self.deadline(write=True):
                await self.unhindered(partial(session.with_transaction, partial(_run, steps)))
        except (errors.Unavailable, asyncio.CancelledError):  # else MongoDB keeps the documents locked for a minute
            self._give_up(session)
            raise
        finally:
            if session not in self._given_up:
                await session.end_session()

    async def ping(self) -> None:
        async with self.deadline(write=False):
            await self._client.admin.command("ping")

    async def close(self) -> None:
        self._closed = True
        if self._ending:
            self._ending.cancel()
        await self._client.close()

    @asynccontextmanager
    async def deadline(self, *, write: bool, timeout_s: float | None = None) -> AsyncIterator[None]:
        """Bounds what is inside, and raises `Unavailable` when the database does not answer in time.

        Calls beyond the connections wait in line. The driver lets them race, and of a thousand most come too late.
        """
        if self._closed:
            raise errors.Unavailable("The database is closed.")
        async with self._turns.take(timeout_s or self._timeout_s) as left_s:
            with sorted_errors(write=write), pymongo.timeout(left_s):
                yield

    async def unhindered(self, write: Callable[[], Awaitable[T]]) -> T:
        """Runs `write`, for which an expired document that holds its key makes room; a living one is a `Duplicate`."""
        while True:
            try:
                return await write()
            except TakenKey as taken:
                if not await self._collections[taken.collection].remove_expired(taken.values):
                    raise Duplicate(taken.collection, taken.key, taken.index) from taken

    def _give_up(self, session: AsyncClientSession) -> None:
        """Ends a transaction in the background: a server that was only slow would keep its documents locked.

        Until then no other call may get the session, for that would be ended too.
        """
        self._given_up.append(session)
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_given_up())

    async def _end_given_up(self) -> None:
        with suppress(PyMongoError), pymongo.timeout(TRANSACTION_S):
            while self._given_up:
                sessions, self._given_up = self._given_up, []
                await self._client.admin.command("killSessions", [session.session_id for session in sessions])
                for session in sessions:
                    await session.end_session()


async def _run(steps: Sequence[tuple[str, Step]], session: Session) -> None:
    for index, (collection, step) in enumerate(steps):
        try:
            done = await step(session)
        except TakenKey as taken:
            taken.index = index
            raise
        if not done:
            raise StorageConflict(collection, index)


@watched
class MongoCollection(Generic[D]):
    """A `domain.core.collection.Collection` in MongoDB."""

    def __init__(
        self, database: MongoDatabase, schema: Schema[D], collection: AsyncCollection[Stored], clock: Clock
    ) -> None:
        self._database, self._schema, self._collection, self._clock = database, schema, collection, clock
        self.name, self.metrics = schema.spec.name, database.metrics

    async def make_indexes(self) -> None:
        """Creates the indexes that are missing, unique keys first."""
        if models := index_models(self._schema):
            await self._collection.create_indexes(models)

    async def insert(self, document: D) -> None:
        await self._write(self._insert(document))

    async def insert_many(self, documents: Sequence[D]) -> None:
        waiting = [self._dump(document) for document in documents]

        async def insert_waiting(_: Session) -> None:
            try:
                with taken_keys(self._schema.spec.name):
                    await self._collection.insert_many(waiting)
            except TakenKey as taken:
                del waiting[: taken.index]
                taken.index = len(documents) - len(waiting)
                raise

        if waiting:
            await self._write(insert_waiting)

    async def get(self, id: str) -> D | None:
        where = parse_one(self._schema, id)
        async with self._database.deadline(write=False):
            stored = await self._collection.find_one(self._matching(where))
        return self._load(stored) if stored else None

    async def get_many(self, ids: Sequence[str]) -> dict[str, D]:
        found = {document.id: document for document in await self._find(parse_ids(ids), [], len(ids))}
        return {id: found[id] for id in ids if id in found}

    async def find_one(self, filter: Filter, *, sort: str = "id") -> D | None:
        return next(iter(await self.find(filter, sort=sort, limit=1)), None)

    async def find(self, filter: Filter, *, sort: str = "id", limit: int, after: After | None = None) -> list[D]:
        query = parse_query(self._schema, filter, sort, limit, after)
        return await self._find(query.where, order_of(query), limit)

    async def find_first_of(self, field: str, values: Sequence[str], *, sort: str) -> dict[str, D]:
        query = parse_first_of(self._schema, field, values, sort)
        direction = DESCENDING if query.descending else ASCENDING
        pipeline: list[Stored] = [
            {"$match": self._matching(query.where)},
            {
                "$sort": {field: direction, stored_name(query.field.name): direction}
            },  # the key's, so that none is read twice
            {"$group": {"_id": f"${field}", "first": {"$first": "$$ROOT"}}},
        ]
        async with self._database.deadline(write=False):
            cursor = await self._collection.aggregate(pipeline, batchSize=query.limit + 1)
            return {str(found["_id"]): self._load(found["first"]) for found in await cursor.to_list()}

    async def count(self, filter: Filter) -> int:
        where = parse_filter(self._schema, filter)
        async with self._database.deadline(write=False):
            return await self._collection.count_documents(self._matching(where))

    async def update(self, id: str, changes: Changes, *, expect: Filter | None = None) -> D | None:
        stored: Stored | None = await self._write(self._update(id, changes, expect))
        return self._load(stored) if stored else None

    async def replace(self, document: D) -> D | None:
        replacement = document.changed(version=document.version + 1)
        return replacement if await self._write(self._replace(document)) else None

    async def upsert(self, document: D) -> None:
        stored = self._dump(document)

        async def put(_: Session) -> None:
            with taken_keys(self._schema.spec.name):
                await self._collection.replace_one({"_id": stored["_id"]}, stored, upsert=True)

        await self._write(put)

    async def delete(self, id: str, *, expect: Filter | None = None) -> bool:
        return bool(await self._write(self._delete(id, expect)))

    async def remove_expired(self, key: Mapping[str, Any]) -> bool:
        """Removes the document with that key if it has expired; whether it did."""
        expires = self._schema.spec.expires
        if expires is None:
            return False
        gone = await self._collection.delete_one({**key, expires: {"$lte": self._clock.now()}})
        return gone.deleted_count > 0

    def step(self, write: Write) -> Step:
        """The write as a step of a commit."""
        match write:
            case Insert(document=document):
                return self._insert(document)
            case Update(id=id, changes=changes, expect=expect):
                return self._update(id, changes, expect)
            case Replace(document=document):
                return self._replace(document)
            case Delete(id=id, expect=expect):
                return self._delete(id, expect)

    async def _write(self, step: Step) -> Any:
        async with self._database.deadline(write=True):
            return await self._database.unhindered(partial(step, None))

    async def _find(self, where: Where, order: list[tuple[str, int]], limit: int) -> list[D]:
        async with self._database.deadline(write=False):
            # In one batch, for the driver does not retry a cursor that breaks off.
            cursor = self._collection.find(self._matching(where), sort=order, limit=limit, batch_size=limit)
            return [self._load(stored) for stored in await cursor.to_list()]

    def _insert(self, document: D) -> Step:
        stored = self._dump(document)

        async def insert(session: Session) -> bool:
            with taken_keys(self._schema.spec.name):
                await self._collection.insert_one(stored, session=session)
            return True

        return insert

    def _update(self, id: str, changes: Changes, expect: Filter | None) -> Step:
        where = parse_one(self._schema, id, expect)
        change = update_of(parse_changes(self._schema, changes))

        async def update(session: Session) -> Stored | None:
            with taken_keys(self._schema.spec.name), overflows():
                changed: Stored | None = await self._collection.find_one_and_update(
                    self._matching(where), change, return_document=ReturnDocument.AFTER, session=session
                )
            return changed

        return update

    def _replace(self, document: D) -> Step:
        replacement = self._dump(document.changed(version=document.version + 1))
        where = parse_one(self._schema, document.id, {"version": document.version})

        async def replace(session: Session) -> bool:
            with taken_keys(self._schema.spec.name):
                result = await self._collection.replace_one(self._matching(where), replacement, session=session)
            return result.matched_count > 0

        return replace

    def _delete(self, id: str, expect: Filter | None) -> Step:
        where = parse_one(self._schema, id, expect)

        async def delete(session: Session) -> bool:
            result = await self._collection.delete_one(self._matching(where), session=session)
            return result.deleted_count > 0

        return delete

    def _matching(self, where: Where) -> Stored:
        """The filter for documents that fulfil the conditions and have not expired."""
        expires = self._schema.spec.expires
        alive = [{expires: {"$not": {"$lte": self._clock.now()}}}] if expires else []
        return all_of([*map(condition_of, where), *alive])

    def _dump(self, document: D) -> Stored:
        stored = self._schema.dump(document)
        return {"_id": stored.pop("id"), **stored}

    def _load(self, stored: Stored) -> D:
        return self._schema.load({"id": stored.pop("_id"), **stored})
