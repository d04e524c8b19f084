"""The life of a process: it ends on signals with 0, and with 1 when an essential task dies."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from loguru import logger

from domain.core.errors import Unavailable
from maoga.process import SIGNALS, Process, every


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    running = Process()
    yield running
    await running.cancel()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def logged() -> list[str]:
    """The log lines of the test, with their exceptions."""
    lines: list[str] = []
    logger.add(lines.append, format="{level} {message} {exception}")
    return lines


async def forever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_0(process: Process, number: int) -> None:
    process.start("steady", forever())
    os.kill(os.getpid(), number)
    assert await asyncio.wait_for(process.run(), 5) == 0


async def test_an_essential_task_that_dies_ends_it_with_1_and_the_cause_is_logged(
    process: Process, logged: list[str]
) -> None:
    async def doomed() -> None:
        raise ZeroDivisionError("the cause")

    process.start("steady", forever())
    process.start("doomed", doomed())
    assert await asyncio.wait_for(process.run(), 5) == 1
    assert any("doomed" in line and "the cause" in line for line in logged)


async def test_an_essential_task_that_just_returns_ends_it_with_1(process: Process) -> None:
    process.start("short", asyncio.sleep(0))
    assert await asyncio.wait_for(process.run(), 5) == 1


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    """As one does whose `asyncio.wait_for` is done in that moment."""
    process, began = Process(), asyncio.Event()

    async def stubborn() -> None:
        answer = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(began.set)
        began_to_stop.add_done_callback(lambda _: answer.set_result(None))
        await asyncio.wait_for(answer, 60)  # swallows it
        await forever()

    began_to_stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    process.start("stubborn", stubborn())
    await began.wait()
    began_to_stop.set_result(None)
    async with asyncio.timeout(10):
        await process.cancel()


async def test_a_loop_waits_for_a_database_and_gives_up_on_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maoga.process.BROKEN_AFTER_S", 0.5)
    calls = 0

    async def step() -> None:
        nonlocal calls
        calls += 1
        if calls <= 30:
            raise Unavailable
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await asyncio.wait_for(every(0.01, "test", step), 5)
    assert calls > 31


async def test_a_loop_that_is_told_to_stop_ends_behind_its_step() -> None:
    stopping, steps = asyncio.Event(), []

    async def step() -> None:
        steps.append("begun")
        stopping.set()
        await asyncio.sleep(0.01)
        steps.append("ended")

    await asyncio.wait_for(every(600, "test", step, until=stopping), 5)
    assert steps == ["begun", "ended"]


async def test_one_failure_now_and_then_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maoga.process.BROKEN_AFTER_S", 0.5)
    calls = 0

    async def step() -> None:
        nonlocal calls
        calls += 1
        if calls > 50:
            raise asyncio.CancelledError
        if calls % 2:
            raise KeyError("now and then")

    with pytest.raises(asyncio.CancelledError):
        await every(0.005, "test", step)
