"""What came in for one namespace of a connection, handled one thing at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]


class Inbox:
    """Runs jobs one after another, in the order they came in, in a task that lives while there are any."""

    def __init__(self, size: int, tasks: set[asyncio.Task[None]]) -> None:
        """size: most jobs that may wait. tasks: holds the running task, for whoever stops the process."""
        self._size, self._tasks = size, tasks
        self._waiting: deque[Job] = deque()
        self._running = False

    def offer(self, job: Job) -> bool:
        """Queues a job that must not raise; False when the inbox is full."""
        if len(self._waiting) >= self._size:
            return False
        self.put(job)
        return True

    def put(self, job: Job) -> None:
        """Queues a job that must not raise, full or not."""
        self._waiting.append(job)
        if not self._running:
            self._running = True
            task = asyncio.create_task(self._run(), name="inbox")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._waiting.popleft()()
        finally:
            self._running = False
