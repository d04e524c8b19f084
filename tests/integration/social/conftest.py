"""A core on the embedded default, for rules; on that and on real servers where the databases decide."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maoga.bootstrap import Core
from tests.integration.matchmaking.conftest import OpenCore, clock, open_core
from tests.support.clock import ManualClock
from tests.support.cores import a_core

__all__ = ["clock", "open_core"]


@pytest.fixture
async def core(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core on the embedded default."""
    async with a_core(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def any_core(open_core: OpenCore) -> AsyncIterator[Core]:
    """A core on the embedded default, and one on real servers."""
    async with open_core() as opened:
        yield opened
