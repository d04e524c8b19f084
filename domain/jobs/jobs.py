"""The queue of jobs: put work in with the write it follows."""

from datetime import datetime
from typing import Any

from domain.core.clock import Clock
from domain.core.collection import Changes, Database, Filter, Insert, StorageConflict, Update, Write
from domain.core.errors import NotFound
from domain.core.ids import IdFactory
from domain.core.trace import parent, request_id
from domain.jobs.model import JOBS, PRIORITY_STEP, Job, JobStatus


class LeaseLost(Exception):
    """The job is not this worker's any more: its lease ran out, and another worker may be at it."""


class Jobs:
    """What use cases and operators do with jobs. `JobRunner` does them."""

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

        payload: JSON. at: not before then. priority: 0 to 100, of a job that need not wait. key: the commit conflicts
        (`Duplicate` of `jobs`) while a job has it already: one that is done keeps it for a day, a dead one for 30.
        """
        now = self._clock.now()
        job = Job(
            id=self._new_id(),
            kind=kind,
            payload=payload,
            key=key,
            priority=priority,
            run_at=at if at and at > now else now - priority * PRIORITY_STEP,
            created_at=now,
            request=request_id(),
            trace=parent(),
        )
        return Insert(JOBS, job)

    async def get(self, id: str) -> Job | None:
        """The job with that id."""
        return await self._jobs.get(id)

    async def list(self, status: JobStatus, limit: int) -> list[Job]:
        """The newest jobs in that state."""
        return await self._jobs.find({"status": status}, sort="-created_at", limit=limit)

    async def progress(self, job: Job, share: float) -> None:
        """Notes how far a handler has come with its job, from 0 to 1; raises `LeaseLost`."""
        if await self._jobs.update(job.id, {"$set": {"progress": float(share)}}, expect=held(job)) is None:
            raise LeaseLost

    async def requeue(self, id: str, *also: Write) -> Job:
        """Gives a dead job all its attempts again, from now on, in one commit with `also`; raises `NotFound`."""
        now = self._clock.now()
        fresh = {"status": "waiting", "attempts": 0, "progress": 0.0, "run_at": now}
        gone = {"ended_at": True, "expires_at": True}
        changes: Changes = {"$set": fresh, "$unset": gone, "$inc": {"version": 1}}
        job = await self._jobs.get(id)
        try:
            await self._database.commit(Update(JOBS, id, changes, expect={"status": "dead"}), *also)
        except StorageConflict:
            job = None
        if job is None:
            raise NotFound("There is no such dead job.")
        return job.changed(**fresh, ended_at=None, expires_at=None, version=job.version + 1)


def held(job: Job) -> Filter:
    """What a stored job matches as long as the attempt in which `job` was taken goes on."""
    return {"status": "running", "version": job.version}
