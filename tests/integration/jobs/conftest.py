"""A queue of jobs on both databases, with a clock the test moves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.core.collection import Database
from domain.core.ids import new_id
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from domain.jobs.runner import JobRunner
from storage.documents.factory import open_database
from tests.support.clock import ManualClock


class Queue:
    """A queue, and runners on it. reported: what they logged."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock()
        self.jobs = Jobs(database, self.clock, new_id)
        self.reported: list[str] = []

    def runner(self, worker: str = "w1", **options: Any) -> JobRunner:
        """A runner without handlers."""
        return JobRunner(
            self.database,
            self.jobs,
            self.clock,
            worker=worker,
            report=lambda what, error: self.reported.append(f"{what}: {error!r}"),
            **options,
        )

    async def put(self, kind: str, **fields: Any) -> str:
        """Puts a job into the queue; its id."""
        write = self.jobs.new(kind, fields.pop("payload", {}), **fields)
        await self.database.commit(write)
        return write.document.id

    async def job(self, id: str) -> Job:
        """The job as it is stored."""
        job = await self.jobs.get(id)
        assert job is not None
        return job

    async def work(self, runner: JobRunner) -> None:
        """Lets a runner do all that is due."""
        await runner.poll()
        await runner.idle()


@pytest.fixture(params=["sqlite", "mongodb"])
async def queue(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Queue]:
    """An empty queue."""
    mongodb = request.param == "mongodb"
    url = request.getfixturevalue("mongodb_url") if mongodb else f"sqlite:///{tmp_path}/jobs.db"
    database = await open_database(url, [JOBS], timeout_s=4, pool_size=10)
    yield Queue(database)
    await database.close()
