"""Documents in one SQLite file, for a server of one process: nothing to install, and no acknowledged write is lost."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson

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
from storage.documents.changes import Change, parse_changes
from storage.documents.query import parse_filter, parse_first_of, parse_ids, parse_one, parse_query
from storage.documents.schema import Schema
from storage.documents.sealing import Sealing
from storage.documents.sql import Statement, Table, dump
from storage.documents.sqlite_threads import Readers, Work, Writer
from storage.documents.watched import watched

D = TypeVar("D", bound=Document)

BUSY_S = 5.0
"""How long another program (a backup, the sqlite3 shell) may hold the file before a call is `Unavailable`."""


class DatabaseInUse(Exception):
    """Another server has this embedded database open."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is open in another server: the embedded database serves one process. Stop the other one, or set "
            "MAOGA_DATABASE_URL to mongodb://... to run several"
        )


@watched
class SqliteDatabase:
    """A `domain.core.collection.Database` in a file, with write-ahead log.

    `synchronous=FULL`: an acknowledged write survives a killed process and a loss of power. The writer's group commit
    makes that affordable. No second server may open the file.
    """

    name = "(several)"

    def __init__(
        self,
        path: Path,
        specs: Iterable[Spec[Any]],
        *,
        clock: Clock | None = None,
        sealing: Sealing | None = None,
        metrics: StorageMetrics = UNWATCHED,
    ) -> None:
        self._path, self._clock, self.metrics = path, clock or SystemClock(), metrics
        self._collections = {spec.name: SqliteCollection(self, Schema(spec, sealing), self._clock) for spec in specs}

    async def open(self) -> None:
        """Opens or makes the file, with its tables and indexes; raises `DatabaseInUse`."""
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            lock = lock_file(self._path)
            undo.callback(os.close, lock)
            # Its log files get the mode of the database.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = self._connect("journal_mode = WAL", "synchronous = FULL")
            undo.callback(connection.close)
            connection.execute("BEGIN IMMEDIATE")
            for collection in self._collections.values():
                collection.table.create(connection)
            connection.execute("COMMIT")
            undo.pop_all()
        self._lock: int | None = lock
        self.writer = Writer(connection, self.purge)
        self.readers = Readers(partial(self._connect, "query_only = TRUE"))

    def collection(self, spec: Spec[D]) -> "SqliteCollection[D]":
        return self._collections[spec.name]

    async def commit(self, *writes: Write) -> None:
        steps = [(write.spec.name, self._collections[write.spec.name].step(write)) for write in writes]
        await self.writer.run(partial(_run, steps))

    async def ping(self) -> None:
        await self.writer.run(lambda connection: None)

    async def close(self) -> None:
        await self.readers.close()
        await self.writer.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self, *pragmas: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        connection.text_factory = bytes
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def purge(self, connection: sqlite3.Connection) -> bool:
        """Removes some expired documents; whether there were any."""
        now = self._clock.now()
        return any(collection.table.purge(connection, now) for collection in self._collections.values())


