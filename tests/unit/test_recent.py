"""What was read a moment ago: how long it counts, who shares it, what drops it."""

import asyncio

import pytest

from domain.core.errors import Unavailable
from domain.core.recent import Recent
from tests.support.wait import eventually


class Source:
    """What is read. A reading ends when `open` is set. now: the clock, in seconds."""

    def __init__(self) -> None:
        self.value, self.readings, self.now = "old", 0, 0.0
        self.failure: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def read(self) -> str:
        self.readings += 1
        value = self.value
        await self.open.wait()
        if self.failure:
            raise self.failure
        return value

    async def asked(self, times: int) -> None:
        """Returns when so many readings have begun."""
        await eventually(lambda: self.readings >= times)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def recent(source: Source) -> Recent[str, str]:
    return Recent(lambda: source.now, kept_s=1, size=3)


async def test_a_reading_counts_for_its_time(source: Source, recent: Recent[str, str]) -> None:
    assert await recent.get("a", source.read) == "old"
    source.value, source.now = "new", 0.99
    assert await recent.get("a", source.read) == "old"
    source.now = 1
    assert await recent.get("a", source.read) == "new"


async def test_its_time_runs_from_its_beginning(source: Source, recent: Recent[str, str]) -> None:
    """Who asks while a slow one is under way is not answered with what is too old by then."""
    source.open.clear()
    first = asyncio.create_task(recent.get("a", source.read))
    await source.asked(1)
    source.value, source.now = "new", 1
    second = asyncio.create_task(recent.get("a", source.read))
    await source.asked(2)
    source.open.set()
    assert [await first, await second] == ["old", "new"]


async def test_of_many_who_ask_at_once_one_reads(source: Source, recent: Recent[str, str]) -> None:
    assert await asyncio.gather(*(recent.get("a", source.read) for _ in range(32))) == ["old"] * 32
    assert source.readings == 1
    await recent.get("b", source.read)
    assert source.readings == 2


async def test_who_stops_waiting_stops_nobody_else(source: Source, recent: Recent[str, str]) -> None:
    source.open.clear()
    first, second = (asyncio.create_task(recent.get("a", source.read)) for _ in range(2))
    await source.asked(1)
    first.cancel()
    source.open.set()
    assert await second == "old"


@pytest.mark.parametrize("by_key", [True, False])
async def test_what_is_forgotten_is_read_anew(source: Source, recent: Recent[str, str], by_key: bool) -> None:
    """Also what is under way: it may have been read before the change."""
    source.open.clear()
    first = asyncio.create_task(recent.get("a", source.read))
    await source.asked(1)
    source.value = "new"
    if by_key:
        recent.forget_one("a")
    else:
        recent.forget(lambda key: key == "a")
    second = asyncio.create_task(recent.get("a", source.read))
    await source.asked(2)
    source.open.set()
    assert [await first, await second, await recent.get("a", source.read)] == ["old", "new", "new"]


async def test_a_failure_is_told_to_all_who_waited_and_not_kept(source: Source, recent: Recent[str, str]) -> None:
    source.failure = Unavailable()
    answers = await asyncio.gather(*(recent.get("a", source.read) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    source.failure = None
    assert await recent.get("a", source.read) == "old"
    assert source.readings == 2


async def test_the_readings_kept_are_bounded(source: Source, recent: Recent[str, str]) -> None:
    """Those that began first go first."""
    for key in ("a", "b", "c", "d"):
        await recent.get(key, source.read)
    assert len(recent) == 3
    await recent.get("d", source.read)
    assert source.readings == 4
    await recent.get("a", source.read)
    assert source.readings == 5
