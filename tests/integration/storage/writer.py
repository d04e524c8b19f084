"""A process that inserts notes without end, and prints the id of each when it is acknowledged. To be killed."""

import asyncio
import sys
from pathlib import Path

from domain.core.ids import new_id
from storage.documents.sqlite import SqliteDatabase
from tests.integration.storage.things import NOTES, SPECS, Note


async def main() -> None:
    database = SqliteDatabase(Path(sys.argv[1]), SPECS)
    await database.open()

    async def insert() -> None:
        while True:
            id = new_id()
            await database.collection(NOTES).insert(Note(id=id))
            print(id, flush=True)  # noqa: T201 -- this is what the test reads

    await asyncio.gather(*(insert() for _ in range(8)))


asyncio.run(main())
