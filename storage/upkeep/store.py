"""Stored documents as they are, without models: what migrations, backups and restores work on.

A document is a dict by Python field names, with `id`, and moments as datetimes; both databases give the same. Beside
the documents a database keeps *notes* on itself (collection `maintenance`): the migrations it has had, the layout it
was given, a restore that has not come to its end, and who is at work on it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from domain.core.collection import Spec

Stored = dict[str, Any]

NOTES = "maintenance"
LOCK = "lock"
BATCH = 500


class HoldLost(Exception):
    """Somebody else has taken over the work on the database, because this process was silent for too long."""

    def __init__(self) -> None:
        super().__init__("another process has taken over the work on the database; nothing was changed since")


class Busy(Exception):
    """Another process is at work on the database."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"{holder} is at work on the database; a killed one is given up after half a minute")


class SnapshotGone(Exception):
    """MongoDB has let go of the moment that was being read."""

    def __init__(self) -> None:
        super().__init__(
            "MongoDB no longer knows the moment the backup began: raise its parameter "
            "minSnapshotHistoryWindowInSeconds (300 by default) above the time a backup takes"
        )


class Snapshot(Protocol):
    """All documents as they were at one moment."""

    def documents(self, collection: str) -> AsyncIterator[list[Stored]]:
        """The documents of a collection in batches, by id."""
        ...


class Hold(Protocol):
    """The right to work on a database, which one process has at a time.

    It ends half a minute after its holder has died. Each of these steps is made only while the right lasts, and raises
    `HoldLost` otherwise.
    """

    async def note(self, id: str, fields: Mapping[str, Any] | None) -> None:
        """Keeps a note under that id, or removes it."""
        ...

    def documents(self, collection: str) -> AsyncIterator[list[Stored]]:
        """The documents of a collection in batches, by id; servers may change them meanwhile."""
        ...

    async def again(self, collection: str, ids: Sequence[str]) -> list[Stored]:
        """Those of the documents that still exist, as they are now."""
        ...

    async def change(self, collection: str, changes: Sequence[tuple[Stored, Stored | None]]) -> bool:
        """Turns documents from what they were read as into others (None: removes them), all or none.

        Answers whether it did: not so when somebody has changed one of the fields concerned since.
        """
        ...

    async def add(self, collection: str, documents: Sequence[Stored]) -> None:
        """Stores new documents."""
        ...

    async def clear(self, collection: str) -> None:
        """Removes all documents of a collection."""
        ...

    async def lay_out(self) -> None:
        """Makes collections, indexes and validators as the specs say."""
        ...

    async def drop_index(self, collection: str, key: Sequence[str]) -> None:
        """Removes an index over these fields, which no spec names any more; nothing when there is none."""
        ...


class Store(Protocol):
    """A database, for work on all of it. kind: `sqlite` or `mongodb`."""

    kind: str

    async def notes(self) -> dict[str, Stored]:
        """The notes, by id, without the lock."""
        ...

    async def holder(self) -> str | None:
        """Who is at work on the database."""
        ...

    async def filled(self) -> list[str]:
        """The collections that have documents."""
        ...

    def hold(self, holder: str, *, wait_s: float = 0) -> AbstractAsyncContextManager[Hold]:
        """The right to work on the database; raises `Busy` when another has it for longer than `wait_s`."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """All documents as they are now, whatever servers write meanwhile."""
        ...

    async def close(self) -> None:
        """Lets go of the database."""
        ...


def open_store(url: str, specs: Iterable[Spec[Any]], *, timeout_s: float) -> Store:
    """The database at `sqlite:///FILE` or `mongodb://...`; nothing is asked of it yet."""
    if url.startswith("sqlite:///"):
        from storage.upkeep.sqlite_store import SqliteStore

        return SqliteStore(Path(url.removeprefix("sqlite:///")), specs)
    from storage.upkeep.mongo_store import MongoStore

    return MongoStore(url, specs, timeout_s=timeout_s)
