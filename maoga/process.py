"""The life of a process: its essential tasks, the signals that end it, and the code it ends with."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine

from loguru import logger

from domain.core.errors import AppError
from domain.jobs.runner import JobFailed

BROKEN_AFTER_S = 60.0
"""A loop that has only failed for so long is broken for good: the process ends, so that it is restarted."""

CANCEL_AGAIN_S = 1.0


class Process:
    """Runs essential tasks until SIGTERM, SIGINT or `stop` asks it to end, or one of them dies."""

    def __init__(self) -> None:
        """Listens for the signals from now on, so that one during the start is not lost."""
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._stop = asyncio.Event()
        self._exit_code = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    def start(self, name: str, task: Coroutine[None, None, None]) -> None:
        """Starts an essential task: the process does not outlive it."""
        running = asyncio.create_task(task, name=name)
        self._tasks[running] = name
        running.add_done_callback(self._ended)

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
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            # Again and again: Python 3.11's `asyncio.wait_for`, which drivers use, loses a cancellation that comes in
            # the moment in which it is done.
            await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        cause = None if task.cancelled() else task.exception()
        logger.opt(exception=cause).critical("essential task {} ended unexpectedly; stopping", self._tasks[task])
        self._exit_code = 1
        self.stop()


async def every(interval_s: float, name: str, step: Callable[[], Awaitable[object]]) -> None:
    """Runs `step` for ever, `interval_s` apart.

    A database that is away is waited for, a lost race is tried again; other failures are logged, and end the loop when
    nothing but them has come for `BROKEN_AFTER_S`.
    """
    now = asyncio.get_running_loop().time
    well = now()
    while True:
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
        await asyncio.sleep(interval_s)


def report(what: str, error: Exception) -> None:
    """Logs what a sweep or tick had to leave undone; a lost race and a failure of others need no traceback."""
    logger.opt(exception=None if isinstance(error, AppError | JobFailed) else error).warning(
        "{} is left for later: {}", what, error
    )
