"""A worker process that does nothing but jobs of the kind `count`: `python -m tests.support.job_worker NAME URL`.

Each attempt is noted in `attempts`, and its effect, once, in `effects`. A job with `{"stuck": NAME}` hangs on that
worker.
"""

import asyncio
import sys
from contextlib import suppress
from typing import Any

from domain.core.clock import SystemClock
from domain.core.collection import Duplicate, Spec
from domain.core.ids import new_id
from domain.core.model import Document
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from domain.jobs.runner import JobRunner
from maoga.process import Process, every, report
from storage.documents.factory import open_database

LEASE_S = 1.5


class Note(Document):
    """That something happened. by: the worker that did it."""

    by: str


ATTEMPTS = Spec("attempts", Note)
EFFECTS = Spec("effects", Note)
SPECS: list[Spec[Any]] = [JOBS, ATTEMPTS, EFFECTS]


async def main(name: str, url: str) -> None:
    """Works until it is told to stop, or killed."""
    database = await open_database(url, SPECS, timeout_s=10, pool_size=10)
    clock = SystemClock()
    runner = JobRunner(database, Jobs(database, clock, new_id), clock, worker=name, report=report, lease_s=LEASE_S)

    async def count(job: Job) -> None:
        await database.collection(ATTEMPTS).insert(Note(id=f"{job.id}:{name}:{job.attempts}", by=name))
        if job.payload.get("stuck") == name:
            await asyncio.Event().wait()
        await asyncio.sleep(0.1)
        with suppress(Duplicate):
            await database.collection(EFFECTS).insert(Note(id=job.id, by=name))

    runner.handle("count", count)
    process = Process()
    process.start("jobs", every(0.05, "jobs", runner.poll))
    process.start("leases", every(LEASE_S / 4, "leases", runner.beat))
    await process.run()
    await process.cancel()
    await runner.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
