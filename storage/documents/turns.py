"""A line in which callers wait for their turn, each as long as it may."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.core.errors import Unavailable


class Turns:
    """So many callers go on at a time, first come first served. used: that have a turn now. waiting: for one."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self.most, self.used, self.waiting = count, 0, 0

    @asynccontextmanager
    async def take(self, limit_s: float) -> AsyncIterator[float]:
        """One's turn, and how much of the limit is left then. Raises `Unavailable` when it does not come in time."""
        began = time.monotonic()
        self.waiting += 1
        try:
            async with asyncio.timeout(limit_s):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable from None
        finally:
            self.waiting -= 1
        self.used += 1
        try:
            yield max(0.001, limit_s - (time.monotonic() - began))
        finally:
            self.used -= 1
            self._free.release()
