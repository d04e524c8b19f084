"""Every structure is tested on a real Redis, on a Redis Cluster and on the embedded one."""

from collections.abc import AsyncIterator, Iterator

import pytest

from storage.redis.client import Client
from storage.redis.factory import open_redis
from tests.support.redis_sets import Cluster, redis_cluster


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[Cluster]:
    """Three masters for this worker."""
    with redis_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster_url(shared_cluster: Cluster) -> str:
    """The URL of a cluster that holds nothing."""
    shared_cluster.flush()
    return shared_cluster.url


@pytest.fixture(params=["redis", "cluster", "memory"])
def url(request: pytest.FixtureRequest) -> str:
    """Where an empty Redis is: a server's, a cluster's, or the embedded one."""
    return "memory://" if request.param == "memory" else str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Client]:
    """A client of an empty Redis."""
    client = open_redis(url, timeout_s=5)
    yield client
    await client.aclose()
