"""File descriptors: the sockets of clients must not take those that the database, Redis and requests need."""

import asyncio
import resource
import time

from loguru import logger

RESERVED = 64
"""So many files of those the process may open are not for clients' WebSockets; of few, a quarter."""

TOLD_EVERY_S = 60.0


class Files:
    """Knows whether there is a file left for one more client. One per process."""

    def __init__(self) -> None:
        self._told_at: float | None = None

    def are_short(self, transport: asyncio.Transport) -> bool:
        """Whether a connection has one of the reserved files, which is logged, but not each time.

        The kernel gives the lowest number that is free: a number says how many are taken at least.
        """
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        number = transport.get_extra_info("socket").fileno()
        if most == resource.RLIM_INFINITY or number < most - min(RESERVED, most // 4):
            return False
        now = time.monotonic()
        if self._told_at is None or now - self._told_at > TOLD_EVERY_S:
            self._told_at = now
            logger.error("new connections are refused: {} of {} files are open; raise the limit", number + 1, most)
        return True
