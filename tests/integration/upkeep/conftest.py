"""Databases for work on the whole of them, with the documents of `things`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.upkeep.store import Store, open_store
from tests.integration.storage.things import SPECS


@pytest.fixture(params=["sqlite", "mongodb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/maoga.db"
    return str(request.getfixturevalue("fresh_mongodb_url"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = open_store(url, SPECS, timeout_s=10)
    yield store
    await store.close()
