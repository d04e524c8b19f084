"""Every moment of a timetable makes one job, however many workers there are, and also when there are none."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.jobs.cron import moment_after
from domain.jobs.model import Job
from domain.jobs.runner import JobRunner
from tests.integration.jobs.conftest import Queue


def planned(queue: Queue, done: list[str], worker: str = "w1") -> JobRunner:
    """A runner that sweeps every ten minutes."""
    runner = queue.runner(worker)

    async def sweep(job: Job) -> None:
        done.append(f"{job.run_at:%H:%M}")

    runner.handle("sweep", sweep)
    runner.cron("sweeping", "*/10 * * * *", "sweep")
    return runner


async def test_several_workers_make_one_job_of_each_moment(queue: Queue) -> None:
    done: list[str] = []
    runners = [planned(queue, done, f"w{n}") for n in range(3)]
    for _ in range(90):
        for runner in runners:
            await runner.plan()
            await queue.work(runner)
        queue.clock.advance(20)
    assert 2 <= len(done) <= 3
    assert len(set(done)) == len(done)


async def test_a_moment_at_which_no_worker_runs_is_made_up_for_once(queue: Queue) -> None:
    done: list[str] = []
    await planned(queue, done).plan()
    queue.clock.advance(3600)
    restarted = planned(queue, done, "w2")
    for _ in range(3):
        await restarted.plan()
        await queue.work(restarted)
    assert len(done) == 1
    queue.clock.advance(600)
    await queue.work(restarted)
    assert len(done) == 2


def test_an_expression_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="every now and then"):
        moment_after("every now and then", datetime.now(UTC))


def test_the_next_moment_is_always_later() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment_after("0 12 * * *", noon) == noon + timedelta(days=1)
    assert moment_after("*/5 * * * * *", noon) == noon + timedelta(seconds=5)
