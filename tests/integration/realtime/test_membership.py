"""Random lives of random clients: each hears every event of its memberships once, in order, whatever happens."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis.asyncio

from domain.core.events import Outgoing
from domain.core.ids import UserId
from tests.integration.realtime.node import News, Node, node
from tests.integration.realtime.reader import Reader, Story
from tests.support.wait import eventually

STREAMS = ("lobby:1", "lobby:2", "lobby:3")
USERS = [f"u{n}" for n in range(8)]
EVENTS = 400


class World:
    """The one writer of the streams. Memberships stand in the documents before their event is published."""

    def __init__(self, nodes: Sequence[Node], chance: random.Random) -> None:
        self.nodes, self.chance, self.story = nodes, chance, Story()
        self.members: dict[str, set[str]] = {stream: set() for stream in STREAMS}
        self.published: list[Outgoing] = []
        self.over = False

    async def write(self, stream: str, join: set[str] | None = None, leave: set[str] | None = None) -> None:
        join, leave = join or set(), leave or set()
        self.members[stream] = (self.members[stream] | join) - leave
        for user in join | leave:
            for one in self.nodes:
                one.namespace.member_of[UserId(user)] = [s for s in STREAMS if user in self.members[s]]
        self.story.add(stream, join, leave)
        teller = self.chance.choice(self.nodes)
        self.published.append(await teller.tell(stream, News(number=0), join=sorted(join), leave=sorted(leave)))

    async def live(self, count: int) -> None:
        for _ in range(count):
            stream = self.chance.choice(STREAMS)
            some = set(self.chance.sample(USERS, self.chance.randrange(1, 4)))
            match self.chance.randrange(3):
                case 0:
                    await self.write(stream, join=some - self.members[stream])
                case 1:
                    await self.write(stream, leave=some & self.members[stream])
                case 2 if self.published:
                    await self.chance.choice(self.nodes).publisher.publish(
                        self.chance.choice(self.published), again=True
                    )
                case 3:
                    await asyncio.sleep(0.01 * self.chance.random())
                case _:
                    await self.write(stream)


async def come_and_go(reader: Reader, world: World, chance: random.Random) -> None:
    """Connects, stays for a while, is cut off, and comes back on any instance; at the end it stays."""
    while True:
        async with reader.connected(chance.choice(world.nodes)):
            if world.over:
                await eventually(lambda: is_complete(reader, world), 10)
                return
            await asyncio.sleep(0.2 * chance.random())
        await asyncio.sleep(0.1 * chance.random())


def is_complete(reader: Reader, world: World) -> bool:
    """Whether the reader stands at the end of all its streams, and follows no other."""
    last = {stream: len(world.story.events[stream]) for stream in STREAMS if reader.user in world.members[stream]}
    return last == {s: place["seq"] for s, place in reader.places.items() if s in STREAMS}


async def play(nodes: Sequence[Node], seed: int, *disturbances: Any) -> list[Reader]:
    """Lets everybody live until the last event; the readers, who have heard it."""
    world = World(nodes, random.Random(seed))
    for stream in STREAMS:
        await world.write(stream, join=set(USERS[:4]))
    readers = [Reader(user, world.story) for user in USERS]
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for n, reader in enumerate(readers):
            tasks.create_task(come_and_go(reader, world, random.Random(seed * 100 + n)))
        disturbing = [tasks.create_task(disturb(world)) for disturb in disturbances]
        await world.live(EVENTS)
        for task in disturbing:
            task.cancel()
        world.over = True
    return readers


def check(readers: Sequence[Reader]) -> None:
    """Nobody missed anything, and the story was no idle one."""
    assert [gap for reader in readers for gap in reader.gaps] == []
    assert sum(reader.recovered for reader in readers) > 5
    assert sum(len(seqs) for reader in readers for seqs in reader.heard.values()) > EVENTS
    for reader in readers:
        for seqs in reader.heard.values():
            assert seqs == sorted(set(seqs))


@pytest.mark.parametrize("seed", range(3))
async def test_in_one_process(seed: int) -> None:
    """With the streams in the process itself; what nobody follows is forgotten quickly."""
    async with node(linger_s=0.05) as one:
        check(await play([one], seed))


@pytest.mark.parametrize("seed", range(3))
async def test_on_two_instances(redis_url: str, seed: int) -> None:
    """Clients resume on either, wherever they were before."""
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(node(redis_url, instance=f"i{n}", linger_s=0.05)) for n in range(2)]
        check(await play(nodes, seed))


@pytest.mark.parametrize("seed", range(2))
async def test_with_subscriptions_that_are_cut(redis_url: str, seed: int) -> None:
    """Every now and then Redis drops the subscriptions: what they miss is read from the logs."""
    cuts = 0

    async def cut(world: World) -> None:
        nonlocal cuts
        while True:
            cuts += int(await admin.client_kill_filter(_type="pubsub"))
            await asyncio.sleep(0.1 + 0.2 * world.chance.random())

    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(redis.asyncio.Redis.from_url(redis_url))
        nodes = [await stack.enter_async_context(node(redis_url, instance=f"i{n}")) for n in range(2)]
        check(await play(nodes, seed, cut))
    assert cuts > 0
