"""A job belongs to the request it follows from, and so do the jobs it makes."""

from domain.core import trace
from domain.jobs.model import Job
from tests.integration.jobs.conftest import Queue


async def test_a_job_and_its_jobs_carry_the_request_they_follow_from(queue: Queue) -> None:
    runner, seen = queue.runner(), dict[str, dict[str, str]]()

    async def do(job: Job) -> None:
        seen[job.kind] = dict(trace.ids())
        if job.kind == "first":
            await queue.put("second")

    runner.handle("first", do)
    runner.handle("second", do)
    with trace.tracing(request="r1", user="ann"):
        first = await queue.put("first")
    await queue.work(runner)
    await queue.work(runner)
    assert seen["first"] == {"request": "r1", "job": first}
    assert seen["second"]["request"] == "r1"
    assert seen["second"]["job"] != first
    assert trace.request_id() is None


async def test_a_job_of_nobodys_request_has_none(queue: Queue) -> None:
    assert (await queue.job(await queue.put("alone"))).request is None
