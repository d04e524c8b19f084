"""Jobs are done at least once, by one worker at a time, and end done or dead."""

import asyncio

import pytest

from domain.core.collection import Duplicate
from domain.core.errors import NotFound
from domain.jobs.jobs import LeaseLost
from domain.jobs.model import Job, JobStatus
from domain.jobs.runner import BACKOFF_MAX_S, LEASE_S, Hopeless
from tests.integration.jobs.conftest import Queue
from tests.support.wait import eventually


class Log:
    """A handler that notes whose job it was called for, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.calls: list[str] = []
        self._failures = list(failures)

    async def __call__(self, job: Job) -> None:
        self.calls.append(job.payload.get("name", job.id))
        if self._failures:
            raise self._failures.pop(0)


class Held:
    """A handler that waits until it is let go."""

    def __init__(self) -> None:
        self.began, self.let_go = asyncio.Event(), asyncio.Event()

    async def __call__(self, job: Job) -> None:
        self.began.set()
        await self.let_go.wait()


async def test_a_job_is_done_once_and_says_so(queue: Queue) -> None:
    runner, log = queue.runner(), Log()
    runner.handle("greet", log)
    id = await queue.put("greet", payload={"name": "ann"})
    await queue.work(runner)
    await queue.work(runner)
    job = await queue.job(id)
    assert log.calls == ["ann"]
    assert (job.status, job.attempts, job.progress, job.leased_by) == ("done", 1, 1.0, None)
    assert job.ended_at == queue.clock.now()


async def test_a_job_waits_for_its_time_and_for_a_worker_that_knows_its_kind(queue: Queue) -> None:
    runner, log = queue.runner(), Log()
    later = await queue.put("greet", at=queue.clock.now().replace(year=2090))
    runner.handle("greet", log)
    unknown = await queue.put("unknown")
    await queue.work(runner)
    assert [(await queue.job(id)).status for id in (later, unknown)] == ["waiting", "waiting"]
    queue.clock.advance(70 * 366 * 86_400)
    await queue.work(runner)
    assert log.calls == [later]


async def test_what_is_due_goes_by_priority_and_then_by_age_and_nothing_waits_for_ever(queue: Queue) -> None:
    runner, log = queue.runner(at_once=1), Log()
    runner.handle("greet", log)
    await queue.put("greet", payload={"name": "very old"})
    queue.clock.advance(130)
    await queue.put("greet", payload={"name": "old"})
    queue.clock.advance(1)
    await queue.put("greet", payload={"name": "new"})
    await queue.put("greet", payload={"name": "urgent"}, priority=2)
    await queue.work(runner)
    assert log.calls == ["very old", "urgent", "old", "new"]


async def test_a_key_makes_asking_twice_one_job(queue: Queue) -> None:
    await queue.put("greet", key="once")
    with pytest.raises(Duplicate):
        await queue.put("greet", key="once")


async def test_what_fails_is_tried_again_later_each_time_and_dies_in_the_end(queue: Queue) -> None:
    runner, log, buried = queue.runner(), Log(*[ZeroDivisionError("no")] * 9), Log()
    runner.handle("greet", log, max_attempts=3, given_up=buried)
    id = await queue.put("greet")
    pauses = []
    for _ in range(3):
        await queue.work(runner)
        job = await queue.job(id)
        pauses.append((job.run_at - queue.clock.now()).total_seconds())
        queue.clock.advance(pauses[-1] - 0.001)
        await queue.work(runner)
        assert (await queue.job(id)).attempts == job.attempts, "too early"
        queue.clock.advance(0.001)
    assert 0.5 <= pauses[0] <= 1 <= pauses[1] <= 2
    job = await queue.job(id)
    assert (job.status, job.attempts, job.error) == ("dead", 3, "ZeroDivisionError('no')")
    assert (log.calls, buried.calls) == ([id] * 3, [id])


async def test_the_pause_between_attempts_is_bounded(queue: Queue) -> None:
    runner = queue.runner()
    runner.handle("greet", Log(*[ZeroDivisionError()] * 30), max_attempts=30)
    id = await queue.put("greet")
    for _ in range(29):
        await queue.work(runner)
        pause = (await queue.job(id)).run_at - queue.clock.now()
        assert pause.total_seconds() <= BACKOFF_MAX_S
        queue.clock.advance(BACKOFF_MAX_S)


async def test_a_hopeless_job_dies_at_once(queue: Queue) -> None:
    runner, log = queue.runner(), Log(Hopeless("gone"))
    runner.handle("greet", log)
    id = await queue.put("greet")
    await queue.work(runner)
    assert ((await queue.job(id)).status, log.calls) == ("dead", [id])


async def test_giving_up_is_tried_again_without_doing_the_job_again(queue: Queue) -> None:
    runner, log, giving_up = queue.runner(), Log(ZeroDivisionError()), Log(KeyError(), KeyError())
    runner.handle("greet", log, max_attempts=1, given_up=giving_up)
    id = await queue.put("greet")
    for _ in range(3):
        await queue.work(runner)
        queue.clock.advance(BACKOFF_MAX_S)
    assert ((await queue.job(id)).status, log.calls, giving_up.calls) == ("dead", [id], [id] * 3)


async def test_an_attempt_that_takes_too_long_is_broken_off(queue: Queue) -> None:
    runner, slow = queue.runner(), Held()
    runner.handle("slow", slow, timeout_s=0.02, max_attempts=1)
    id = await queue.put("slow")
    await queue.work(runner)
    assert ((await queue.job(id)).status, (await queue.job(id)).error) == ("dead", "TimeoutError()")


async def test_a_beating_worker_keeps_its_job_and_a_silent_one_loses_it(queue: Queue) -> None:
    one, other, slow, log = queue.runner("w1"), queue.runner("w2"), Held(), Log()
    one.handle("slow", slow)
    other.handle("slow", log)
    id = await queue.put("slow")
    await one.poll()
    for _ in range(3):
        queue.clock.advance(LEASE_S - 1)
        await one.beat()
        await other.beat()
        await queue.work(other)
    assert (log.calls, (await queue.job(id)).leased_by) == ([], "w1")
    queue.clock.advance(LEASE_S + 1)
    await other.beat()
    await queue.work(other)
    assert (log.calls, (await queue.job(id)).status) == ([id], "done")
    await one.beat()  # notices the loss, and breaks its own attempt off
    await asyncio.wait_for(one.idle(), 5)
    assert (await queue.job(id)).attempts == 2


async def test_an_attempt_ends_when_its_lease_does_even_if_nobody_says_so(queue: Queue) -> None:
    """As with a worker that the database cannot be reached from."""
    runner, slow = queue.runner(lease_s=0.05), Held()
    runner.handle("slow", slow)
    id = await queue.put("slow")
    await runner.poll()
    await asyncio.wait_for(runner.idle(), 5)
    assert (await queue.job(id)).status == "running", "it is not this worker's any more, so it leaves it alone"


async def test_a_job_whose_workers_all_die_is_not_done_for_ever(queue: Queue) -> None:
    dying, buried = Held(), Log()
    id = await queue.put("deadly")
    for n in range(3):
        runner = queue.runner(f"w{n}")
        runner.handle("deadly", dying, max_attempts=2, given_up=buried)
        await runner.poll()
        for task in [task for task in asyncio.all_tasks() if task.get_name().startswith("job deadly")]:
            if not buried.calls:
                task.cancel()
        await asyncio.wait_for(runner.idle(), 5)
        queue.clock.advance(LEASE_S + 1)
        await runner.beat()
    assert ((await queue.job(id)).status, buried.calls) == ("dead", [id])
    assert (await queue.job(id)).error == "w1 was lost"


async def test_a_worker_that_stops_gives_its_jobs_back_unharmed(queue: Queue) -> None:
    stopping, other, slow, log = queue.runner("w1"), queue.runner("w2"), Held(), Log()
    stopping.handle("slow", slow)
    other.handle("slow", log)
    id = await queue.put("slow")
    await stopping.poll()
    await slow.began.wait()
    await stopping.close()
    job = await queue.job(id)
    assert (job.status, job.attempts, job.leased_by) == ("waiting", 0, None)
    await queue.work(other)
    assert (log.calls, (await queue.job(id)).attempts) == ([id], 1)


async def test_no_more_jobs_run_at_once_than_may(queue: Queue) -> None:
    runner, slow = queue.runner(at_once=2), Held()
    runner.handle("slow", slow)
    ids = [await queue.put("slow") for _ in range(5)]
    polling = asyncio.create_task(runner.poll())
    await slow.began.wait()
    await eventually(lambda: _count(queue, ids, "running", 2))
    await runner.beat()
    assert [(await queue.job(id)).status for id in ids].count("running") == 2
    slow.let_go.set()
    await asyncio.wait_for(polling, 5)
    await runner.idle()
    assert {(await queue.job(id)).status for id in ids} == {"done"}


async def test_a_runner_that_stops_ends_what_it_has_and_takes_no_more(queue: Queue) -> None:
    runner, slow = queue.runner(at_once=1), Held()
    runner.handle("slow", slow)
    ids = [await queue.put("slow") for _ in range(2)]
    polling = asyncio.create_task(runner.poll())
    await slow.began.wait()
    runner.stop()
    slow.let_go.set()
    await asyncio.wait_for(polling, 5)
    await runner.idle()
    assert sorted([(await queue.job(id)).status for id in ids]) == ["done", "waiting"]


async def test_jobs_of_a_kind_that_hang_leave_room_for_the_others(queue: Queue) -> None:
    """Also when they are far more urgent; and the next of them begins when one is done."""
    runner, slow, log = queue.runner(at_once=4), Held(), Log()
    runner.handle("slow", slow, at_once=3)
    runner.handle("greet", log)
    urgent = [await queue.put("slow", priority=10) for _ in range(8)]
    other = await queue.put("greet")
    await runner.poll()
    await eventually(lambda: _count(queue, [other], "done", 1))
    assert await _count(queue, urgent, "running", 3)
    slow.let_go.set()

    async def all_are_done() -> bool:
        await queue.work(runner)
        return await _count(queue, urgent, "done", 8)

    await eventually(all_are_done)


async def test_many_workers_do_each_job_once(queue: Queue) -> None:
    log, runners = Log(), [queue.runner(f"w{n}") for n in range(4)]
    for runner in runners:
        runner.handle("greet", log)
    ids = [await queue.put("greet") for _ in range(30)]
    await asyncio.gather(*map(queue.work, runners))
    assert sorted(log.calls) == sorted(ids)


async def test_progress_is_told_and_refused_to_a_worker_that_lost_the_job(queue: Queue) -> None:
    runner, slow = queue.runner(), Held()
    runner.handle("slow", slow)
    id = await queue.put("slow")
    await runner.poll()
    running = await queue.job(id)
    await queue.jobs.progress(running, 0.5)
    assert (await queue.job(id)).progress == 0.5
    await runner.close()
    with pytest.raises(LeaseLost):
        await queue.jobs.progress(running, 0.6)


async def test_a_dead_job_can_be_put_back_and_no_other(queue: Queue) -> None:
    runner, log = queue.runner(), Log(Hopeless())
    runner.handle("greet", log)
    id = await queue.put("greet")
    with pytest.raises(NotFound):
        await queue.jobs.requeue(id)
    await queue.work(runner)
    assert [job.id for job in await queue.jobs.list("dead", 10)] == [id]
    await queue.jobs.requeue(id)
    await queue.work(runner)
    job = await queue.job(id)
    assert (job.status, job.attempts, log.calls) == ("done", 1, [id, id])


async def test_done_jobs_are_forgotten_after_a_day_and_dead_ones_after_thirty(queue: Queue) -> None:
    runner = queue.runner()
    runner.handle("fine", Log())
    runner.handle("bad", Log(Hopeless()))
    fine, bad = await queue.put("fine"), await queue.put("bad")
    await queue.work(runner)
    assert _days_kept(await queue.job(bad)) == 30
    assert _days_kept(await queue.job(fine)) == 1


def _days_kept(job: Job) -> int:
    assert job.expires_at
    assert job.ended_at
    return (job.expires_at - job.ended_at).days


async def _count(queue: Queue, ids: list[str], status: JobStatus, wanted: int) -> bool:
    return [(await queue.job(id)).status for id in ids].count(status) == wanted
