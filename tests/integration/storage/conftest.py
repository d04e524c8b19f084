"""Both databases, open, with the specs of `things`."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pymongo import MongoClient

from domain.core.collection import Collection, Database
from storage.documents.mongo import MongoDatabase
from storage.documents.sqlite import SqliteDatabase
from tests.integration.storage.things import SPECS, THINGS, Thing
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sockets_collected() -> Iterator[None]:
    """For tests that close a client while it connects: PyMongo leaves that socket to the garbage collector.

    They ignore the warning, and collect here, so that no later test is blamed.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session")
def shared_mongodb_url(mongod_url: str) -> Iterator[str]:
    """A database whose indexes are made once for all tests of this worker."""
    name = f"maoga_test_{uuid4().hex}"
    yield urlsplit(mongod_url)._replace(path=f"/{name}").geturl()
    client: MongoClient[dict[str, object]]
    with MongoClient(mongod_url) as client:
        client.drop_database(name)


@pytest.fixture
def wiped_mongodb_url(shared_mongodb_url: str) -> str:
    """That database, without documents."""
    client: MongoClient[dict[str, object]]
    with MongoClient(shared_mongodb_url) as client:
        for spec in SPECS:
            client.get_default_database()[spec.name].delete_many({})
    return shared_mongodb_url


@pytest.fixture(params=["sqlite", "mongodb"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[SqliteDatabase | MongoDatabase]:
    """An empty database, once of each kind."""
    database: SqliteDatabase | MongoDatabase
    if request.param == "sqlite":
        database = SqliteDatabase(tmp_path / "maoga.db", SPECS, clock=clock)
    else:
        url = request.getfixturevalue("wiped_mongodb_url")
        database = MongoDatabase(url, SPECS, timeout_s=10, pool_size=20, clock=clock)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def things(database: Database) -> Collection[Thing]:
    return database.collection(THINGS)
