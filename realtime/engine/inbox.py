"""What came in for one namespace of a connection, handled one thing at a time."""

from collections import deque
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]


class Inbox:
    """Jobs that run one after another, in the order they came in. It exists only while there are any."""

    __slots__ = ("_over", "_waiting")

    def __init__(self, over: Callable[[], object]) -> None:
        """over: called when no job is left."""
        self._waiting: deque[Job] = deque()
        self._over = over

    def __len__(self) -> int:
        """How many wait, besides the one that runs."""
        return len(self._waiting)

    def put(self, job: Job) -> None:
        """Queues a job, which must not raise."""
        self._waiting.append(job)

    async def run(self, first: Job) -> None:
        """Runs `first` and then the others until none is left."""
        try:
            await first()
            while self._waiting:
                await self._waiting.popleft()()
        finally:
            self._over()
