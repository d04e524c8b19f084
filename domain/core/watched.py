"""A database that drops from the cache what was made from a document, whoever writes the document."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Collection as Items
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from domain.core.cache import Cache
from domain.core.collection import After, Changes, Collection, Database, Filter, Insert, Replace, Spec, Write
from domain.core.model import Document

D = TypeVar("D", bound=Document)


def tag_of(spec: Spec[Any], id: str) -> str:
    """The tag of cached answers that were made from that document."""
    return f"{spec.name}:{id}"


class WatchedDatabase:
    """A `Database` that invalidates `tag_of` each document it writes, behind the write.

    It does so even if the write fails, for one that was not answered in time may have been made. specs: the collections
    that answers are made from; all others are passed through.
    """

    def __init__(self, database: Database, cache: Cache, specs: Items[Spec[Any]]) -> None:
        self._database, self._cache = database, cache
        self._watched = {spec.name for spec in specs}

    def collection(self, spec: Spec[D]) -> Collection[D]:
        collection = self._database.collection(spec)
        return _WatchedCollection(collection, self._cache, spec) if spec.name in self._watched else collection

    async def commit(self, *writes: Write) -> None:
        try:
            await self._database.commit(*writes)
        finally:
            tags = [tag_of(write.spec, _id(write)) for write in writes if write.spec.name in self._watched]
            if tags:
                await self._cache.invalidate(*tags)

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        await self._database.close()


def _id(write: Write) -> str:
    return str(write.document.id) if isinstance(write, Insert | Replace) else write.id


class _WatchedCollection(Collection[D]):
    """A collection whose writes are followed by invalidations; reads go straight through."""

    def __init__(self, collection: Collection[D], cache: Cache, spec: Spec[D]) -> None:
        self._collection, self._cache, self._spec = collection, cache, spec

    async def get(self, id: str) -> D | None:
        return await self._collection.get(id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, D]:
        return await self._collection.get_many(ids)

    async def find_one(self, filter: Filter, *, sort: str = "id") -> D | None:
        return await self._collection.find_one(filter, sort=sort)

    async def find(self, filter: Filter, *, sort: str = "id", limit: int, after: After | None = None) -> list[D]:
        return await self._collection.find(filter, sort=sort, limit=limit, after=after)

    async def find_first_of(self, field: str, values: Sequence[str], *, sort: str) -> dict[str, D]:
        return await self._collection.find_first_of(field, values, sort=sort)

    async def count(self, filter: Filter) -> int:
        return await self._collection.count(filter)

    async def insert(self, document: D) -> None:
        async with self._dropping(document.id):
            await self._collection.insert(document)

    async def insert_many(self, documents: Sequence[D]) -> None:
        async with self._dropping(*(document.id for document in documents)):
            await self._collection.insert_many(documents)

    async def update(self, id: str, changes: Changes, *, expect: Filter | None = None) -> D | None:
        async with self._dropping(id):
            return await self._collection.update(id, changes, expect=expect)

    async def replace(self, document: D) -> D | None:
        async with self._dropping(document.id):
            return await self._collection.replace(document)

    async def upsert(self, document: D) -> None:
        async with self._dropping(document.id):
            await self._collection.upsert(document)

    async def delete(self, id: str, *, expect: Filter | None = None) -> bool:
        async with self._dropping(id):
            return await self._collection.delete(id, expect=expect)

    @asynccontextmanager
    async def _dropping(self, *ids: str) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self._cache.invalidate(*(tag_of(self._spec, id) for id in ids))
