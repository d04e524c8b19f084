"""Reads of slow-changing reference data that go on while the database is away, and say so."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.core import errors
from domain.core.clock import Clock, seconds
from domain.core.collection import After, Collection, Filter
from domain.core.model import Document

D = TypeVar("D", bound=Document)
T = TypeVar("T")

RETRY_S = 2.0
"""While the database is away it is asked this often; reads in between get the stale value without waiting."""


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """What was read. `stale`: the database did not answer, and this is older than it should be."""

    value: T
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    read_at: datetime
    generation: int


class CachedReads(Generic[D]):
    """A read-through cache of one collection, for documents that change rarely and are asked for often.

    ttl_s: seconds a value counts as fresh; a change by another instance may go unseen as long. size: most answers kept;
    those asked for longest ago go first. Writes go to the collection itself, which never pretends one; the writer calls
    `forget`, so that this process sees them at once.
    """

    def __init__(self, collection: Collection[D], clock: Clock, *, ttl_s: float, size: int = 1000) -> None:
        self._collection, self._clock = collection, clock
        self._ttl, self._size = seconds(ttl_s), size
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._away_until: datetime | None = None
        self._generation = 0

    async def get(self, id: str) -> Cached[D | None]:
        """The document with that id; raises `Unavailable` when it is neither kept nor to be had."""
        return await self.read(("get", id), lambda: self._collection.get(id))

    async def find(
        self, filter: Filter, *, sort: str = "id", limit: int, after: After | None = None
    ) -> Cached[tuple[D, ...]]:
        """As `Collection.find`; raises `Unavailable` when the answer is neither kept nor to be had."""

        async def load() -> tuple[D, ...]:
            return tuple(await self._collection.find(filter, sort=sort, limit=limit, after=after))

        return await self.read(("find", repr(filter), sort, limit, after), load)

    def forget(self) -> None:
        """Has everything read anew; what is kept is served only while the database is away."""
        self._generation += 1

    async def read(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> Cached[T]:
        """What `load` answers, kept as the rest is; `key` belongs to this question alone."""
        now, generation = self._clock.now(), self._generation
        entry = self._entries.get(key)
        if entry:
            self._entries.move_to_end(key)
            if entry.generation == generation and now - entry.read_at < self._ttl:
                return Cached(entry.value)
            if self._away_until:
                if now < self._away_until:
                    return Cached(entry.value, stale=True)
                self._away_until = now + seconds(RETRY_S)  # this call asks; nobody else need wait for the answer
        try:
            value = await load()
        except errors.Unavailable:
            self._away_until = self._clock.now() + seconds(RETRY_S)
            if entry is None:
                raise
            return Cached(entry.value, stale=True)
        self._away_until = None
        self._keep(key, _Entry(value, now, generation))
        return Cached(value)

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
