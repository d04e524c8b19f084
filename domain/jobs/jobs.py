"""The queue of jobs: put work in with the write it follows."""

from datetime import datetime
from typing import Any

from domain.core.clock import Clock
from domain.core.collection import Database, Insert
from domain.core.ids import IdFactory
from domain.jobs.model import JOBS, Job


class Jobs:
    """What use cases and operators do with jobs. `runner` does them."""

    def __init__(self, database: Database, clock: Clock, new_id: IdFactory) -> None:
        self._database, self._clock, self._new_id = database, clock, new_id
        self._jobs = database.collection(JOBS)

    def new(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        at: datetime | None = None,
        priority: int = 0,
        key: str | None = None,
    ) -> Insert[Job]:
        """The write that puts a job into the queue, for the commit of what it follows.

        payload: JSON. at: not before then. key: the commit conflicts (`Duplicate` of `jobs`) when a job has it already.
        """
        now = self._clock.now()
        job = Job(
            id=self._new_id(),
            kind=kind,
            payload=payload,
            key=key,
            priority=priority,
            run_at=max(at, now) if at else now,
            created_at=now,
        )
        return Insert(JOBS, job)

    async def get(self, id: str) -> Job | None:
        """The job with that id."""
        return await self._jobs.get(id)
