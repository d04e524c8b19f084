"""Group commit: messages of many channels that come at about the same time are one insert.

While one is under way, what comes waits for the next. Alone, a message waits for nothing.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from domain.chat.model import MESSAGES, Message
from domain.core.collection import Database, Duplicate

AT_ONCE = 500
"""Most messages of one insert, give or take a batch."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    messages: Sequence[Message]
    stored: asyncio.Future[None]


class Inserts:
    """Stores batches of messages. One per process."""

    def __init__(self, database: Database) -> None:
        self._messages = database.collection(MESSAGES)
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def insert(self, messages: Sequence[Message]) -> None:
        """Like `insert_many` of the collection: raises `Duplicate` with the index of the first that is one."""
        entry = _Waiting(messages, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="chat inserts")
        await entry.stored

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._insert(self._next())
        finally:
            self._task = None
            for entry in self._waiting:  # only when the process is stopping
                entry.stored.cancel()

    def _next(self) -> list[_Waiting]:
        taken, count = [], 0
        while self._waiting and count < AT_ONCE:
            taken.append(self._waiting.popleft())
            count += len(taken[-1].messages)
        return taken

    async def _insert(self, entries: Sequence[_Waiting]) -> None:
        try:
            await self._messages.insert_many([message for entry in entries for message in entry.messages])
        except Duplicate as duplicate:
            self._settle(entries, duplicate)
        except Exception as error:
            for entry in entries:
                _settle(entry, error)
        else:
            for entry in entries:
                _settle(entry)

    def _settle(self, entries: Sequence[_Waiting], duplicate: Duplicate) -> None:
        """What stands before the duplicate is stored; what stands behind the batch it is in waits again."""
        index = duplicate.index
        for number, entry in enumerate(entries):
            if index < len(entry.messages):
                _settle(entry, Duplicate(duplicate.collection, duplicate.key, index))
                self._waiting.extendleft(reversed(entries[number + 1 :]))
                return
            index -= len(entry.messages)
            _settle(entry)


def _settle(entry: _Waiting, error: Exception | None = None) -> None:
    if entry.stored.done():  # whoever waited for it is gone
        return
    if error is None:
        entry.stored.set_result(None)
    else:
        entry.stored.set_exception(error)
