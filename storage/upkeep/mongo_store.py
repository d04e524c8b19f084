"""Work on a whole MongoDB database.

The right to do it is a document with a lease, which ends by the server's clock. Every step is a transaction that also
writes this document: a process that was taken for dead finds the number of the lease changed, and changes nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC
from typing import Any

from pymongo import DeleteOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.mongo_client import AsyncMongoClient
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from domain.core.collection import Spec
from storage.documents.mongo_errors import sorted_errors
from storage.documents.mongo_layout import lay_out
from storage.documents.mongo_words import stored_name
from storage.upkeep.extended_json import encoded
from storage.upkeep.store import BATCH, LOCK, NOTES, Busy, HoldLost, SnapshotGone, Stored

LEASE_MS = 30_000
ASK_AGAIN_S = 0.3
SNAPSHOT_TOO_OLD = 239
NO_SUCH_INDEX = (26, 27)

Client = AsyncMongoClient[Stored]
_UNTIL = {"$add": ["$$NOW", LEASE_MS]}


class MongoStore:
    """A `storage.upkeep.store.Store` in MongoDB. timeout_s: how long a server is looked for."""

    kind = "mongodb"

    def __init__(self, url: str, specs: Iterable[Spec[Any]], *, timeout_s: float) -> None:
        self.specs = tuple(specs)
        self.client: Client = AsyncMongoClient(
            url,
            appname="maoga upkeep",
            w="majority",
            readConcernLevel="majority",
            serverSelectionTimeoutMS=int(timeout_s * 1000),
            tz_aware=True,
            tzinfo=UTC,
        )
        self.database = self.client.get_default_database("maoga")

    async def notes(self) -> dict[str, Stored]:
        with sorted_errors(write=False):
            found = await self.database[NOTES].find({"_id": {"$ne": LOCK}}).to_list()
        return {str(note.pop("_id")): note for note in found}

    async def holder(self) -> str | None:
        with sorted_errors(write=False):
            lock = await self.database[NOTES].find_one({"_id": LOCK, "$expr": {"$gt": ["$until", "$$NOW"]}})
        return str(lock["holder"]) if lock else None

    async def filled(self) -> list[str]:
        with sorted_errors(write=False):
            there = set(await self.database.list_collection_names())
            names = [spec.name for spec in self.specs if spec.name in there]
            return [name for name in names if await self.database[name].find_one({}, {"_id": 1})]

    @asynccontextmanager
    async def hold(self, holder: str, *, wait_s: float = 0) -> AsyncIterator["MongoHold"]:
        deadline = time.monotonic() + wait_s
        with sorted_errors(write=True):
            while (token := await self._take(holder)) is None:
                if time.monotonic() >= deadline:
                    raise Busy(await self.holder() or "another process")
                await asyncio.sleep(ASK_AGAIN_S)
            hold = MongoHold(self, token)
            beat = asyncio.create_task(hold.beat())
            try:
                yield hold
            finally:
                beat.cancel()
                ended = {"$set": {"until": None}}
                with suppress(PyMongoError):  # else the lease runs out
                    await self.database[NOTES].update_one({"_id": LOCK, "token": token}, ended)

    async def _take(self, holder: str) -> int | None:
        """The number of the lease, if it could be had."""
        notes = self.database[NOTES]
        with suppress(DuplicateKeyError):
            await notes.insert_one({"_id": LOCK, "token": 0, "until": None})
        free = {"_id": LOCK, "$expr": {"$lte": ["$until", "$$NOW"]}}  # None is less than any moment
        taken = {"holder": holder, "until": _UNTIL, "token": {"$add": ["$token", 1]}}
        lock = await notes.find_one_and_update(free, [{"$set": taken}], return_document=True)
        return int(lock["token"]) if lock else None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["MongoSnapshot"]:
        async with self.client.start_session(snapshot=True) as session:
            # The first read fixes the moment for all.
            with sorted_errors(write=False):
                await self.database[NOTES].find_one({}, session=session)
            yield MongoSnapshot(self, session)

    async def close(self) -> None:
        await self.client.close()


class MongoSnapshot:
    """All documents at one moment, by a session with read concern `snapshot`."""

    def __init__(self, store: MongoStore, session: AsyncClientSession) -> None:
        self._database, self._session = store.database, session

    async def documents(self, collection: str) -> AsyncIterator[list[Stored]]:
        cursor = self._database[collection].find({}, sort=[("_id", 1)], batch_size=BATCH, session=self._session)
        while True:
            try:
                with sorted_errors(write=False):
                    batch = await cursor.to_list(BATCH)
            except OperationFailure as error:
                if error.code == SNAPSHOT_TOO_OLD:
                    raise SnapshotGone from error
                raise
            if not batch:
                return
            yield [_plain(document) for document in batch]


class MongoHold:
    """A `storage.upkeep.store.Hold`. token: the number of its lease."""

    def __init__(self, store: MongoStore, token: int) -> None:
        self._client, self._database, self._specs = store.client, store.database, store.specs
        self._mine = {"_id": LOCK, "token": token}

    async def beat(self) -> None:
        """Renews the lease, again and again."""
        while True:
            await asyncio.sleep(LEASE_MS / 3000)
            with suppress(PyMongoError):  # the next time, or the next step finds it lost
                await self._renew(None)

    async def note(self, id: str, fields: Mapping[str, Any] | None) -> None:
        async def write(session: AsyncClientSession) -> None:
            if fields is None:
                await self._database[NOTES].delete_one({"_id": id}, session=session)
            else:
                await self._database[NOTES].replace_one({"_id": id}, dict(fields), upsert=True, session=session)

        await self._step(write)

    async def documents(self, collection: str) -> AsyncIterator[list[Stored]]:
        last: dict[str, Any] = {}
        while batch := await self._database[collection].find(last, sort=[("_id", 1)], limit=BATCH).to_list():
            last = {"_id": {"$gt": batch[-1]["_id"]}}
            yield [_plain(document) for document in batch]

    async def again(self, collection: str, ids: Sequence[str]) -> list[Stored]:
        found = await self._database[collection].find({"_id": {"$in": list(ids)}}).to_list()
        return [_plain(document) for document in found]

    async def change(self, collection: str, changes: Sequence[tuple[Stored, Stored | None]]) -> bool:
        requests = [_request(old, new) for old, new in changes]

        async def write(session: AsyncClientSession) -> None:
            # The validators are those of the layout before, or of the one after.
            done = await self._database[collection].bulk_write(
                requests, session=session, bypass_document_validation=True
            )
            if done.matched_count + done.deleted_count < len(requests):
                raise _Overtaken

        try:
            await self._step(write)
        except _Overtaken:
            return False
        return True

    async def add(self, collection: str, documents: Sequence[Stored]) -> None:
        stored = [{"_id": document["id"], **document} for document in documents]
        for document in stored:
            del document["id"]

        async def write(session: AsyncClientSession) -> None:
            await self._database[collection].insert_many(stored, session=session, bypass_document_validation=True)

        await self._step(write)

    async def clear(self, collection: str) -> None:
        await self._renew(None)
        await self._database[collection].drop()

    async def lay_out(self) -> None:
        await self._renew(None)
        await lay_out(self._database, self._specs)

    async def drop_index(self, collection: str, key: Sequence[str]) -> None:
        await self._renew(None)
        try:
            await self._database[collection].drop_index([(stored_name(name), 1) for name in key])
        except OperationFailure as error:
            if error.code not in NO_SUCH_INDEX:
                raise

    async def _step(self, write: Callable[[AsyncClientSession], Awaitable[None]]) -> None:
        """A transaction, which renews the lease."""

        async def step(session: AsyncClientSession) -> None:
            await self._renew(session)
            await write(session)

        async with self._client.start_session() as session:
            await session.with_transaction(step)

    async def _renew(self, session: AsyncClientSession | None) -> None:
        renewed = await self._database[NOTES].update_one(self._mine, [{"$set": {"until": _UNTIL}}], session=session)
        if not renewed.matched_count:
            raise HoldLost


class _Overtaken(Exception):
    """A document is not as it was read."""


def _plain(stored: Stored) -> Stored:
    return {"id": stored.pop("_id"), **stored}


def _request(old: Stored, new: Stored | None) -> UpdateOne | DeleteOne:
    """The write that turns `old` into `new`, if the fields concerned are as they were."""
    concerned = {name for name in old.keys() | (new or {}).keys() if new is None or _differ(old, new, name)} - {"id"}
    as_read = {name: old.get(name, {"$exists": False}) for name in sorted(concerned)}
    where = {"_id": old["id"], **as_read}
    if new is None:
        return DeleteOne(where)
    update = {
        "$set": {name: new[name] for name in concerned if name in new},
        "$unset": {name: "" for name in concerned if name not in new},
    }
    return UpdateOne(where, {op: fields for op, fields in update.items() if fields})


def _differ(old: Stored, new: Stored, name: str) -> bool:
    return name not in old or name not in new or encoded(old[name]) != encoded(new[name])
