"""What operators see of the jobs."""

from prometheus_client import CollectorRegistry

from domain.jobs.model import Job
from maoga.figures import JobFigures
from tests.integration.jobs.conftest import Queue


async def test_attempts_and_the_queue_are_counted_by_kind(queue: Queue) -> None:
    registry = CollectorRegistry()
    runner = queue.runner(metrics=JobFigures(registry))

    async def do(job: Job) -> None:
        if job.payload:
            raise ZeroDivisionError

    runner.handle("greet", do, max_attempts=2)
    await queue.put("greet")
    await queue.put("greet", payload={"fails": True})
    await queue.work(runner)
    await runner.count()

    def jobs(status: str) -> float | None:
        return registry.get_sample_value("maoga_jobs", {"kind": "greet", "status": status})

    def attempts(outcome: str) -> float | None:
        return registry.get_sample_value("maoga_job_attempts_total", {"kind": "greet", "outcome": outcome})

    assert [jobs(status) for status in ("waiting", "running", "done", "dead")] == [1, 0, 1, 0]
    queue.clock.advance(2)
    await queue.work(runner)
    await runner.count()
    assert [jobs(status) for status in ("waiting", "dead")] == [0, 1]
    assert [attempts(outcome) for outcome in ("done", "retried", "dead", "lost")] == [1, 1, 1, None]
    assert registry.get_sample_value("maoga_job_seconds_count", {"kind": "greet"}) == 3
    runner.leave_count()
    assert jobs("dead") is None, "another worker counts from now on"
