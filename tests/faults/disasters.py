"""What goes wrong around the instances, at random but by a seed."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import redis

from tests.faults.listener import Listener
from tests.support.server import MaogaServer
from tests.support.services import Server

STARTS = 5


class Disasters:
    """Faults of two instances, their Redis and the lines to them. One at a time for each process; counted by kind."""

    def __init__(
        self, instances: Sequence[MaogaServer], cache: Server, listeners: Sequence[Listener], chance: random.Random
    ) -> None:
        self._instances, self._cache, self._listeners, self._chance = instances, cache, listeners, chance
        self._turns: dict[object, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.counts: Counter[str] = Counter()

    async def strike(self, faults: int, seconds: float) -> None:
        """So many kills, restarts and pauses within that time, and half as many lesser troubles of each kind."""
        great = (self._kill_instance, self._kill_instance, self._pause_redis, self._restart_redis)
        kinds = [great[number % len(great)] for number in range(faults)]
        kinds += [self._kill_subscriptions, self._cut_lines] * (faults // 2)
        self._chance.shuffle(kinds)
        async with asyncio.TaskGroup() as tasks:
            for kind in kinds:
                tasks.create_task(self._later(self._chance.uniform(0, seconds), kind))

    async def _later(self, after_s: float, kind: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(after_s)
        await kind()
        self.counts[kind.__name__.strip("_").replace("_", " ")] += 1

    async def _kill_instance(self) -> None:
        instance = self._chance.choice(self._instances)
        async with self._turns[instance]:
            instance.kill()
            assert "Traceback" not in instance.log(), instance.log()
            await asyncio.sleep(self._chance.uniform(0, 1.5))
            await self._start(instance)

    async def _start(self, instance: MaogaServer) -> None:
        """As a supervisor does: again, when it could not start because Redis was away."""
        for _ in range(STARTS):
            with suppress(AssertionError):
                await asyncio.to_thread(instance.start)
                return
            instance.kill()
            self.counts["starts in vain"] += 1
        raise AssertionError(f"the instance cannot start:\n{instance.log()}")

    async def _pause_redis(self) -> None:
        async with self._turns[self._cache]:
            self._cache.pause()
            await asyncio.sleep(self._chance.uniform(0.5, 2))
            self._cache.resume()

    async def _restart_redis(self) -> None:
        async with self._turns[self._cache]:
            self._cache.kill()
            await asyncio.sleep(self._chance.uniform(0, 1))
            await asyncio.to_thread(self._cache.restart)

    async def _kill_subscriptions(self) -> None:
        async with self._turns[self._cache]:
            with redis.Redis.from_url(self._cache.url, socket_timeout=5) as client:
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    async def _cut_lines(self) -> None:
        for listener in self._chance.sample(self._listeners, len(self._listeners) // 10):
            listener.cut()
