"""Does jobs: takes what is due, holds its lease while it runs, tries again what fails, and buries what keeps failing.

Any number of runners may share a queue. A job belongs to the runner whose conditional update took it, until its lease
runs out; what a runner writes of a job is conditional on the attempt (`version`) in which it took it. So no two work on
a job while a lease holds. A runner that dies in the middle leaves the job to another one: a handler may see a job
more than once, and makes it one effect.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Duplicate
from domain.core.isolation import Report
from domain.core.trace import span, tracing
from domain.jobs.cron import moment_after
from domain.jobs.jobs import Jobs, LeaseLost, held
from domain.jobs.metrics import UNWATCHED, JobMetrics, Outcome
from domain.jobs.model import JOBS, STATUSES, Job

LEASE_S = 10.0
"""A killed worker's jobs are another's after this and one beat."""

BEAT_S = LEASE_S / 4
AT_ONCE = 10
OF_A_KIND = 5
"""Of the jobs that run at once, unless the kind says otherwise."""
KIND_S = 0.2
"""So long a poll waits for a kind that has no room."""

BACKOFF_S = 1.0
"""The pause behind the first failure, which doubles with each further one up to `BACKOFF_MAX_S`."""
BACKOFF_MAX_S = 600.0

DONE_KEPT = timedelta(days=1)
DEAD_KEPT = timedelta(days=30)
CLOSE_S = 5.0
FOUND_AT_ONCE = 100
ERROR_LENGTH = 500

Handler = Callable[[Job], Awaitable[None]]


class JobFailed(Exception):
    """Raised by a handler whose attempt came to nothing for a reason outside, which its words tell whole."""


class Hopeless(JobFailed):
    """Raised by a handler for a job that no further attempt can do."""


@dataclass(frozen=True, slots=True)
class _Kind:
    do: Handler
    max_attempts: int
    timeout_s: float
    given_up: Handler | None
    at_once: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A job that runs here. lease: ends the work when the lease does."""

    job: Job
    lease: asyncio.Timeout


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the timetable. after: its first moment behind this one is not in the queue yet."""

    expression: str
    kind: str
    after: datetime


class JobRunner:
    """Does the jobs of the kinds it has handlers for. worker: its name. at_once: most jobs that run here."""

    def __init__(
        self,
        database: Database,
        queue: Jobs,
        clock: Clock,
        *,
        worker: str,
        report: Report,
        metrics: JobMetrics = UNWATCHED,
        random: Random | None = None,
        at_once: int = AT_ONCE,
        lease_s: float = LEASE_S,
    ) -> None:
        self._jobs, self._queue, self._clock = database.collection(JOBS), queue, clock
        self._worker, self._report, self._metrics = worker, report, metrics
        self._random, self._at_once, self._lease_s = random or Random(), at_once, lease_s
        self._kinds: dict[str, _Kind] = {}
        self._timetable: dict[str, _Entry] = {}
        self._tasks: dict[asyncio.Task[None], Job] = {}
        self._held: dict[str, _Held] = {}
        self._stopping = False

    def handle(
        self,
        kind: str,
        do: Handler,
        *,
        max_attempts: int = 5,
        timeout_s: float = 60,
        given_up: Handler | None = None,
        at_once: int = OF_A_KIND,
    ) -> None:
        """Jobs of `kind` are done by `do`, which must stand being called twice for the same job.

        It may raise: then the job is tried again later, up to `max_attempts` in all, and dies after them, or at once
        when it raises `Hopeless`. timeout_s: of one attempt. given_up: called before the job dies, again if it raises.
        at_once: most jobs of the kind that run here, so that those that hang leave room for the others.
        """
        if kind in self._kinds:
            raise ValueError(f"jobs of kind {kind} have a handler already")
        self._kinds[kind] = _Kind(do, max_attempts, timeout_s, given_up, at_once)

    def cron(self, name: str, expression: str, kind: str) -> None:
        """Makes a job of `kind` at every moment of a cron expression (UTC), one for all workers.

        The expression has five fields, or six with the seconds in front. The payload is empty. What comes due while no
        worker runs is done once when one does. Raises `ValueError` for an expression that makes no sense.
        """
        moment_after(expression, self._clock.now())
        self._timetable[name] = _Entry(expression, kind, self._clock.now())

    async def plan(self) -> None:
        """Puts the next moment of each line of the timetable into the queue, where it outlives all workers."""
        now = self._clock.now()
        for name, entry in self._timetable.items():
            if entry.after > now:
                continue
            at = moment_after(entry.expression, now)
            with suppress(Duplicate):
                await self._jobs.insert(self._queue.new(entry.kind, {}, at=at, key=f"cron:{name}:{at:%FT%TZ}").document)
            self._timetable[name] = replace(entry, after=at)

    async def count(self) -> None:
        """Tells the metrics how many jobs of each kind there are in each state, and how long one has been due."""
        for kind in self._kinds:
            self._metrics.oldest(kind, await self._overdue_s(kind))
            for status in STATUSES:
                self._metrics.counted(kind, status, await self._jobs.count({"kind": kind, "status": status}))

    async def _overdue_s(self, kind: str) -> float:
        now = self._clock.now()
        due = {"kind": kind, "status": "waiting", "run_at": {"$lte": now}}
        oldest = await self._jobs.find_one(due, sort="run_at")
        return (now - max(oldest.run_at, oldest.created_at)).total_seconds() if oldest else 0.0

    def leave_count(self) -> None:
        """Tells the metrics that another worker counts."""
        self._metrics.uncounted()

    async def poll(self) -> None:
        """Starts what is due, until nothing is; waits while as many run as may. Raises `Unavailable`.

        While only a kind has no room it waits a moment: the others may come due meanwhile.
        """
        while not self._stopping:
            free = self._at_once - len(self._tasks)
            if free and await self._start_due(free):
                continue
            if free and min(self._room().values(), default=1) > 0:
                return
            patience = KIND_S if free else None
            ended, _ = await asyncio.wait(self._tasks, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not ended:
                return

    async def beat(self) -> None:
        """Renews the leases of what runs here, and frees the jobs whose leases ran out, anybody's.

        To be called every `BEAT_S`. Raises `Unavailable`.
        """
        await asyncio.gather(*(self._renew(held) for held in list(self._held.values())))
        lost = {"status": "running", "leased_until": {"$lt": self._clock.now()}}
        for job in await self._jobs.find(lost, sort="id", limit=FOUND_AT_ONCE):
            freed: Changes = {
                "$set": {"status": "waiting", "error": f"{job.leased_by} was lost"},
                "$unset": {"leased_by": True, "leased_until": True},
            }
            await self._jobs.update(job.id, freed, expect={"version": job.version, **lost})

    def stop(self) -> None:
        """Takes no more jobs."""
        self._stopping = True

    async def idle(self) -> None:
        """Waits until nothing runs here."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Breaks off what runs here and gives it back to the queue, as if it had not been begun."""
        broken_off = dict(self._tasks)
        if not broken_off:
            return
        for task in broken_off:
            task.cancel()
        await asyncio.wait(broken_off, timeout=CLOSE_S)
        for job in broken_off.values():
            given_back: Changes = {
                "$set": {"status": "waiting"},
                "$unset": {"leased_by": True, "leased_until": True},
                "$inc": {"attempts": -1},
            }
            await self._jobs.update(job.id, given_back, expect=held(job))

    async def _start_due(self, limit: int) -> int:
        """Takes and starts at most `limit` jobs of kinds that have room; how many of these were due."""
        room = self._room()
        kinds = [name for name, free in room.items() if free > 0]
        if not kinds:
            return 0
        due = {"status": "waiting", "kind": {"$in": kinds}, "run_at": {"$lte": self._clock.now()}}
        found = await self._jobs.find(due, sort="run_at", limit=limit)
        chosen = [job for kind in kinds for job in [job for job in found if job.kind == kind][: room[kind]]]
        await asyncio.gather(*map(self._take, chosen))
        return len(found)

    def _room(self) -> dict[str, int]:
        """How many more jobs of each kind may run here."""
        running = Counter(job.kind for job in self._tasks.values())
        return {name: kind.at_once - running[name] for name, kind in self._kinds.items()}

    async def _take(self, found: Job) -> None:
        """Starts a job unless another runner has taken it."""
        until = asyncio.get_running_loop().time() + self._lease_s
        taken: Changes = {
            "$set": {**self._lease(), "status": "running", "progress": 0.0, "leased_by": self._worker},
            "$inc": {"attempts": 1, "version": 1},
        }
        job = await self._jobs.update(found.id, taken, expect={"status": "waiting", "version": found.version})
        if job is not None:
            task = asyncio.create_task(self._run(job, until), name=f"job {job.kind} {job.id}")
            self._tasks[task] = job
            task.add_done_callback(self._tasks.pop)

    async def _renew(self, held_job: _Held) -> None:
        job, lease = held_job.job, held_job.lease
        now = asyncio.get_running_loop().time()
        renewed = await self._jobs.update(job.id, {"$set": self._lease()}, expect=held(job))
        if self._held.get(job.id) is held_job:  # else it has ended meanwhile
            lease.reschedule(now + self._lease_s if renewed else now)

    async def _run(self, job: Job, until: float) -> None:
        """One attempt, until its lease ends at `until` (time of the loop), and what follows from it."""
        attributes = {"messaging.operation.type": "process", "messaging.destination.name": job.kind}
        with (
            tracing(request=job.request, job=job.id),
            span(f"process {job.kind}", "consumer", attributes, job.trace) as part,
        ):
            outcome = await self._traced(job, until)
            if outcome != "done":
                part.fail(outcome)

    async def _traced(self, job: Job, until: float) -> Outcome:
        began = asyncio.get_running_loop().time()
        outcome: Outcome = "lost"
        try:
            async with asyncio.timeout_at(until) as lease:
                self._held[job.id] = _Held(job, lease)
                try:
                    reached, changes = await self._attempt(job)
                finally:
                    del self._held[job.id]
            if await self._jobs.update(job.id, changes, expect=held(job)):
                outcome = reached
        except Exception as error:  # as a lost lease or database; another attempt comes when the lease is over
            self._report(f"{job.kind} job {job.id} was lost: attempt {job.attempts}", error)
        self._metrics.ended(job, outcome, asyncio.get_running_loop().time() - began)
        return outcome

    async def _attempt(self, job: Job) -> tuple[Outcome, Changes]:
        """Does the job once; how it went, and what that changes in the job."""
        kind = self._kinds[job.kind]
        if job.attempts > kind.max_attempts:  # its last one was lost, or `given_up` failed
            return await self._give_up(job, kind, job.error or "")
        try:
            async with asyncio.timeout(kind.timeout_s):
                await kind.do(job)
        except LeaseLost:
            raise
        except Exception as error:
            self._report(f"{job.kind} job {job.id}, attempt {job.attempts} of {kind.max_attempts}", error)
            if isinstance(error, Hopeless) or job.attempts == kind.max_attempts:
                return await self._give_up(job, kind, repr(error))
            return "retried", self._again(job, repr(error))
        return "done", self._ended("done", DONE_KEPT, {"progress": 1.0})

    async def _give_up(self, job: Job, kind: _Kind, error: str) -> tuple[Outcome, Changes]:
        """Lets the feature know that the job dies; tried at most twice as often as the job itself may be."""
        try:
            if kind.given_up:
                async with asyncio.timeout(kind.timeout_s):
                    await kind.given_up(job)
        except Exception as failure:
            self._report(f"giving up {job.kind} job {job.id}", failure)
            if job.attempts < 3 * kind.max_attempts:
                return "retried", self._again(job, error)
        return "dead", self._ended("dead", DEAD_KEPT, {"error": error[:ERROR_LENGTH]})

    def _again(self, job: Job, error: str) -> Changes:
        pause_s = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (job.attempts - 1)) * self._random.uniform(0.5, 1)
        at = self._clock.now() + seconds(pause_s)
        return {
            "$set": {"status": "waiting", "run_at": at, "error": error[:ERROR_LENGTH]},
            "$unset": {"leased_by": True, "leased_until": True},
        }

    def _ended(self, status: Outcome, kept: timedelta, fields: dict[str, Any]) -> Changes:
        now = self._clock.now()
        return {
            "$set": {**fields, "status": status, "ended_at": now, "expires_at": now + kept},
            "$unset": {"leased_by": True, "leased_until": True},
        }

    def _lease(self) -> dict[str, Any]:
        return {"leased_until": self._clock.now() + seconds(self._lease_s)}
