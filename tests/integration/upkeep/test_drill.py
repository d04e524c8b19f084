"""The restore drill: a busy MongoDB is backed up, becomes a SQLite file and a MongoDB again, and nothing differs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import AsyncMongoClient

from domain.core.clock import SystemClock
from domain.core.collection import Database, Update
from domain.core.ids import UserId
from domain.flags.model import FLAGS, Flag
from domain.users.model import USERS
from maoga.bootstrap import Core
from maoga.core import SPECS
from storage.upkeep.store import open_store
from tests.integration.privacy.life import a_life
from tests.integration.upkeep.archives import KEY, TIMEOUT_S, everything, folder, put_back, take
from tests.support.cores import a_core
from tests.support.services import mongod
from tests.support.wait import eventually

Stored = dict[str, Any]


@pytest.fixture
async def core(tmp_path: Path, fresh_mongodb_url: str, redis_url: str) -> AsyncIterator[Core]:
    async with a_core(tmp_path, SystemClock(), database_url=fresh_mongodb_url, redis_url=redis_url) as core:
        yield core


class Bookkeeping:
    """Commits that always change two documents alike, one of them in a collection that is read early: a copy in which
    they differ is of no one moment."""

    def __init__(self, database: Database, user: UserId) -> None:
        self._database, self._user = database, user
        self.commits = 0

    async def run(self) -> None:
        flag = Flag(id="busy", message="0", at=SystemClock().now())
        await self._database.collection(FLAGS).insert(flag)
        while True:
            name = str(self.commits + 1)
            user = Update(USERS, self._user, {"$set": {"display_name": name}})
            await self._database.commit(Update(FLAGS, flag.id, {"$set": {"message": name}}), user)
            self.commits += 1


async def test_nothing_is_lost_or_altered_on_the_way(core: Core, tmp_path: Path, fresh_mongodb_url: str) -> None:
    life = await a_life(core)
    books = Bookkeeping(core.database, life.eve)
    writing = asyncio.create_task(books.run())
    await eventually(lambda: books.commits > 2)
    shelf, since = folder(tmp_path), books.commits
    manifest = await take(fresh_mongodb_url, shelf, SPECS, secret=KEY)
    await eventually(lambda: books.commits > since + 2)
    writing.cancel()
    await asyncio.wait([writing])

    filled = {name for name in manifest.collections if manifest.count(name)}
    assert {spec.name for spec in SPECS} - filled <= {"api_keys"}

    sqlite = f"sqlite:///{tmp_path}/drill.db"
    await put_back(sqlite, shelf, manifest.id, SPECS, secret=KEY)
    again = await take(sqlite, shelf, SPECS)
    with mongod() as fresh:
        await put_back(fresh.url, shelf, again.id, SPECS)
        found, first = await raw(fresh.url), await raw(fresh_mongodb_url)
        assert found["layout"] == first["layout"]

        eve, flag = (found["documents"][spec.name].pop(id) for spec, id in ((USERS, life.eve), (FLAGS, "busy")))
        assert bson.decode(eve)["display_name"] == bson.decode(flag)["message"]
        assert since <= int(bson.decode(flag)["message"]) <= books.commits
        del first["documents"][USERS.name][life.eve], first["documents"][FLAGS.name]["busy"]
        assert found["documents"] == first["documents"], "byte for byte"

        # A server works on it, with the account that was there.
        async with a_core(tmp_path / "x", SystemClock(), database_url=fresh.url, redis_url=redis_of(core)) as other:
            user = await other.database.collection(USERS).find_one({"username_key": "adalheid"})
            assert user
            assert user.display_name == "Zyx Wvuts"

    store = open_store(sqlite, SPECS, timeout_s=TIMEOUT_S)
    counts = {name: len(documents) for name, documents in (await everything(store, SPECS)).items()}
    assert counts == {name: manifest.count(name) for name in manifest.collections}


def redis_of(core: Core) -> str:
    return core.settings.redis_url.get_secret_value()


async def raw(url: str) -> dict[str, Any]:
    """The documents as MongoDB has them, in bytes, and what it knows of the collections: indexes and validators."""
    async with AsyncMongoClient[Any](url, document_class=bson.raw_bson.RawBSONDocument) as client:
        database = client.get_default_database("maoga")
        documents = {spec.name: {it["_id"]: it.raw async for it in database[spec.name].find({})} for spec in SPECS}
    async with AsyncMongoClient[Stored](url) as client:
        database = client.get_default_database("maoga")
        layout = {}
        for spec in SPECS:
            collection = database[spec.name]
            layout[spec.name] = (await collection.index_information(), await collection.options())
    return {"documents": documents, "layout": layout}
