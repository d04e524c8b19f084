"""What is broken for a moment is not told, what stays broken in the same words is; and nothing is read whole for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from domain.core.clock import SystemClock
from maoga.audit.inspection import MOST, Invariant, Wrong, inspect
from maoga.audit.invariants import invariants
from storage.redis.tickets import RedisTicketPool
from tests.integration.audit.planting import Garden
from tests.integration.audit.test_invariants import healthy
from tests.support.cores import a_core


def a_rule(*looks: dict[str, list[str]], gone: Sequence[str] = ()) -> Invariant[str]:
    """A rule that finds this at the first look, that at the second, and from then on what it found last."""
    left = [*looks]

    async def pages() -> AsyncIterator[Sequence[str]]:
        for id in looks[0]:
            yield [id]

    async def again(ids: Sequence[str]) -> Sequence[str]:
        if len(left) > 1:
            left.pop(0)
        return [id for id in ids if id not in gone]

    async def wrong(ids: Sequence[str]) -> Wrong:
        return {id: left[0].get(id, []) for id in ids}

    return Invariant("rule", "Something holds.", pages, again, wrong)


async def test_only_what_is_broken_in_the_same_words_at_every_look_is_told() -> None:
    first = {"stays": ["red", "loud"], "heals": ["red"], "changes": ["1 s late"], "is gone": ["red"], "well": []}
    second = {"stays": ["red"], "changes": ["2 s late"], "is gone": ["red"]}
    (result,) = await inspect([a_rule(first, second, gone=["is gone"])], pause_s=0, patience_s=0.05)
    assert result.wrong == {"stays": ["red"]}
    assert (result.looked_at, result.more) == (5, False)


async def test_what_heals_within_the_patience_is_not_told_and_then_nothing_is_waited_for() -> None:
    broken = {"slow": ["red"]}
    async with asyncio.timeout(60):
        (result,) = await inspect([a_rule(broken, broken, broken, {})], pause_s=0.01, patience_s=3600)
    assert result.wrong == {}


async def test_of_a_rule_that_everything_breaks_so_much_is_followed_and_no_more() -> None:
    (result,) = await inspect([a_rule({str(n): ["red"] for n in range(2 * MOST)})], pause_s=0, patience_s=0)
    assert (len(result.wrong), result.looked_at, result.more) == (MOST, MOST, True)


async def test_mongodb_reads_no_collection_whole_for_it(tmp_path: Path, fresh_mongodb_url: str, redis_url: str) -> None:
    async with a_core(tmp_path, database_url=fresh_mongodb_url, redis_url=redis_url) as core:
        await healthy(Garden(core.database, core.pool, "healthy"))
        client: MongoClient[dict[str, Any]]
        with MongoClient(fresh_mongodb_url) as client:
            database: Any = client.get_default_database()
            database.command("profile", 2)
            results = await inspect(
                invariants(core.database, RedisTicketPool(core.redis), SystemClock()), pause_s=0, patience_s=0
            )
            database.command("profile", 0)
            asked = [entry for entry in database["system.profile"].find() if "planSummary" in entry]
    assert len(asked) > len(results)
    assert [entry["command"] for entry in asked if "COLLSCAN" in str(entry["planSummary"])] == []
