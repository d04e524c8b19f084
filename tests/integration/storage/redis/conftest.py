"""Every structure is tested on a real Redis and on the embedded one."""

from collections.abc import AsyncIterator

import pytest

from storage.redis.client import Client, open_redis


@pytest.fixture(params=["redis", "memory"])
def url(request: pytest.FixtureRequest) -> str:
    """Where an empty Redis is: a server's, or the embedded one."""
    return "memory://" if request.param == "memory" else str(request.getfixturevalue("redis_url"))


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Client]:
    """A client of an empty Redis."""
    client = open_redis(url, timeout_s=5)
    yield client
    await client.aclose()
