"""The switch of docs/operations/disaster-recovery.md: a region is lost, and the standby in another one takes over."""

import gc
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from domain.core.clock import SystemClock
from domain.core.errors import Unavailable
from storage.documents.factory import open_database
from storage.documents.shapes import layout_digest
from storage.upkeep.migrations import Migrator
from storage.upkeep.store import open_store
from tests.integration.storage.things import NOTES, SPECS, Note
from tests.support.services import REPLICA_SET, Server, mongod_set
from tests.support.wait import eventually

WRITES = 300


def direct(member: Server) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient("127.0.0.1", member.port, directConnection=True, readPreference="secondaryPreferred")


def url_of(*members: Server) -> str:
    return f"mongodb://{','.join(f'127.0.0.1:{it.port}' for it in members)}/maoga?replicaSet={REPLICA_SET}"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # PyMongo leaves them while it connects
async def test_a_standby_takes_over_with_all_that_had_crossed_over() -> None:
    """Two members in the region that is lost, one elsewhere that never becomes primary by itself."""
    with mongod_set([2, 1, 0]) as (first, second, standby):
        database = await open_database(url_of(first, second, standby), SPECS, timeout_s=5, pool_size=5)
        notes = database.collection(NOTES)
        for n in range(WRITES):
            await notes.insert(Note(id=f"{n:04}", text="acknowledged"))

        async with direct(standby) as client:
            stored = client["maoga"]["notes"]

            async def crossed_over() -> bool:
                return await stored.count_documents({}) == WRITES

            await eventually(crossed_over, timeout=20)
            first.kill()
            second.kill()
            with pytest.raises(Unavailable):
                await notes.insert(Note(id="lost"))
            await database.close()

            config = (await client.admin.command("replSetGetConfig"))["config"]
            left = [it for it in config["members"] if it["host"] == f"127.0.0.1:{standby.port}"]
            alone = {**config, "members": [{**left[0], "priority": 1}], "version": config["version"] + 1}
            await client.admin.command("replSetReconfig", alone, force=True)

            async def is_primary() -> bool:
                return bool((await client.admin.command("hello"))["isWritablePrimary"])

            await eventually(is_primary, timeout=30)

        store = open_store(url_of(standby), SPECS, timeout_s=5)
        migrator = Migrator(store, [], SystemClock(), layout=layout_digest(SPECS), worker="standby")
        await migrator.admit(apply=True)
        await store.close()
        again = await open_database(url_of(standby), SPECS, timeout_s=5, pool_size=5)
        assert await again.collection(NOTES).count({}) == WRITES
        await again.collection(NOTES).insert(Note(id="new", text="the game goes on"))
        await again.close()
    gc.collect()
