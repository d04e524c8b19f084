"""A core on the embedded default and on real servers, with a clock the test moves."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core

OpenCore = Callable[..., AbstractAsyncContextManager[Core]]


@pytest.fixture
def clock() -> ManualClock:
    """The time of the test."""
    return ManualClock()


@pytest.fixture(params=["embedded", "real"])
def open_core(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> OpenCore:
    """Opens cores that share storage; the embedded default has one at a time."""
    urls: dict[str, Any] = {}
    if request.param == "real":
        urls = {
            "database_url": request.getfixturevalue("mongodb_url"),
            "redis_url": request.getfixturevalue("redis_url"),
        }
    return lambda **changes: a_core(tmp_path, clock, **urls, **changes)


@pytest.fixture
async def core(open_core: OpenCore) -> AsyncIterator[Core]:
    """One core."""
    async with open_core() as opened:
        yield opened
