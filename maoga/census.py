"""Counts what all instances share, for the metrics of one worker at a time."""

from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.leases import Leases
from domain.jobs.runner import JobRunner
from domain.lobbies.model import LOBBIES, LobbyStatus
from domain.presence.activity import Activity
from maoga.watch import Watch

CENSUS = "census"
"""The lease of who counts."""
CENSUS_EVERY_S = 10.0
COUNTED: tuple[LobbyStatus, ...] = ("forming", "ready", "countdown", "active")


class Census:
    """Jobs, lobbies and active users. A sum over all instances is right: whoever counts no more says nothing."""

    def __init__(
        self, *, database: Database, runner: JobRunner, activity: Activity, leases: Leases, clock: Clock, watch: Watch
    ) -> None:
        self._lobbies = database.collection(LOBBIES)
        self._runner, self._activity, self._leases, self._clock = runner, activity, leases, clock
        self._watch = watch

    async def take(self) -> None:
        """Counts, or leaves it to the worker that does."""
        if not await self._leases.acquire(CENSUS, int(CENSUS_EVERY_S * 2000)):
            self._runner.leave_count()
            self._watch.lobbies.uncounted()
            self._watch.activity.uncounted()
            return
        await self._runner.count()
        for status in COUNTED:
            self._watch.lobbies.counted(status, await self._lobbies.count({"status": status}))
        self._watch.activity.counted(await self._activity.count(self._clock.now()))
