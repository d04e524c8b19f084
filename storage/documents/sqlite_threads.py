"""SQLite's threads: one that writes, committing together what waits, and a few that read."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from loguru import logger

from domain.core import errors
from domain.core.collection import Duplicate

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], T]

GROUP = 500
"""Most writes that share a commit."""

PURGE_S = 30.0
"""Seconds between removals of expired documents."""

READERS = 4

# Another program holds the file; the disk is full, fails or is read-only. Extended codes carry these in their low byte.
PASSING_CODES = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL),
}


@dataclass(frozen=True, slots=True)
class _Job:
    """A write that waits, and where its result goes (nowhere for a purge)."""

    work: Work[Any]
    done: asyncio.Future[Any] | None


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Any = None
    error: Exception | None = None


class Writer:
    """The one thread that writes, for the callers of one event loop.

    It takes all the writes that wait, each in a savepoint of its own, and commits once. A write is answered after the
    commit; one that fails is undone alone. `commits` counts the groups.
    """

    def __init__(self, connection: sqlite3.Connection, purge: Work[bool]) -> None:
        """purge: removes some expired documents, and returns whether there were any."""
        self._connection, self._purge = connection, purge
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self.commits = 0
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """The result of `work`, committed; raises what it raises, and `Unavailable` when the file cannot be written."""
        if self._closed:
            raise errors.Unavailable("The database is closed.")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put(_Job(work, done))
        with sorted_errors():
            return await done

    async def close(self) -> None:
        """Commits what waits, and ends."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        jobs: list[_Job | None] = []
        purge_at = time.monotonic()
        while None not in jobs:
            jobs = self._take(purge_at - time.monotonic())
            if is_due := time.monotonic() >= purge_at:
                jobs.append(_Job(self._purge, None))
            outcomes = self._commit([job for job in jobs if job])
            if is_due:
                purge_at = time.monotonic() + (0 if outcomes[-1].result else PURGE_S)
        self._connection.close()

    def _take(self, timeout: float) -> list[_Job | None]:
        """What waits, or else what comes within `timeout` seconds."""
        jobs: list[_Job | None] = []
        with suppress(queue.Empty):
            jobs.append(self._waiting.get(timeout=max(timeout, 0)))
            while len(jobs) < GROUP:
                jobs.append(self._waiting.get_nowait())
        return jobs

    def _commit(self, jobs: Sequence[_Job]) -> Sequence[_Outcome]:
        if not jobs:
            return []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(job) for job in jobs]
            self._connection.execute("COMMIT")
        except Exception as error:
            with suppress(sqlite3.Error):  # it is rolled back already
                self._connection.execute("ROLLBACK")
            outcomes = [_Outcome(error=error)] * len(jobs)
        self.commits += 1
        self._answer(jobs, outcomes)
        return outcomes

    def _attempt(self, job: _Job) -> _Outcome:
        """Does one job; what it did is undone if it fails. An expired document stands in nobody's way."""
        while True:
            self._connection.execute("SAVEPOINT job")
            try:
                outcome = _Outcome(job.work(self._connection))
            except Exception as error:
                if not self._connection.in_transaction:
                    raise  # a full disk, for one, has undone the whole group
                self._connection.execute("ROLLBACK TO job")
                outcome = _Outcome(error=error)
            again = isinstance(outcome.error, Duplicate) and self._purge(self._connection)
            self._connection.execute("RELEASE job")
            if not again:
                return outcome

    def _answer(self, jobs: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
        answers = [(job.done, outcome) for job, outcome in zip(jobs, outcomes, strict=True) if job.done]
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.done is None and outcome.error:
                logger.opt(exception=outcome.error).warning("Expired documents were not removed")
        if answers:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                answers[0][0].get_loop().call_soon_threadsafe(_resolve, answers)


def _resolve(answers: Sequence[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for done, outcome in answers:
        if done.done():
            continue  # the caller was cancelled
        if outcome.error:
            done.set_exception(outcome.error)
        else:
            done.set_result(outcome.result)


class Readers:
    """Connections that read, each used by one thread at a time, so that no query holds up the event loop."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connections = [connect() for _ in range(READERS)]
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        for connection in self._connections:
            self._idle.put(connection)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._closed = False

    async def run(self, work: Work[T]) -> T:
        """The result of `work`; raises what it raises, and `Unavailable` when the file cannot be read."""
        if self._closed:
            raise errors.Unavailable("The database is closed.")
        with sorted_errors():
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._work, work)

    async def close(self) -> None:
        """Finishes the reads under way, and ends."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        for connection in self._connections:
            connection.close()

    def _work(self, work: Work[T]) -> T:
        connection = self._idle.get()
        try:
            return work(connection)
        finally:
            self._idle.put(connection)


@contextmanager
def sorted_errors() -> Iterator[None]:
    """Raises `Unavailable` for a file that cannot be used now; a conflict or a bug rises as it is."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING_CODES:
            raise errors.Unavailable from error
        raise
