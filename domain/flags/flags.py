"""Heeds the runtime flags: maintenance, and queues that are closed. Who switches them is `domain/admin/switches.py`."""

from domain.core.cached import CachedReads
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.errors import AppError
from domain.core.ids import GameId
from domain.flags.model import FLAGS, MAINTENANCE, Flag, queue_flag

HEEDED_S = 0.5
"""A flag counts on every instance after so long at most."""


class Maintenance(AppError):
    """The server is being worked on and takes no changes now; wait `retryInMs`."""

    code, status, retry = "MAINTENANCE", 503, True

    def __init__(self, flag: Flag) -> None:
        super().__init__(flag.message, {"retryInMs": flag.retry_in_ms})


class QueueDisabled(AppError):
    """This queue, `gameId` and `mode`, is closed for the time being; wait `retryInMs`."""

    code, status, retry = "QUEUE_DISABLED", 409, True

    def __init__(self, flag: Flag, game_id: GameId, mode: str) -> None:
        super().__init__(flag.message, {"gameId": game_id, "mode": mode, "retryInMs": flag.retry_in_ms})


class Flags:
    """What is switched on. While the database is away the flags stay as they were."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._flags = CachedReads(database.collection(FLAGS), clock, ttl_s=HEEDED_S)

    async def check_maintenance(self) -> None:
        """Raises `Maintenance`."""
        if flag := (await self._flags.get(MAINTENANCE)).value:
            raise Maintenance(flag)

    async def check_queue(self, game_id: GameId, mode: str) -> None:
        """Raises `QueueDisabled`."""
        if flag := (await self._flags.get(queue_flag(game_id, mode))).value:
            raise QueueDisabled(flag, game_id, mode)
