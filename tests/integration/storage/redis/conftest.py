"""Every structure is tested on a real Redis, on a Redis Cluster and on the embedded one."""

from collections.abc import AsyncIterator

import pytest

from storage.redis.client import Client
from storage.redis.factory import open_redis


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
