"""Streams over a Redis whose masters are replaced, and over a cluster whose slots move."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from redis.crc import key_slot

from storage.redis.factory import open_redis
from storage.redis.streams import RedisStreams
from tests.integration.storage.streams import Heard, replay, running
from tests.support.redis_sets import Cluster, admin, ask, redis_cluster, redis_sentinel
from tests.support.services import Server
from tests.support.wait import eventually

STREAMS = [f"lobby:{number}" for number in range(12)]


@asynccontextmanager
async def an_instance(url: str) -> AsyncIterator[RedisStreams]:
    async with open_redis(url, timeout_s=15) as redis, RedisStreams(redis, size=100, age_s=600) as instance:
        yield instance


async def told_once_more(streams: RedisStreams, heard: Heard, name: str) -> None:
    """Every stream takes a packet and its follower hears it."""
    for stream in STREAMS:
        await streams.append(stream, f"{stream} {name}".encode(), id=name)
    await eventually(lambda: {f"{stream} {name}".encode() for stream in STREAMS} <= {*heard.packets}, 15)


@pytest.mark.parametrize("fail", [Server.kill, pytest.param(Server.pause, marks=pytest.mark.long)])
async def test_streams_go_on_when_a_master_of_the_cluster_is_replaced(fail: Callable[[Server], None]) -> None:
    """No position is given twice, and what was said before can be read from the replica."""
    with redis_cluster(with_replicas=True) as cluster:
        async with an_instance(cluster.url) as streams, running(streams, *STREAMS) as heard:
            starts = await streams.positions(STREAMS)
            await told_once_more(streams, heard, "before")
            for master in cluster.masters:
                with admin(master) as client:
                    client.wait(1, 5000)
            fail(cluster.masters[0])
            await streams.append(STREAMS[0], b"through", id="through")
            await eventually(lambda: "resumed" in heard.told, 20)
            await told_once_more(streams, heard, "after")
            for stream in STREAMS[1:]:
                found = await replay(streams, stream, starts[stream])
                assert found == [f"{stream} before".encode(), f"{stream} after".encode()]


async def test_streams_go_on_when_sentinels_replace_the_master() -> None:
    with redis_sentinel() as sentinels:
        async with an_instance(sentinels.url) as streams, running(streams, *STREAMS) as heard:
            await told_once_more(streams, heard, "before")
            sentinels.master.kill()
            await streams.append(STREAMS[0], b"through", id="through")
            await eventually(lambda: "resumed" in heard.told, 20)
            await told_once_more(streams, heard, "after")


async def test_a_follower_goes_along_when_a_slot_moves(shared_cluster: Cluster, cluster_url: str) -> None:
    """The subscription that the old node ends is made anew at the new one."""
    stream = "lobby:moving"
    slot = key_slot(stream.encode())
    async with an_instance(cluster_url) as streams, running(streams, stream) as heard:
        old = slot // (16_384 // 3 + 1)
        move(shared_cluster, slot, (old + 1) % 3)
        try:
            await eventually(lambda: "resumed" in heard.told)
            await streams.append(stream, b"told", id="1")
            await heard.until(b"told")
        finally:
            with admin(shared_cluster.masters[(old + 1) % 3]) as client:
                client.flushall()
            move(shared_cluster, slot, old)


def move(cluster: Cluster, slot: int, new: int) -> None:
    """Gives a slot without keys to another master."""
    with admin(cluster.masters[new]) as target:
        owner = ask(target, "CLUSTER MYID")
    for master in cluster.masters:
        with admin(master) as client:
            ask(client, "CLUSTER SETSLOT", slot, "NODE", owner)