def lock_file(path: Path) -> int:
    """Takes the lock beside the file, which a process holds until it ends, however it ends."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatabaseInUse(path) from None
    return descriptor


def _run(steps: Sequence[tuple[str, Work[Any]]], connection: sqlite3.Connection) -> None:
    for index, (collection, step) in enumerate(steps):
        try:
            done = step(connection)
        except Duplicate as duplicate:
            duplicate.index = index
            raise
        if not done:
            raise StorageConflict(collection, index)


@watched
class SqliteCollection(Generic[D]):
    """A `domain.core.collection.Collection` in a table of the file."""

    def __init__(self, database: SqliteDatabase, schema: Schema[D], clock: Clock) -> None:
        self.table = Table(schema)
        self._database, self._schema, self._clock = database, schema, clock
        self.name, self.metrics = schema.spec.name, database.metrics

    async def insert(self, document: D) -> None:
        await self._database.writer.run(self._insert(document))

    async def insert_many(self, documents: Sequence[D]) -> None:
        inserts = [self._insert(document) for document in documents]

        def insert_in_order(connection: sqlite3.Connection) -> Duplicate | None:
            index = 0
            while index < len(inserts):
                try:
                    inserts[index](connection)
                    index += 1
                except Duplicate as duplicate:
                    if not self._database.purge(connection):
                        duplicate.index = index
                        return duplicate  # not raised: what stands before it is kept
            return None

        if inserts and (duplicate := await self._database.writer.run(insert_in_order)):
            raise duplicate

    async def get(self, id: str) -> D | None:
        statement = self.table.select(parse_one(self._schema, id), self._clock.now())
        return next(iter(await self._read(statement)), None)

    async def get_many(self, ids: Sequence[str]) -> dict[str, D]:
        statement = self.table.select(parse_ids(ids), self._clock.now())
        found = {document.id: document for document in await self._read(statement)}
        return {id: found[id] for id in ids if id in found}

    async def find_one(self, filter: Filter, *, sort: str = "id") -> D | None:
        return next(iter(await self.find(filter, sort=sort, limit=1)), None)

    async def find(self, filter: Filter, *, sort: str = "id", limit: int, after: After | None = None) -> list[D]:
        query = parse_query(self._schema, filter, sort, limit, after)
        return await self._read(self.table.page(query, self._clock.now()))

    async def find_first_of(self, field: str, values: Sequence[str], *, sort: str) -> dict[str, D]:
        query = parse_first_of(self._schema, field, values, sort)
        statement = self.table.first_of(self._schema.fields[field], values, query, self._clock.now())
        rows = await self._database.readers.run(lambda connection: connection.execute(*statement).fetchall())
        return {value.decode(): self._schema.load_json(doc) for value, doc in rows}

    async def count(self, filter: Filter) -> int:
        statement = self.table.counting(parse_filter(self._schema, filter), self._clock.now())
        (found,) = await self._database.readers.run(lambda connection: connection.execute(*statement).fetchone())
        return int(found)

    async def update(self, id: str, changes: Changes, *, expect: Filter | None = None) -> D | None:
        doc = await self._database.writer.run(self._update(id, changes, expect))
        return None if doc is None else self._schema.load_json(doc)

    async def replace(self, document: D) -> D | None:
        replacement = document.changed(version=document.version + 1)
        return replacement if await self._database.writer.run(self._replace(document)) else None

    async def upsert(self, document: D) -> None:
        id, doc = document.id, self._dump(document)
        await self._database.writer.run(lambda connection: self.table.upsert(connection, id, doc))

    async def delete(self, id: str, *, expect: Filter | None = None) -> bool:
        return await self._database.writer.run(self._delete(id, expect))

    def step(self, write: Write) -> Work[Any]:
        """The write as a step of a commit. Its answer is falsy when it met another state than it expected."""
        match write:
            case Insert(document=document):
                return self._insert(document)
            case Update(id=id, changes=changes, expect=expect):
                return self._update(id, changes, expect)
            case Replace(document=document):
                return self._replace(document)
            case Delete(id=id, expect=expect):
                return self._delete(id, expect)

    def _insert(self, document: D) -> Work[bool]:
        id, doc = document.id, self._dump(document)

        def insert(connection: sqlite3.Connection) -> bool:
            self.table.insert(connection, id, doc)
            return True

        return insert

    def _update(self, id: str, changes: Changes, expect: Filter | None) -> Work[str | None]:
        now = self._clock.now()
        statement = self.table.select(parse_one(self._schema, id, expect), now)
        # Through JSON, so that its values have the form of those they meet in the stored document.
        change = Change(**orjson.loads(dump(parse_changes(self._schema, changes))))

        def update(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(*statement).fetchone()
            if row is None:
                return None
            stored = orjson.loads(row[0])
            change.apply(stored)
            doc = dump(stored)
            self.table.update(connection, id, doc)
            return doc

        return update

    def _replace(self, document: D) -> Work[bool]:
        now = self._clock.now()
        statement = self.table.select(parse_one(self._schema, document.id, {"version": document.version}), now)
        doc = self._dump(document.changed(version=document.version + 1))

        def replace(connection: sqlite3.Connection) -> bool:
            found = connection.execute(*statement).fetchone() is not None
            if found:
                self.table.update(connection, document.id, doc)
            return found

        return replace

    def _delete(self, id: str, expect: Filter | None) -> Work[bool]:
        statement = self.table.deleting(parse_one(self._schema, id, expect), self._clock.now())
        return lambda connection: connection.execute(*statement).rowcount > 0

    async def _read(self, statement: Statement) -> list[D]:
        def read(connection: sqlite3.Connection) -> list[D]:
            return [self._schema.load_json(doc) for (doc,) in connection.execute(*statement)]

        return await self._database.readers.run(read)

    def _dump(self, document: D) -> str:
        return dump(self._schema.dump(document))
