"""Fixtures for the real servers. Each test worker starts its own the first time one of its tests asks.

`MAOGA_TEST_MONGODB_URL` (a replica set) and `MAOGA_TEST_REDIS_URL` point the tests at servers of your own instead.
They are WIPED: Redis is flushed before every test, so give them nothing you would miss.
"""

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis
from hypothesis import HealthCheck, settings
from pymongo import MongoClient
from pymongo.database import Database

from tests.support.redis_sets import Cluster, redis_cluster
from tests.support.services import mongod, redis_server

# A busy machine is slow, not wrong.
settings.register_profile("maoga", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("maoga")

DATABASES = 3
"""How many a worker has: a test gets the one that was used before the last two."""

MEMORY, ROOM = Path("/dev/shm"), 4 << 30


def pytest_configure() -> None:
    """Puts temporary files into memory where there is room: no test pulls the plug, and a flush to disk costs 10 ms."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("TMPDIR", str(MEMORY))
        tempfile.tempdir = None  # is chosen anew


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """The developer's own settings reach no test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MAOGA_") and not name.startswith("MAOGA_TEST_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def mongod_url() -> Iterator[str]:
    """A MongoDB replica set for this worker."""
    if url := os.environ.get("MAOGA_TEST_MONGODB_URL"):
        yield url
    else:
        with mongod() as server:
            yield server.url


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """A Redis server for this worker."""
    if url := os.environ.get("MAOGA_TEST_REDIS_URL"):
        yield url
    else:
        with redis_server() as server:
            yield server.url


@pytest.fixture(scope="session")
def databases(mongod_url: str) -> Iterator[deque[str]]:
    """Names of this worker's databases, the one that has been idle longest first."""
    names = deque(f"maoga_test_{uuid4().hex}" for _ in range(DATABASES))
    yield names
    client: MongoClient[dict[str, object]]
    with MongoClient(mongod_url) as client:
        for name in names:
            client.drop_database(name)


@pytest.fixture
def mongodb_url(mongod_url: str, databases: deque[str]) -> str:
    """The URL of a database without documents.

    Its collections may be there, for it takes a second to make them. It had other tests before, the last of them some
    tests ago: what a test has started may end after its fixtures.
    """
    databases.rotate(-1)
    client: MongoClient[dict[str, object]]
    with MongoClient(mongod_url) as client:
        database: Database[dict[str, object]] = client[databases[-1]]
        for name in database.list_collection_names():
            database[name].delete_many({})
    return _named(mongod_url, databases[-1])


@pytest.fixture
def fresh_mongodb_url(mongod_url: str) -> Iterator[str]:
    """The URL of a database that has never been, and is not there afterwards."""
    name = f"maoga_test_{uuid4().hex}"
    yield _named(mongod_url, name)
    client: MongoClient[dict[str, object]]
    with MongoClient(mongod_url) as client:
        client.drop_database(name)


def _named(mongod_url: str, name: str) -> str:
    return urlsplit(mongod_url)._replace(path=f"/{name}").geturl()


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """The URL of a Redis server that holds nothing."""
    with redis.Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[Cluster]:
    """A Redis Cluster of three masters for this worker."""
    with redis_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster_url(shared_cluster: Cluster) -> str:
    """The URL of a Redis Cluster that holds nothing."""
    shared_cluster.flush()
    return shared_cluster.url
