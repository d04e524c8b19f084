"""The cache of a server that is alone: plain dictionaries, for a script would cost more than most answers."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.cache import CacheStore, Hit, Turn
from domain.core.clock import Clock, seconds
from domain.core.ids import new_id

SIZE = 10_000
"""Most answers kept; those asked for longest ago go first."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An answer, or without a value the turn to make it."""

    token: str
    tags: tuple[str, ...]
    until: datetime
    value: bytes | None = None


class MemoryCache(CacheStore):
    """Entries by key, and keys by tag."""

    def __init__(self, clock: Clock, *, size: int = SIZE) -> None:
        self._clock, self._size = clock, size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._tagged: defaultdict[str, set[str]] = defaultdict(set)

    async def look(self, key: str, tags: Sequence[str], lease_ms: int) -> Hit | Turn | None:
        now, entry = self._clock.now(), self._entries.get(key)
        if entry and now < entry.until:
            self._entries.move_to_end(key)
            return None if entry.value is None else Hit(entry.value)
        turn = Turn(new_id())
        self._put(key, _Entry(turn.token, tuple(tags), now + seconds(lease_ms / 1000)))
        return turn

    async def keep(self, key: str, turn: Turn, value: bytes, ttl_ms: int) -> None:
        entry = self._entries.get(key)
        if entry and entry.token == turn.token:
            self._put(key, _Entry(turn.token, entry.tags, self._clock.now() + seconds(ttl_ms / 1000), value))

    async def give_up(self, key: str, turn: Turn) -> None:
        entry = self._entries.get(key)
        if entry and entry.token == turn.token:
            self._drop([key])

    async def invalidate(self, tags: Sequence[str]) -> None:
        for tag in tags:
            self._drop(list(self._tagged.get(tag, ())))

    def _put(self, key: str, entry: _Entry) -> None:
        self._drop([key])
        self._entries[key] = entry
        for tag in entry.tags:
            self._tagged[tag].add(key)
        while len(self._entries) > self._size:
            self._drop([next(iter(self._entries))])

    def _drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            entry = self._entries.pop(key, None)
            for tag in entry.tags if entry else ():
                self._tagged[tag].discard(key)
                if not self._tagged[tag]:
                    del self._tagged[tag]
