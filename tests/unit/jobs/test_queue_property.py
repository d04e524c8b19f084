"""Any interleaving of workers, crashes, partitions and failures does each job, never twice at once, to an end."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.core.clock import SystemClock, seconds
from domain.core.collection import Collection, Database
from domain.core.errors import Unavailable
from domain.core.ids import new_id
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from domain.jobs.runner import LEASE_S, Hopeless, JobRunner
from storage.documents.sqlite import SqliteDatabase
from tests.support.clock import ManualClock

WORKERS = 3
MAX_ATTEMPTS = 3

Ending = Literal["well", "badly", "hopelessly"]
Cut = Literal["no", "before", "after"]


class Line:
    """A worker's line to the database. cut: whether what it asks fails, before or after it is done there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.cut: Cut = "no"

    def collection(self, _: Any) -> Any:
        """The jobs over this line."""
        return LinedJobs(self, self._database.collection(JOBS))

    async def carry(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The answer of the database, unless the line is cut."""
        if self.cut == "before":
            raise Unavailable
        answer = await ask()
        if self.cut == "after":
            raise Unavailable
        return answer


class LinedJobs:
    """What a runner asks of the collection of jobs, over a line."""

    def __init__(self, line: Line, jobs: Collection[Job]) -> None:
        self._line, self._jobs = line, jobs

    async def find(self, *arguments: Any, **options: Any) -> Any:
        return await self._line.carry(lambda: self._jobs.find(*arguments, **options))

    async def update(self, *arguments: Any, **options: Any) -> Any:
        return await self._line.carry(lambda: self._jobs.update(*arguments, **options))


@dataclass
class Attempt:
    """A handler at work. leased_until: as its worker could know."""

    worker: int
    job: Job
    task: asyncio.Task[Any]
    ending: asyncio.Future[None]
    leased_until: datetime


class World:
    """A queue, its workers, and what their handlers were called for."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock(SystemClock().now())
        self.jobs = Jobs(database, self.clock, new_id)
        self.ids: list[str] = []
        self.begun: set[str] = set()
        self.done_well: set[str] = set()
        self.attempts: list[Attempt] = []
        self.clashes: list[Attempt] = []
        self.lines: list[Line] = [Line(database) for _ in range(WORKERS)]
        self.runners: list[JobRunner] = [self._runner(n) for n in range(WORKERS)]

    def _runner(self, worker: int) -> JobRunner:
        line: Any = self.lines[worker]
        runner = JobRunner(
            line, self.jobs, self.clock, worker=f"w{worker}", report=lambda *_: None, at_once=1000, lease_s=LEASE_S
        )

        async def work(job: Job) -> None:
            now = self.clock.now()
            self.clashes += [other for other in self.attempts if other.job.id == job.id and other.leased_until >= now]
            task, ending = asyncio.current_task(), asyncio.get_running_loop().create_future()
            assert task
            attempt = Attempt(worker, job, task, ending, leased_until=now + seconds(LEASE_S))
            self.attempts.append(attempt)
            self.begun.add(job.id)
            try:
                await attempt.ending
                self.done_well.add(job.id)
            finally:
                self.attempts.remove(attempt)

        runner.handle("work", work, max_attempts=MAX_ATTEMPTS)
        return runner

    async def put(self) -> None:
        """Puts a job into the queue."""
        write = self.jobs.new("work", {})
        await self.database.commit(write)
        self.ids.append(write.document.id)

    async def turn(self, worker: int) -> None:
        """A worker renews its leases, and looks for jobs."""
        stored = await self.database.collection(JOBS).get_many([attempt.job.id for attempt in self.attempts])
        for attempt in self.attempts:
            job = stored[attempt.job.id]
            has_lease = (job.status, job.version) == ("running", attempt.job.version)
            if attempt.worker == worker and has_lease and self.lines[worker].cut != "before":
                attempt.leased_until = self.clock.now() + seconds(LEASE_S)
        with suppress(Unavailable):
            await self.runners[worker].beat()
            await asyncio.sleep(0.001)  # attempts whose lease is lost end
            await self.runners[worker].poll()

    async def end(self, number: int, ending: Ending = "well") -> None:
        """An attempt comes to its end."""
        if not self.attempts:
            return
        attempt = self.attempts[number % len(self.attempts)]
        if ending == "well":
            attempt.ending.set_result(None)
        else:
            attempt.ending.set_exception(ZeroDivisionError() if ending == "badly" else Hopeless())
        await asyncio.wait([attempt.task])

    async def fate(self, worker: int, fate: Literal["crash", "stop"] | Cut) -> None:
        """A worker is killed, or ends in order, and another one starts; or it loses its database, or finds it again."""
        if fate != "stop":
            self.lines[worker].cut = "before" if fate == "crash" else fate
        if fate not in ("crash", "stop"):
            return
        with suppress(Unavailable):
            await self.runners[worker].close()
        self.lines[worker] = Line(self.database)
        self.runners[worker] = self._runner(worker)

    async def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    async def finish(self) -> None:
        """All goes well from now on, until nothing is left to do."""
        for line in self.lines:
            line.cut = "no"
        for _ in range(2 * MAX_ATTEMPTS + 2):
            while self.attempts:
                await self.end(0)
            self.clock.advance(1000)
            for worker in range(WORKERS):
                await self.turn(worker)


WORKER = st.integers(0, WORKERS - 1)
STEP = st.one_of(
    st.tuples(st.just("turn"), WORKER),
    st.tuples(st.just("turn"), WORKER),
    st.tuples(st.just("wait"), st.sampled_from([1, LEASE_S / 2, LEASE_S + 1])),
    st.tuples(st.just("end"), st.integers(0, 3), st.sampled_from(["well", "badly", "badly", "hopelessly"])),
    st.tuples(st.just("fate"), WORKER, st.sampled_from(["crash", "stop", "no", "before", "after"])),
    st.tuples(st.just("put")),
)


LOST_AND_FAILED_LATE = [("turn", 0), ("wait", LEASE_S + 1), ("turn", 1), ("end", 0, "badly"), ("wait", 5), ("turn", 2)]


@settings(max_examples=40)
@example(LOST_AND_FAILED_LATE)
@given(st.lists(STEP, min_size=20, max_size=40))
def test_every_job_is_begun_never_twice_at_once_and_ends_done_or_dead(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "jobs.db", [JOBS])
        await database.open()
        world = World(database)
        await world.put()
        for name, *arguments in steps:
            await getattr(world, name)(*arguments)
        await world.finish()
        ended = await database.collection(JOBS).get_many(world.ids)
        for runner in world.runners:
            await runner.close()
        await database.close()
    assert world.clashes == []
    assert [job.status for job in ended.values() if job.status not in {"done", "dead"}] == []
    assert world.begun == set(world.ids) == set(ended)
    assert {id for id, job in ended.items() if job.status == "done"} <= world.done_well
