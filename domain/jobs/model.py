"""Jobs, as stored: work that follows a write and may take its time."""

from datetime import timedelta
from typing import Any, Literal, get_args

from pydantic import Field

from domain.core.collection import Spec
from domain.core.model import Document, Timestamp

JobStatus = Literal["waiting", "running", "done", "dead"]
STATUSES: tuple[JobStatus, ...] = get_args(JobStatus)

PRIORITY_STEP = timedelta(minutes=1)
"""A job goes ahead of those one priority lower that came up to this much before it: nothing waits for ever."""


class Job(Document):
    """A piece of work. It is written in the commit of what it follows, and done by some worker at least once.

    key: no two jobs share one while both are kept, so that asking twice is one job. run_at: not before then, and jobs
    go in its order; a priority puts it into the past. attempts: how often it was begun. leased_until: while it runs;
    past it another worker takes it. progress: 0 to 1. error: of the last attempt that failed. request: what it
    follows from, for the logs; trace: the same for spans, if those are kept. version: rises with every
    attempt, so that a worker which has lost the job cannot change it any more.
    """

    kind: str
    payload: dict[str, Any]
    key: str | None = None
    status: JobStatus = "waiting"
    priority: int = Field(default=0, ge=0, le=100)
    run_at: Timestamp
    attempts: int = 0
    leased_by: str | None = None
    leased_until: Timestamp | None = None
    progress: float = 0
    error: str | None = None
    request: str | None = None
    trace: str | None = None
    created_at: Timestamp
    ended_at: Timestamp | None = None
    expires_at: Timestamp | None = None


JOBS = Spec(
    "jobs",
    Job,
    unique=(("key",),),
    indexes=(
        ("status", "run_at"),
        ("status", "leased_until"),
        ("kind", "status"),
        ("status", "created_at"),
    ),
    expires="expires_at",
)
