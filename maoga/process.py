"""The life of a process: its essential tasks, the signals that end it, and the code it ends with."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress

from loguru import logger

from domain.core.errors import AppError
from domain.jobs.runner import JobFailed

BROKEN_AFTER_S = 60.0
"""A loop that has only failed for so long is broken for good: the process ends, so that it is restarted."""

CANCEL_AGAIN_S = 1.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Process:
    """Runs essential tasks until SIGTERM, SIGINT or `stop` asks it to end, or one of them dies.

    A second signal ends it at once, with nothing put in order.
    """

    def __init__(self) -> None:
        """Listens for the signals from now on, so that one during the start is not lost."""
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._stop = asyncio.Event()
        self._exit_code = 0
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled)

    def start(self, name: str, task: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Starts an essential task: the process does not outlive it, but for tasks that end once it is stopping."""
        running = asyncio.create_task(task, name=name)
        self._tasks[running] = name
        running.add_done_callback(self._ended)
        return running

    def stop(self) -> None:
        """Asks the process to end gracefully."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it has been asked to end."""
        return self._stop.is_set()

    async def run(self) -> int:
        """Waits for the end; the exit code."""
        await self._stop.wait()
        return self._exit_code

    async def cancel(self) -> None:
        """Ends the tasks that still run."""
        for task in self._tasks:
            task.remove_done_callback(self._ended)
        await end(self._tasks)

    def _signalled(self) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, lambda number, _: os._exit(128 + number))  # also when the loop is stuck, or as PID 1
        self.stop()

    def _ended(self, task: asyncio.Task[None]) -> None:
        cause = None if task.cancelled() else task.exception()
        if self.stopping and cause is None:
            return
        logger.opt(exception=cause).critical("essential task {} ended unexpectedly; stopping", self._tasks[task])
        self._exit_code = 1
        self.stop()


async def end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancels the tasks, and returns when they have ended."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        # Again and again: Python 3.11's `asyncio.wait_for`, which drivers use, loses a cancellation that comes in
        # the moment in which it is done.
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def every(
    interval_s: float, name: str, step: Callable[[], Awaitable[object]], *, until: asyncio.Event | None = None
) -> None:
    """Runs `step` for ever, `interval_s` apart, or between two steps until the event is set.

    A database that is away is waited for, a lost race is tried again; other failures are logged, and end the loop when
    nothing but them has come for `BROKEN_AFTER_S`.
    """
    now = asyncio.get_running_loop().time
    well = now()
    until = until or asyncio.Event()
    while not until.is_set():
        try:
            await step()
            well = now()
        except AppError as error:
            logger.warning("{} waits: {}", name, error.message)
            well = now()
        except Exception:
            logger.exception("{} failed", name)
            if now() - well > BROKEN_AFTER_S:
                raise
        with suppress(TimeoutError):
            async with asyncio.timeout(interval_s):
                await until.wait()


def report(what: str, error: Exception) -> None:
    """Logs what a sweep or tick had to leave undone; a lost race and a failure of others need no traceback."""
    logger.opt(exception=None if isinstance(error, AppError | JobFailed) else error).warning(
        "{} is left for later: {}", what, error
    )
