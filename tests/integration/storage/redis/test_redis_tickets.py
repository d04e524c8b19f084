"""What the ticket pool leaves in Redis, and how it bears its loss."""

import asyncio

from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.tickets import LOG, RedisTicketPool
from tests.integration.storage.test_tickets_conformance import CHESS, GO, M1, START, an_entry, ids, waiting
from tests.support.pools import Known, follow
from tests.support.redis_keys import all_keys, wipe

LOGS = {f"{LOG}:chess:ranked", f"{LOG}:go:ranked"}


async def test_tickets_that_are_gone_leave_nothing_but_a_log_for_a_while(redis: Client) -> None:
    """Settled ones, and removed ones; unknown ones among the removed do not matter."""
    pool = RedisTicketPool(redis)
    await pool.add(an_entry("a"), an_entry("b", CHESS, GO))
    await pool.claim(M1, ids("a"), START)
    await pool.settle(M1)
    await pool.remove(ids("nobody", "b"))
    assert await all_keys(redis) == {key.encode() for key in LOGS}
    for key in LOGS:
        assert 0 < await redis.ttl(key) <= 600
    await pool.add(an_entry("a"))
    assert await redis.ttl(f"{LOG}:chess:ranked") == -1


async def test_a_large_pool(redis_url: str) -> None:
    """A pool larger than the stack of Lua (8,000) is read whole, asked about whole, and removed whole."""
    names = [f"t{n:04}" for n in range(8200)]
    async with open_redis(redis_url, timeout_s=10) as redis:
        pool = RedisTicketPool(redis)
        await pool.add(*map(an_entry, names))
        known, position = await follow(pool, CHESS)
        assert sorted(known) == names
        assert await pool.unknown(ids(*names)) == []
        await pool.remove(ids(*names))
        assert await pool.unknown(ids(*names)) == ids(*names)
        assert (await follow(pool, CHESS, known, position))[0] == {}


async def test_what_happens_while_a_pool_is_read_is_in_the_changes_behind_it(redis_url: str) -> None:
    """Tickets leave and come between the pages of a snapshot; none is missed in the end."""
    names = [f"t{n:04}" for n in range(2000)]
    async with open_redis(redis_url, timeout_s=10) as redis:
        pool = RedisTicketPool(redis)
        await pool.add(*map(an_entry, names))
        known: Known = {}
        number = 0
        async for page in pool.snapshot(CHESS):
            known |= {change.ticket_id: change.entry for change in page.changes if change.entry}
            position = page.position
            await pool.remove(ids(*names[number : number + 50]))
            await pool.add(*(an_entry(f"new{number + one}") for one in range(20)))
            number += 50
        known, _ = await follow(pool, CHESS, known, position)
        assert number > 100
        assert sorted(known) == sorted(await waiting(pool))


async def test_a_log_that_was_lost_or_cut_off_says_so(redis: Client) -> None:
    """Whoever stands where the log no longer reaches, or where it never was, has to read the pool anew."""
    pool = RedisTicketPool(redis)
    await pool.add(an_entry("a"), an_entry("b"))
    _, position = await follow(pool, CHESS)
    await pool.remove(ids("a"))
    assert await pool.changes(CHESS, position)
    await redis.xtrim(f"{LOG}:chess:ranked", maxlen=1, approximate=False)
    assert await pool.changes(CHESS, position) is None
    _, position = await follow(pool, CHESS)
    await wipe(redis)
    assert await pool.changes(CHESS, position) is None
    await asyncio.sleep(0.002)  # the ids of a log are made of milliseconds
    await pool.add(an_entry("c"))
    assert await pool.changes(CHESS, position) is None
