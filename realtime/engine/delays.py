"""Many equal delays on one timer: heartbeats, handshakes, goodbyes."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SHORTEST_S = 0.05
"""Acts that are due within so long of each other are done together."""


class Delay(Generic[T]):
    """Calls `act` with each item `seconds` after it was added. Whether it still matters, `act` finds out itself.

    All wait equally long, so the first to come is the first to go: a queue and one timer, whatever their number.
    """

    def __init__(self, seconds: float, act: Callable[[T], None]) -> None:
        self._seconds, self._act = seconds, act
        self._queue: deque[tuple[float, T]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: T) -> None:
        """Starts the delay of an item."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._seconds
        self._queue.append((due, item))
        if self._timer is None:
            self._timer = loop.call_at(due, self._run)

    def clear(self) -> None:
        """Forgets all items."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timer = None
        while self._queue and self._queue[0][0] <= now:
            self._act(self._queue.popleft()[1])
        if self._queue and self._timer is None:
            self._timer = loop.call_at(max(self._queue[0][0], now + min(SHORTEST_S, self._seconds / 4)), self._run)
