"""Two worker processes on MongoDB, of which some are killed or stopped in the middle of a job."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest

from domain.core.clock import SystemClock, seconds
from domain.core.collection import Database
from domain.core.ids import new_id
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from storage.documents.factory import open_database
from tests.support.job_worker import ATTEMPTS, EFFECTS, LEASE_S, SPECS, Note
from tests.support.services import spawn
from tests.support.wait import eventually

Start = Callable[[str], Popen[bytes]]
LIMIT_S = 40


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    """The database that the workers share."""
    opened = await open_database(mongodb_url, SPECS, timeout_s=10, pool_size=10)
    yield opened
    await opened.close()


@pytest.fixture
def start(mongodb_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker of that name."""
    started: list[Popen[bytes]] = []

    def start_one(name: str) -> Popen[bytes]:
        command = [sys.executable, "-m", "tests.support.job_worker", name, mongodb_url]
        started.append(spawn(command, tmp_path / f"{name}.log"))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()


async def put(database: Database, count: int, **payload: str) -> list[str]:
    """Puts so many jobs into the queue; their ids."""
    jobs = Jobs(database, SystemClock(), new_id)
    writes = [jobs.new("count", payload) for _ in range(count)]
    await database.commit(*writes)
    return [write.document.id for write in writes]


async def done(database: Database, id: str) -> Job:
    """The job, once it is done."""

    async def is_done() -> bool:
        return (await stored(database, id)).status == "done"

    await eventually(is_done, LIMIT_S)
    return await stored(database, id)


async def begun(database: Database, id: str, worker: str) -> Job:
    """The job, once that worker has begun it."""
    await eventually(lambda: database.collection(ATTEMPTS).get(f"{id}:{worker}:1"), LIMIT_S)
    return await stored(database, id)


async def stored(database: Database, id: str) -> Job:
    """The job as it is stored."""
    job = await database.collection(JOBS).get(id)
    assert job
    return job


async def effect(database: Database, id: str) -> Note:
    """What the job has done."""
    note = await database.collection(EFFECTS).get(id)
    assert note
    return note


async def test_a_job_whose_worker_is_killed_is_done_by_another(database: Database, start: Start) -> None:
    (id,) = await put(database, 1, stuck="doomed")
    doomed = start("doomed")
    await begun(database, id, "doomed")
    start("heir")
    doomed.kill()
    job = await done(database, id)
    assert (job.attempts, job.error) == (2, "doomed was lost")
    assert (await effect(database, id)).by == "heir"


async def test_a_worker_that_is_alive_keeps_a_job_longer_than_a_lease(database: Database, start: Start) -> None:
    """And hands it over at once when it is stopped, without an attempt lost."""
    (id,) = await put(database, 1, stuck="patient")
    patient = start("patient")
    first_lease = (await begun(database, id, "patient")).leased_until
    assert first_lease
    start("heir")
    for later in await put(database, 10):
        await done(database, later)

    async def is_held_longer() -> bool:
        lease = (await stored(database, id)).leased_until
        return lease is not None and lease > first_lease + seconds(LEASE_S)

    await eventually(is_held_longer, LIMIT_S)
    assert (await stored(database, id)).leased_by == "patient"
    patient.terminate()
    assert (await done(database, id)).attempts == 1
    assert (await effect(database, id)).by == "heir"


async def test_every_job_has_one_effect_though_workers_are_killed_over_and_over(
    database: Database, start: Start
) -> None:
    async def works(worker: str) -> bool:
        running = await database.collection(JOBS).find({"status": "running"}, limit=100)
        return worker in {job.leased_by for job in running}

    ids = await put(database, 300)
    start("steady")
    for worker in ("doomed-1", "doomed-2"):
        doomed = start(worker)
        await eventually(partial(works, worker), LIMIT_S)
        doomed.kill()
    jobs = [await done(database, id) for id in ids]
    assert {"doomed-1 was lost", "doomed-2 was lost"} <= {job.error for job in jobs}, "they were killed in the middle"
    assert sorted(await database.collection(EFFECTS).get_many(ids)) == sorted(ids)
