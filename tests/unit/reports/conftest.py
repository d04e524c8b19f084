from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core


@pytest.fixture
def clock() -> ManualClock:
    """The time of the test."""
    return ManualClock()


@pytest.fixture
async def core(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core on the embedded default."""
    async with a_core(tmp_path, clock) as opened:
        yield opened
