"""What was read a moment ago and is believed for a moment; of many who ask at once, one reads.

For whether a caller may come in. What is shown or what a write is decided by is read from storage, always.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class _Reading(NamedTuple):
    begun_at: float
    task: asyncio.Task[Any]


class Recent(Generic[K, T]):
    """Readings by key.

    now: a clock, in seconds. kept_s: how long a reading counts, from its beginning. size: most of them kept; the oldest
    go first. What fails is not kept, but all who waited for it are told.
    """

    def __init__(self, now: Callable[[], float], *, kept_s: float, size: int) -> None:
        self._now, self._kept_s, self._size = now, kept_s, size
        self._readings: dict[K, _Reading] = {}

    def __len__(self) -> int:
        return len(self._readings)

    async def get(self, key: K, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `read` answers now, or answered a moment ago. Raises what it raises."""
        now, reading = self._now(), self._readings.get(key)
        if reading is None or not 0 <= now - reading.begun_at < self._kept_s:  # a clock may be set back
            reading = self._begin(key, _Reading(now, asyncio.create_task(read(), name="recent")))
        task: asyncio.Task[T] = reading.task
        return task.result() if task.done() else await asyncio.shield(task)

    def forget(self, which: Callable[[K], bool]) -> None:
        """Drops those readings, also the ones under way: who asks from now on has it read anew."""
        for key in [key for key in self._readings if which(key)]:
            del self._readings[key]

    def forget_one(self, key: K) -> None:
        """As `forget`, for one key."""
        self._readings.pop(key, None)

    def _begin(self, key: K, reading: _Reading) -> _Reading:
        self._readings.pop(key, None)  # the order is that of their beginning
        self._readings[key] = reading
        if len(self._readings) > self._size:
            del self._readings[next(iter(self._readings))]
        reading.task.add_done_callback(partial(self._ended, key))
        return reading

    def _ended(self, key: K, task: asyncio.Task[T]) -> None:
        if not task.cancelled() and task.exception() is None:
            return
        found = self._readings.get(key)
        if found and found.task is task:
            del self._readings[key]
