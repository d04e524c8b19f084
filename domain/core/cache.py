"""A cache that all instances share: answers that cost something, kept until they are old or one of their tags changes.

Whoever writes what an answer was made from calls `invalidate` with its tags behind the commit. From then on no instance
gets the old answer, not even one that was read before the commit and kept after it. What a crash between the two
leaves, and what a failover of the store brings back, is gone with the answer's time. Nothing depends on the store:
while it is away everything is read anew. (`cached.py` is the other kind: kept in the process, and served while the
database is away.)
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.core.errors import Unavailable

T = TypeVar("T")

LEASE_S = 2.0
"""For so long all others wait for the one who makes an answer."""

WAIT_S = 0.03
ANSWER_S = 0.25
"""A store that is slower is no help."""

AWAY_S = 1.0
"""For so long it is left alone then."""

OWED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer that was kept."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to make the answer; `token` is the store's."""

    token: str


class CacheStore(Protocol):
    """Where answers are kept. Each call raises `errors.Unavailable` when the store does not answer."""

    async def look(self, key: str, tags: Sequence[str], lease_ms: int) -> Hit | Turn | None:
        """The answer, or the turn to make it; None while that is another's, for at most `lease_ms`."""
        ...

    async def keep(self, key: str, turn: Turn, value: bytes, ttl_ms: int) -> None:
        """Keeps the answer for so long, unless one of its tags was invalidated since the turn was given."""
        ...

    async def give_up(self, key: str, turn: Turn) -> None:
        """Gives the turn to the next who looks."""
        ...

    async def invalidate(self, tags: Sequence[str]) -> None:
        """Drops the answers that have one of these tags, also those that are being made."""
        ...


class CacheMetrics:
    """What operators see of the cache. A port; this one drops what it is told. area: the key up to its first colon."""

    def hit(self, area: str) -> None:
        """An answer was kept."""

    def missed(self, area: str) -> None:
        """An answer was made."""

    def failed(self) -> None:
        """The store did not answer."""


UNWATCHED = CacheMetrics()


class Cache:
    """Answers by key. A key belongs to one kind of answer and begins with its area, as in `profile:<userId>`."""

    def __init__(self, store: CacheStore, metrics: CacheMetrics = UNWATCHED) -> None:
        self._store, self._metrics = store, metrics
        self._away_until = 0.0
        self._owed: dict[str, int] = {}
        self._changes = 0

    async def get_or(
        self, key: str, load: Callable[[], Awaitable[T]], *, kind: TypeAdapter[T], tags: Sequence[str], ttl_s: float
    ) -> T:
        """The answer that is kept, or else the one that `load` makes, which is kept for `ttl_s`.

        Of many who ask at once, on all instances, one makes it and the others wait for up to `LEASE_S`. kind: how it is
        written as JSON. tags: what it was made from, as in `user:<id>`. Raises what `load` raises.
        """
        area = key.partition(":")[0]
        found = await self._look(key, tags)
        if isinstance(found, Hit):
            with suppress(ValidationError):  # another version of the server may have kept another shape
                value = kind.validate_json(found.value)
                self._metrics.hit(area)
                return value
        self._metrics.missed(area)
        try:
            value = await load()
        except BaseException:
            if isinstance(found, Turn):
                await self._ask(self._store.give_up(key, found))
            raise
        if isinstance(found, Turn):
            await self._ask(self._store.keep(key, found, kind.dump_json(value), round(ttl_s * 1000)))
        return value

    async def invalidate(self, *tags: str) -> None:
        """Drops every answer that has one of these tags, on all instances. Never raises.

        What the store does not take now it is told as soon as it answers again.
        """
        self._changes += 1
        self._owed |= dict.fromkeys(tags, self._changes)
        await self._settle()

    async def _look(self, key: str, tags: Sequence[str]) -> Hit | Turn | None:
        """As `CacheStore.look`, but waits for another's turn; None when that takes too long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LEASE_S
        while loop.time() < until and await self._settle():
            found = None
            async with self._answering():
                found = await self._store.look(key, tags, round(LEASE_S * 1000))
            if found or self._away:
                return found
            await asyncio.sleep(random.uniform(WAIT_S / 2, WAIT_S))
        return None

    async def _settle(self) -> bool:
        """Tells the store what it is owed; whether it can be asked."""
        while self._owed and not self._away:
            owed = dict(islice(self._owed.items(), OWED_AT_ONCE))
            async with self._answering():
                await self._store.invalidate([*owed])
                for tag, change in owed.items():
                    if self._owed.get(tag) == change:  # else it was changed again meanwhile
                        del self._owed[tag]
        return not self._away

    async def _ask(self, question: Awaitable[None]) -> None:
        async with self._answering():
            await question

    @property
    def _away(self) -> bool:
        return asyncio.get_running_loop().time() < self._away_until

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Ends what the store does not answer in time, and leaves it alone for a while."""
        try:
            async with asyncio.timeout(ANSWER_S):
                yield
        except (Unavailable, TimeoutError):
            self._away_until = asyncio.get_running_loop().time() + AWAY_S
            self._metrics.failed()
