"""Work on a whole SQLite database. The right to do it is the lock of its file, which a server holds as well."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

import orjson

from domain.core.collection import Spec
from storage.documents.schema import Schema
from storage.documents.shapes import Shape, revived, shape_of
from storage.documents.sql import Table, dump
from storage.documents.sqlite import BUSY_S, lock_file
from storage.documents.sqlite_threads import sorted_errors
from storage.upkeep.store import BATCH, NOTES, Stored

# ruff: noqa: S608 -- names in statements come from specs, which are code, and are identifiers; values are parameters

T = TypeVar("T")


class SqliteStore:
    """A `storage.upkeep.store.Store` in a file. Reading goes on beside a server that has it open; work does not."""

    kind = "sqlite"

    def __init__(self, path: Path, specs: Iterable[Spec[Any]]) -> None:
        self.path = path
        self.specs = tuple(specs)
        self.shapes: dict[str, Shape] = {NOTES: {}, **{spec.name: shape_of(spec) for spec in self.specs}}

    async def notes(self) -> dict[str, Stored]:
        async with self.snapshot() as snapshot:
            found = [note async for batch in snapshot.documents(NOTES) for note in batch]
        return {note.pop("id"): note for note in found}

    async def holder(self) -> str | None:
        return None  # a process that works on the file has its lock

    async def filled(self) -> list[str]:
        async with self.snapshot() as snapshot:
            return [spec.name for spec in self.specs if [1 async for _ in snapshot.documents(spec.name)]]

    @asynccontextmanager
    async def hold(self, holder: str, *, wait_s: float = 0) -> AsyncIterator["SqliteHold"]:
        """Raises `DatabaseInUse` while a server or another command has the file open."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_file(self.path)
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(_connect(self.path)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                yield SqliteHold(self, connection)
        finally:
            os.close(lock)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["SqliteSnapshot"]:
        if not self.path.exists():
            yield SqliteSnapshot(self, None)
            return
        with closing(_connect(self.path)) as connection:
            connection.execute("PRAGMA query_only = TRUE")
            connection.execute("BEGIN")
            await _off_loop(connection.execute, "SELECT count(*) FROM sqlite_master")  # fixes the moment
            yield SqliteSnapshot(self, connection)

    async def close(self) -> None:
        """Nothing stays open."""


class SqliteSnapshot:
    """All documents at one moment, by a read transaction."""

    def __init__(self, store: SqliteStore, connection: sqlite3.Connection | None) -> None:
        self._shapes, self._connection = store.shapes, connection

    async def documents(self, collection: str) -> AsyncIterator[list[Stored]]:
        last = ""
        while self._connection and (batch := await _off_loop(self._read, self._connection, collection, last)):
            last = batch[-1]["id"]
            yield batch

    def _read(self, connection: sqlite3.Connection, collection: str, last: str) -> list[Stored]:
        if not _has_table(connection, collection):
            return []
        page = f'SELECT id, doc FROM "{collection}" WHERE id > ? ORDER BY id LIMIT {BATCH}'
        return [_plain(row, self._shapes[collection]) for row in connection.execute(page, (last,))]


class SqliteHold:
    """A `storage.upkeep.store.Hold`: it lasts as long as its process, so nothing can be lost."""

    def __init__(self, store: SqliteStore, connection: sqlite3.Connection) -> None:
        self._specs, self._shapes, self._connection = store.specs, store.shapes, connection
        self._reading = SqliteSnapshot(store, connection)

    async def note(self, id: str, fields: Mapping[str, Any] | None) -> None:
        def write(connection: sqlite3.Connection) -> None:
            _create(connection, NOTES)
            connection.execute(f'DELETE FROM "{NOTES}" WHERE id = ?', (id,))
            if fields is not None:
                doc = dump({"id": id, **fields})
                connection.execute(f'INSERT INTO "{NOTES}" (id, doc) VALUES (?, ?)', (id, doc))

        await self._step(write)

    def documents(self, collection: str) -> AsyncIterator[list[Stored]]:
        return self._reading.documents(collection)

    async def again(self, collection: str, ids: Sequence[str]) -> list[Stored]:
        among = f'SELECT id, doc FROM "{collection}" WHERE id IN (SELECT value FROM json_each(?))'
        rows = self._connection.execute(among, (dump(list(ids)),)).fetchall()
        return [_plain(row, self._shapes[collection]) for row in rows]

    async def change(self, collection: str, changes: Sequence[tuple[Stored, Stored | None]]) -> bool:
        def write(connection: sqlite3.Connection) -> None:
            for old, new in changes:
                if new is None:
                    connection.execute(f'DELETE FROM "{collection}" WHERE id = ?', (old["id"],))
                else:
                    connection.execute(f'UPDATE "{collection}" SET doc = ? WHERE id = ?', (dump(new), old["id"]))

        await self._step(write)
        return True

    async def add(self, collection: str, documents: Sequence[Stored]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            _create(connection, collection)
            rows = [(document["id"], dump(document)) for document in documents]
            connection.executemany(f'INSERT INTO "{collection}" (id, doc) VALUES (?, ?)', rows)

        await self._step(write)

    async def clear(self, collection: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            _create(connection, collection)
            connection.execute(f'DELETE FROM "{collection}"')

        await self._step(write)

    async def lay_out(self) -> None:
        def write(connection: sqlite3.Connection) -> None:
            for spec in self._specs:
                Table(Schema(spec)).create(connection)

        await self._step(write)

    async def drop_index(self, collection: str, key: Sequence[str]) -> None:
        """Nothing to do: laying out drops what no spec names."""

    async def _step(self, write: Callable[[sqlite3.Connection], None]) -> None:
        def step() -> None:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                write(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

        await _off_loop(step)


async def _off_loop(work: Callable[..., T], *args: Any) -> T:
    with sorted_errors():
        return await asyncio.to_thread(work, *args)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def _create(connection: sqlite3.Connection, name: str) -> None:
    connection.execute(f'CREATE TABLE IF NOT EXISTS "{name}" (id TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL)')


def _plain(row: tuple[bytes, bytes], shape: Shape) -> Stored:
    id, doc = row
    return {"id": id.decode(), **revived(orjson.loads(doc), shape)}
