"""A worker that is told to stop ends what it does, or gives it back, and leaves nothing that others must wait for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from maoga.bootstrap import Core
from maoga.process import Process
from maoga.worker import LEASES
from tests.support.cores import a_core
from tests.support.wait import eventually

INSTANCE = "the-one-that-stops"


class SlowJob:
    """A job that lasts until it may end."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._id = ""
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        core.runner.handle("slow", self._do)

    async def put(self) -> None:
        """Puts it into the queue, and waits until it has begun."""
        core = self._core
        write = Jobs(core.database, core.clock, lambda: "slow-job").new("slow", {})
        self._id = write.document.id
        await core.database.commit(write)
        await asyncio.wait_for(self.began.wait(), 10)

    async def stored(self) -> Job:
        """As it stands in the queue."""
        job = await self._core.database.collection(JOBS).get(self._id)
        assert job
        return job

    async def _do(self, _: Job) -> None:
        self.began.set()
        await self.may_end.wait()


@asynccontextmanager
async def working(folder: Path, redis_url: str) -> AsyncIterator[tuple[Core, Process, SlowJob]]:
    """A worker in the middle of a job, that holds all leases."""
    async with a_core(folder, redis_url=redis_url, instance=INSTANCE) as core:
        process, job = Process(), SlowJob(core)
        core.worker.start(process)
        await job.put()
        await eventually(lambda: _holds_all(core), timeout=20)
        yield core, process, job
        assert not any(await held(core))
        assert await process.run() == 0, "an essential loop died"
        await process.cancel()


async def held(core: Core) -> list[str]:
    """What the instance says of itself in Redis: its leases, and that it takes part."""
    found = [
        key async for key in core.redis.scan_iter("maoga:lease:*") if await core.redis.get(key) == INSTANCE.encode()
    ]
    found += [key async for key in core.redis.scan_iter("maoga:attending:*") if await core.redis.zcard(key)]
    return [key.decode() for key in found]


async def _holds_all(core: Core) -> bool:
    names = await held(core)
    return {f"maoga:lease:{name}" for name in LEASES} | {"maoga:attending:pools"} <= set(names)


async def test_what_ends_in_time_is_done_and_all_leases_are_free_at_once(tmp_path: Path, redis_url: str) -> None:
    async with working(tmp_path, redis_url) as (core, process, job):
        process.stop()
        drained = asyncio.create_task(core.worker.drain(60))
        late = Jobs(core.database, core.clock, lambda: "late-job").new("slow", {})
        await core.database.commit(late)
        await asyncio.wait({drained}, timeout=0.5)
        assert not drained.done()
        assert (await job.stored()).status == "running"
        job.may_end.set()
        await asyncio.wait_for(drained, 10)
        assert (await job.stored()).status == "done"
        waiting = await core.database.collection(JOBS).get(late.document.id)
        assert waiting and waiting.status == "waiting"


async def test_a_job_that_does_not_end_in_time_is_another_worker_s(tmp_path: Path, redis_url: str) -> None:
    """As if it had not been begun."""
    async with working(tmp_path, redis_url) as (core, process, job):
        process.stop()
        await asyncio.wait_for(core.worker.drain(0.3), 10)
        given_back = await job.stored()
        assert (given_back.status, given_back.attempts, given_back.leased_until) == ("waiting", 0, None)
