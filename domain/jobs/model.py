"""Jobs, as stored: work that follows a write and may take its time."""

from typing import Any, Literal

from domain.core.collection import Spec
from domain.core.model import Document, Timestamp

JobStatus = Literal["waiting", "running", "done", "dead"]


class Job(Document):
    """A piece of work. It is written in the commit of what it follows, and done by some worker at least once.

    key: no two jobs share one, so that asking twice is one job. priority: the higher goes first among those due.
    attempts: how often it was begun. leased_until: while it runs; past it another worker takes it. progress: 0 to 1.
    """

    kind: str
    payload: dict[str, Any]
    key: str | None = None
    status: JobStatus = "waiting"
    priority: int = 0
    run_at: Timestamp
    attempts: int = 0
    leased_by: str | None = None
    leased_until: Timestamp | None = None
    progress: float = 0
    error: str | None = None
    created_at: Timestamp
    ended_at: Timestamp | None = None
    expires_at: Timestamp | None = None


JOBS = Spec(
    "jobs",
    Job,
    unique=(("key",),),
    indexes=(("status", "run_at"), ("status", "leased_until"), ("kind", "status")),
    expires="expires_at",
)
