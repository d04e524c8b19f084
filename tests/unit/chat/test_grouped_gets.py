"""Reads that share a question are answered as if each had asked alone, and never with what was read before."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from domain.chat.model import CHANNELS, Channel
from domain.core.errors import Unavailable
from domain.core.grouped import GroupedGets
from domain.core.ids import UserId
from maoga.bootstrap import Core
from tests.support.builders import NOON


def a_channel(id: str) -> Channel:
    return Channel(id=id, kind="group", member_ids=(UserId("ann"),), created_at=NOON)


async def test_each_gets_what_it_asked_for(core: Core) -> None:
    channels = core.database.collection(CHANNELS)
    stored = [a_channel(f"c{n}") for n in range(20)]
    await channels.insert_many(stored)
    gets = GroupedGets(channels)
    found = await asyncio.gather(*(gets.get(f"c{n}") for n in (*range(20), 3, 99)))
    assert found == [*stored, stored[3], None]


async def test_a_read_under_way_answers_nobody_who_asks_after_it_began(core: Core) -> None:
    """The second asks after a write that the first read has not seen."""
    channels = core.database.collection(CHANNELS)
    await channels.insert(a_channel("c1"))
    reading, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def get_many(self, ids: Sequence[str]) -> dict[str, Channel]:
            found = await channels.get_many(ids)
            reading.set()
            await go_on.wait()
            return found

    gets: GroupedGets[Channel] = GroupedGets(Slow())  # type: ignore[arg-type]
    before = asyncio.create_task(gets.get("c1"))
    await reading.wait()
    await channels.update("c1", {"$set": {"name": "new"}})
    after = asyncio.create_task(gets.get("c1"))
    await asyncio.sleep(0)
    go_on.set()
    assert [one and one.name for one in (await before, await after)] == [None, "new"]


async def test_a_failure_reaches_all_who_share_it_and_no_later_one(core: Core) -> None:
    channels = core.database.collection(CHANNELS)
    await channels.insert(a_channel("c1"))
    failures = [Unavailable()]

    class Failing:
        async def get_many(self, ids: Sequence[str]) -> dict[str, Channel]:
            if failures:
                raise failures.pop()
            return await channels.get_many(ids)

    gets: GroupedGets[Any] = GroupedGets(Failing())  # type: ignore[arg-type]
    asked = await asyncio.gather(*(gets.get(id) for id in ("c1", "c2", "c1")), return_exceptions=True)
    assert [type(one) for one in asked] == [Unavailable] * 3
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):  # one who gives up takes nothing from the others
            await gets.get("c1")
    assert await gets.get("c1") == a_channel("c1")
