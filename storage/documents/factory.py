"""The database that a URL names."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from domain.core.collection import Database, Spec
from domain.core.watch import UNWATCHED, StorageMetrics
from storage.documents.sealing import Sealing


async def open_database(
    url: str,
    specs: Iterable[Spec[Any]],
    *,
    timeout_s: float,
    pool_size: int,
    sealing: Sealing | None = None,
    metrics: StorageMetrics = UNWATCHED,
    make_indexes: bool = True,
) -> Database:
    """The open database at `sqlite:///FILE` or `mongodb://...`, with the tables and indexes of `specs`.

    timeout_s: the deadline of a MongoDB call, retries included. pool_size: most connections to MongoDB.
    sealing: of personal fields; without it they are stored as they are. make_indexes: not for who may only read.
    Raises `Unavailable` when MongoDB does not answer, `DatabaseInUse` when another server has the file open.
    """
    # Each driver is imported by those who use it: PyMongo alone would double the time a start takes.
    if url.startswith("sqlite:///"):
        from storage.documents.sqlite import SqliteDatabase

        embedded = SqliteDatabase(Path(url.removeprefix("sqlite:///")), specs, sealing=sealing, metrics=metrics)
        await embedded.open()
        return embedded

    from storage.documents.mongo import MongoDatabase

    database = MongoDatabase(url, specs, timeout_s=timeout_s, pool_size=pool_size, sealing=sealing, metrics=metrics)
    await database.open(make_indexes=make_indexes)
    return database
