"""Who migrates when a server starts: in production a rollout, elsewhere the server."""

import asyncio
from pathlib import Path

import pytest

from domain.core.clock import SystemClock
from maoga.bootstrap import open_core
from maoga.core import SPECS
from storage.documents.shapes import layout_digest
from storage.upkeep.migrations import Data, Migration, Migrator
from storage.upkeep.store import open_store
from tests.support.cores import a_core, test_settings

SECRET = "k7Qz-2hV9xLm4Tn0RbYc8WsJd5GfPa1E"


async def praise(data: Data) -> None:
    await data.rewrite("games", lambda game: {**game, "summary": "A fine game."})


PRAISE = Migration(1, "praise", "Games are praised.", False, praise, None)


@pytest.mark.parametrize("environment", ["test", "production"])
async def test_a_release_with_a_migration_starts(
    tmp_path: Path, fresh_mongodb_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    async with a_core(tmp_path, database_url=fresh_mongodb_url, redis_url=redis_url):
        pass
    monkeypatch.setattr("maoga.migrate.discover", lambda: [PRAISE])
    settings = test_settings(
        tmp_path,
        **{"environment": environment, "database_url": fresh_mongodb_url, "redis_url": redis_url, "secret_key": SECRET},
        **{"bcrypt_cost": 10, "instance": "server"},
    )

    async def start() -> None:
        async with open_core(settings):
            pass

    store = open_store(fresh_mongodb_url, SPECS, timeout_s=10)
    rollout = Migrator(store, [PRAISE], SystemClock(), layout=layout_digest(SPECS), worker="rollout")
    starting = asyncio.create_task(start())
    if environment == "production":
        await asyncio.wait([starting], timeout=1)
        assert not starting.done()
        await rollout.up()
    await starting
    notes = await store.notes()
    assert notes["migration:0001"]["by"] == ("rollout" if environment == "production" else "server")
    async with store.snapshot() as snapshot:
        games = [game async for batch in snapshot.documents("games") for game in batch]
    assert {game["summary"] for game in games} == {"A fine game."}
    await store.close()
