"""Two instances with their storage, and what can happen to them. Each fault returns when its cause is over."""

import asyncio
import resource
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from pymongo import MongoClient

from maoga.settings import Settings
from tests.faults.talkers import Talker
from tests.integration.realtime.wire import CONNECT, wire
from tests.support.cores import test_settings as settings_in
from tests.support.pipe import Pipe, pipe
from tests.support.server import MaogaServer, maoga_server
from tests.support.services import REPLICA_SET, Server, mongod, mongod_set, redis_server
from tests.support.tcp import port_of

LASTS_S = 10.0
SLOW_S = 0.4
"""By which every answer of a database with a slow disk is late."""

FILES = 120

FLOOD = 150
MOST_CHARACTERS = 2000
"""Of a message: 6 KB each, some 7 MB in all, of which the kernels keep 4."""


@dataclass
class World:
    """instances: their way to MongoDB is a pipe, and so is the first one's to Redis. settings: to look past these.

    talkers: the people of the group there. token: of one of them.
    """

    documents: Server
    cache: Server
    to_redis: Pipe
    to_mongodb: Pipe
    instances: list[MaogaServer]
    settings: Settings
    talkers: list[Talker] = field(default_factory=list)
    token: str = ""

    def port_of(self, instance: MaogaServer) -> int:
        """Where players reach it."""
        return port_of(instance.url)

    async def stop(self) -> None:
        """Ends the instances that live in an orderly way, while the pipes still lead somewhere."""
        for instance in [one for one in self.instances if one.process.poll() is None]:
            assert await asyncio.to_thread(instance.stop) == 0, instance.log()[-3000:]


@asynccontextmanager
async def a_world(folder: Path, *, replicated: bool) -> AsyncIterator[World]:
    """A world of two instances. replicated: MongoDB has three members, which the instances reach without pipes."""
    with ExitStack() as stack:
        cache = stack.enter_context(redis_server())
        if replicated:
            members = stack.enter_context(mongod_set([1, 1, 1]))
            documents = members[0]
            hosts = ",".join(f"127.0.0.1:{member.port}" for member in members)
            database_url = f"mongodb://{hosts}/maoga?replicaSet={REPLICA_SET}"
        else:
            documents = stack.enter_context(mongod())
            database_url = documents.url.replace("/?", "/maoga?")
        async with AsyncExitStack() as pipes:
            to_redis = await pipes.enter_async_context(pipe(cache.port))
            to_mongodb = await pipes.enter_async_context(pipe(documents.port))
            through = f"mongodb://127.0.0.1:{to_mongodb.port}/maoga?directConnection=true"
            shared = {
                "MAOGA_SECRET_KEY": "instances-that-share-their-data-share-their-key",
                "MAOGA_RATE_LIMIT_SCALE": "0",
            }
            shared["MAOGA_DATABASE_URL"] = database_url if replicated else through
            first = {
                "MAOGA_REDIS_URL": f"redis://127.0.0.1:{to_redis.port}/",
                "PROGRAM": "tests.faults.stepping_clock",
            }
            started = [
                await asyncio.to_thread(stack.enter_context, maoga_server(**shared, **first)),
                await asyncio.to_thread(stack.enter_context, maoga_server(**shared, MAOGA_REDIS_URL=cache.url)),
            ]
            settings = settings_in(folder, database_url=database_url, redis_url=cache.url)
            yield World(documents, cache, to_redis, to_mongodb, started, settings)


async def instance_killed(world: World) -> None:
    """`kill -9` of one instance, gateway and worker in one. The kill rounds start them again, too."""
    world.instances[0].kill()


async def redis_restarts(world: World) -> None:
    """`kill -9` of Redis, which comes back with its data."""
    world.cache.kill()
    await asyncio.to_thread(world.cache.restart)


async def redis_freezes(world: World) -> None:
    """Redis stands still: connections stay open and nothing answers."""
    world.cache.pause()
    await asyncio.sleep(LASTS_S)
    world.cache.resume()


async def redis_forgets(world: World) -> None:
    """Redis dies and comes back with nothing."""
    world.cache.kill()
    await asyncio.to_thread(world.cache.restart)
    with redis.Redis.from_url(world.cache.url) as client:
        client.flushall()


async def mongodb_stops(world: World) -> None:
    """MongoDB is stopped, and started again."""
    await asyncio.to_thread(world.documents.stop)
    await asyncio.sleep(LASTS_S)
    await asyncio.to_thread(world.documents.restart)


async def primary_steps_down(world: World) -> None:
    """Another member of the replica set has to be elected."""
    await asyncio.to_thread(_step_down, world.documents.port)


def _step_down(port: int) -> None:
    client: MongoClient[dict[str, Any]]
    with MongoClient("127.0.0.1", port, directConnection=True) as client:
        client.admin.command("replSetStepDown", 60)


async def partition_from_redis(world: World) -> None:
    """Nothing comes through between one instance and Redis."""
    world.to_redis.block()
    await asyncio.sleep(LASTS_S)
    world.to_redis.unblock()


async def slow_disk(world: World) -> None:
    """Every answer of MongoDB is late."""
    world.to_mongodb.delay_s = SLOW_S
    await asyncio.sleep(LASTS_S)
    world.to_mongodb.delay_s = 0


async def clock_steps_ahead(world: World) -> None:
    """The clock of one instance's machine goes five minutes fast, until it is set right."""
    await _step_clock(world, signal.SIGUSR1)


async def clock_steps_back(world: World) -> None:
    """The clock of one instance's machine goes five minutes slow, until it is set right."""
    await _step_clock(world, signal.SIGUSR2)


async def _step_clock(world: World, step: signal.Signals) -> None:
    process = world.instances[0].process
    process.send_signal(step)
    await asyncio.sleep(LASTS_S)
    process.send_signal(signal.SIGHUP)


async def out_of_files(world: World) -> None:
    """One instance may open no more files: strangers have taken them all."""
    first = world.instances[0]
    before = resource.prlimit(first.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(first.process.pid, resource.RLIMIT_NOFILE, (FILES, before[1]))
    with ExitStack() as strangers:
        for _ in range(2 * FILES):
            stranger = socket.create_connection(("127.0.0.1", world.port_of(first)), timeout=5)
            strangers.enter_context(closing(stranger))
        await asyncio.sleep(LASTS_S)
    resource.prlimit(first.process.pid, resource.RLIMIT_NOFILE, before)


async def full_outbox(world: World) -> None:
    """Somebody's second device takes nothing off the wire, and is sent more than the server keeps for it."""
    async with wire(world.instances[0].url) as deaf:
        answer = await deaf.connect("/chat", {"token": world.token})
        assert answer.kind == CONNECT, answer
        transport = deaf.stop_reading()
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        await asyncio.gather(*(_flood(talker) for talker in world.talkers))
        transport.resume_reading()
        assert await deaf.closed(), "the server kept a client that does not read"


async def _flood(talker: Talker) -> None:
    for number in range(FLOOD):
        await talker.say(f"flood-{talker.number}-{number}", "\N{EURO SIGN}" * MOST_CHARACTERS)


ALL = [
    instance_killed,
    redis_restarts,
    redis_freezes,
    redis_forgets,
    mongodb_stops,
    primary_steps_down,
    partition_from_redis,
    slow_disk,
    clock_steps_ahead,
    clock_steps_back,
    out_of_files,
    full_outbox,
]
