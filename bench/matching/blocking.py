"""How long a tick over a large pool keeps the event loop from anything else, in a process that is gateway and worker.

python -m bench.matching.blocking [tickets] [redis url]
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

import orjson

from domain.games.model import Mode, Teams
from domain.matchmaking.pool import TicketPool
from maoga.pairing_process import PairingProcess
from maoga.server import GC_THRESHOLDS
from storage.memory.tickets import MemoryTicketPool
from storage.redis.factory import open_redis
from storage.redis.tickets import RedisTicketPool
from tests.support.builders import a_pool_entry
from tests.support.ticks import World

FIVES = Mode(mode="casual", teams=Teams(count=2, size=5))


@dataclass
class Turns:
    """Turns of the loop, in ms of its thread's CPU time: other processes on the machine do not count."""

    longest: list[float] = field(default_factory=list)

    def over(self, ms: float) -> int:
        """How many turns were longer."""
        return sum(turn > ms for turn in self.longest)


@asynccontextmanager
async def watched() -> AsyncIterator[Turns]:
    """Measures every turn of the loop while the block runs."""
    turns = Turns()

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            turns.longest.append((time.thread_time() - before) * 1000)

    watching = asyncio.create_task(watch())
    try:
        yield turns
    finally:
        watching.cancel()


@dataclass(frozen=True)
class Blocking:
    """tickets: in the pool. cold_s, steady_s: how long the ticks took. longest_ms: the longest turn meanwhile."""

    tickets: int
    cold_s: float
    cold_longest_ms: float
    steady_s: float
    steady_longest_ms: float
    turns_over_20_ms: int
    matches: int


@asynccontextmanager
async def opened(redis_url: str) -> AsyncIterator[TicketPool]:
    """The pool that a server with this `MAOGA_REDIS_URL` has."""
    if redis_url == "memory://":
        yield MemoryTicketPool()
        return
    async with open_redis(redis_url, timeout_s=30) as redis:
        yield RedisTicketPool(redis)


async def blocking(tickets: int, redis_url: str = "memory://") -> Blocking:
    """One cold tick, which loads the pool, and one over what has changed since."""
    pairing = PairingProcess()
    async with opened(redis_url) as pool:
        world = World(FIVES, pool=pool, open_large=pairing.open)
        now = world.clock.now()
        for start in range(0, tickets, 100):
            await world.pool.add(
                *(a_pool_entry(rating=1000 + (start + n) * 7919 % 1000, queued_at=now) for n in range(100))
            )
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)  # as the server does
        figures: list[tuple[float, Turns]] = []
        for _ in range(2):
            async with watched() as turns:
                start_s = time.perf_counter()
                await world.tick.run()
                figures.append((time.perf_counter() - start_s, turns))
            await world.pool.add(*(a_pool_entry(queued_at=now) for _ in range(tickets // 10)))
        if world.reported:
            raise world.reported[0]
    await pairing.close()
    (cold_s, cold), (steady_s, steady) = figures
    return Blocking(
        tickets=tickets,
        cold_s=round(cold_s, 2),
        cold_longest_ms=round(max(cold.longest), 1),
        steady_s=round(steady_s, 2),
        steady_longest_ms=round(max(steady.longest), 1),
        turns_over_20_ms=cold.over(20) + steady.over(20),
        matches=len(world.proposed),
    )


if __name__ == "__main__":
    wanted, url = (*sys.argv[1:], *("10000", "memory://")[len(sys.argv) - 1 :])
    print(orjson.dumps(asdict(asyncio.run(blocking(int(wanted), url))), option=orjson.OPT_INDENT_2).decode())
