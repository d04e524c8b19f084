"""What the operators see of the queue of jobs, and how they put a dead one back."""

from typing import Annotated

from pydantic import Field

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.listing import Listed, ListQuery, given, newest
from domain.core.model import Model, Text, Timestamp
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job, JobStatus


class JobQuery(ListQuery):
    """Which jobs, the newest first; `dead` are those that have failed for good."""

    status: JobStatus | None = None
    kind: Annotated[Text, Field(min_length=1, max_length=64)] | None = None


class JobView(Model):
    """A job, without what it works on, which may be secret. progress: 0 to 1. error: of the last failure."""

    id: str
    kind: str
    status: JobStatus
    attempts: int
    progress: float
    error: str | None
    run_at: Timestamp
    created_at: Timestamp
    ended_at: Timestamp | None


class JobDesk:
    """The use cases of those who look after the jobs."""

    def __init__(self, *, database: Database, jobs: Jobs, audit: Audit) -> None:
        self._stored, self._jobs, self._audit = database.collection(JOBS), jobs, audit

    async def list(self, query: JobQuery) -> Listed[Job]:
        """A page of jobs, the newest first."""
        return await newest(self._stored, given(status=query.status, kind=query.kind), query)

    async def get(self, id: str) -> JobView:
        """One job; raises `NotFound`."""
        job = await self._stored.get(id)
        if job is None:
            raise NotFound("There is no such job.")
        return job_view(job)

    async def requeue(self, actor: Actor, id: str) -> JobView:
        """Gives a dead job all its attempts again; raises `NotFound`."""
        before, after = {"status": "dead"}, {"status": "waiting"}
        entry = self._audit.entry("job.requeued", actor, f"job:{id}", before=before, after=after)
        return job_view(await self._jobs.requeue(id, entry))


def job_view(job: Job) -> JobView:
    """The job as operators see it."""
    return JobView.model_validate(job.model_dump(include=set(JobView.model_fields)))
