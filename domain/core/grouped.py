"""Reads that come at about the same time are one question to the database.

While one is under way, what is asked for waits for the next: nobody is answered with what was read before they asked.
"""

import asyncio
from typing import Generic, TypeVar

from domain.core.collection import Collection
from domain.core.model import Document

D = TypeVar("D", bound=Document)


class GroupedGets(Generic[D]):
    """Gets single documents of one collection. One per process."""

    def __init__(self, collection: Collection[D]) -> None:
        self._collection = collection
        self._asked: dict[str, asyncio.Future[D | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, id: str) -> D | None:
        """The document with that id; raises `errors.Unavailable`."""
        if id not in self._asked:
            self._asked[id] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="grouped reads")
        return await asyncio.shield(self._asked[id])

    async def _drain(self) -> None:
        asked: dict[str, asyncio.Future[D | None]] = {}
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                await self._read(asked)
        finally:
            self._task = None
            for answer in (*asked.values(), *self._asked.values()):  # only when the process is stopping
                answer.cancel()

    async def _read(self, asked: dict[str, asyncio.Future[D | None]]) -> None:
        try:
            found = await self._collection.get_many(list(asked))
        except Exception as error:
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # whoever asked may be gone
        else:
            for id, answer in asked.items():
                answer.set_result(found.get(id))
