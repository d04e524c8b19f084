"""Instances that serve images, embedded and on real servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.chat.gallery import Gallery, galleries
from tests.integration.matchmaking.conftest import clock, core, open_core
from tests.support.clock import ManualClock
from tests.support.cores import a_core

__all__ = ["clock", "core", "gallery", "open_core", "two"]

Two = tuple[Gallery, Gallery]


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    """An instance on embedded storage."""
    clock = ManualClock(datetime.now(UTC))  # the databases have clocks of their own
    async with a_core(tmp_path, clock, rate_limit_scale=100) as core, galleries([core], clock) as found:
        yield found[0]


@pytest.fixture
async def two(tmp_path: Path, mongodb_url: str, redis_url: str) -> AsyncIterator[Two]:
    """Two instances that share MongoDB, Redis and the folder of the images."""
    shared: dict[str, Any] = {
        "database_url": mongodb_url,
        "redis_url": redis_url,
        "secret_key": "instances-that-share-their-data-share-their-key",
        "media_dir": tmp_path / "images",
    }
    clock = ManualClock(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        opened = [a_core(tmp_path / name, clock, instance=name, **shared) for name in ("a", "b")]
        cores = [await stack.enter_async_context(core) for core in opened]
        first, second = await stack.enter_async_context(galleries(cores, clock))
        yield first, second
