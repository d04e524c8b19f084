"""What only a Redis Cluster does: keys that move, masters that are replaced, nodes that fail alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis as sync_redis
from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import AuthenticationError, MovedError, ResponseError

from domain.core.errors import Unavailable
from storage.redis.client import Client, Script
from storage.redis.factory import open_redis
from tests.support.redis_sets import Cluster, admin, ask, redis_cluster
from tests.support.services import Server
from tests.support.wait import eventually

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster for the tests of this file alone, each of which has keys of its own and leaves it whole."""
    with redis_cluster() as cluster:
        yield cluster


@pytest.fixture
def replicated() -> Iterator[Cluster]:
    """A cluster of this test's own, with a replica for each master, to be mistreated."""
    with redis_cluster(with_replicas=True) as cluster:
        yield cluster


@pytest.fixture
async def redis(cluster: Cluster) -> AsyncIterator[Client]:
    """A client of it that knows the layout."""
    async with open_redis(cluster.url, timeout_s=5) as client:
        await client.ping()
        yield client


def key_of(cluster: Cluster, master: int, name: str) -> str:
    """A key that the master of that number serves at the start."""
    share = 16_384 // len(cluster.masters) + 1
    return next(key for n in range(1000) if key_slot((key := f"{name}-{n}").encode()) // share == master)


def slot_of(key: str) -> int:
    return key_slot(key.encode())


def name(server: Server) -> str:
    return f"127.0.0.1:{server.port}"


def begin_move(cluster: Cluster, slot: int, old: int, new: int) -> None:
    """Opens a slot for moving; keys that the old master no longer has are asked for at the new one."""
    with admin(cluster.masters[old]) as source, admin(cluster.masters[new]) as target:
        ask(target, "CLUSTER SETSLOT", slot, "IMPORTING", ask(source, "CLUSTER MYID"))
        ask(source, "CLUSTER SETSLOT", slot, "MIGRATING", ask(target, "CLUSTER MYID"))


def move(cluster: Cluster, slot: int, new: int) -> None:
    """Gives a slot without keys to another master."""
    with admin(cluster.masters[new]) as target:
        owner = ask(target, "CLUSTER MYID")
    for master in cluster.masters:
        with admin(master) as client:
            ask(client, "CLUSTER SETSLOT", slot, "NODE", owner)


async def test_a_moved_slot_is_followed_at_once(cluster: Cluster, redis: Client) -> None:
    """The call that meets MOVED succeeds, and the layout is learned anew."""
    key = key_of(cluster, 0, "follow")
    assert redis.node_of(key) == name(cluster.masters[0])
    move(cluster, slot_of(key), 1)
    assert await redis.incr(key) == 1
    assert redis.node_of(key) == name(cluster.masters[1])


async def test_a_slot_on_its_way_is_served_where_the_key_is(cluster: Cluster, redis: Client) -> None:
    """A crowd that meets ASK gets its answers from the new master, scripts that it does not know among them."""
    key = key_of(cluster, 0, "ask")
    begin_move(cluster, slot_of(key), 0, 1)
    script = Script(redis, ADD)
    answers = await asyncio.gather(*(redis.incr(key) for _ in range(100)), *(script([key], [1]) for _ in range(100)))
    assert sorted(answers) == list(range(1, 201))
    with admin(cluster.masters[1]) as target:
        ask(target, "ASKING")
        assert target.get(key) == b"200"
    move(cluster, slot_of(key), 1)


async def test_one_frozen_master_holds_up_nobody_elses_keys(cluster: Cluster) -> None:
    """Its keys are unavailable in time, those of the others are served meanwhile, and all of them afterwards."""
    async with open_redis(cluster.url, timeout_s=0.5) as redis:
        await redis.ping()
        frozen, served = key_of(cluster, 0, "frozen"), key_of(cluster, 1, "served")
        cluster.masters[0].pause()
        start = time.monotonic()
        calls = [asyncio.create_task(redis.execute_command("INCR", frozen)) for _ in range(200)]
        while not all(call.done() for call in calls):
            assert await redis.incr(served) > 0
        took = time.monotonic() - start
        cluster.masters[0].resume()
        assert {type(call.exception()) for call in calls} == {Unavailable}
        assert 0.5 <= took < 3
        await eventually(lambda: _answers(redis, frozen), 10)


async def _answers(redis: Client, key: str) -> bool:
    try:
        await redis.get(key)
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize("fail", [Server.kill, Server.pause])
async def test_a_promoted_replica_serves_what_its_master_did(
    replicated: Cluster, fail: Callable[[Server], None]
) -> None:
    """A call made while a master is replaced waits for it; the replica has the data and is given the script."""
    key = key_of(replicated, 0, "key")
    async with open_redis(replicated.url, timeout_s=15) as redis:
        count = Script(redis, ADD)
        assert await count([key], [1]) == 1
        with admin(replicated.masters[0]) as client:
            assert client.wait(1, 5000) == 1
        fail(replicated.masters[0])
        assert await count([key], [1]) == 2
        assert redis.node_of(key) == name(replicated.replicas[0])


async def test_a_cluster_that_is_not_there_is_unavailable_in_time() -> None:
    start = time.monotonic()
    async with open_redis("redis+cluster://127.0.0.1:1,127.0.0.1:2", timeout_s=0.5) as redis:
        for call in (redis.ping(), redis.get("key")):
            with pytest.raises(Unavailable) as caught:
                await call
            assert "Connect call failed" in str(caught.value.__cause__)
    assert time.monotonic() - start < 3


async def test_any_node_will_do_to_find_the_cluster(cluster: Cluster) -> None:
    """Hosts of the URL that are gone do not matter while one answers."""
    url = f"redis+cluster://127.0.0.1:1,127.0.0.1:{cluster.masters[2].port}"
    async with open_redis(url, timeout_s=5) as redis:
        assert len(await redis.masters()) == 3


async def test_a_slot_that_nobody_serves_is_unavailable(cluster: Cluster) -> None:
    async with open_redis(cluster.url, timeout_s=0.3) as redis:
        key = key_of(cluster, 0, "nobody")
        _on_all(cluster, "CLUSTER DELSLOTS", slot_of(key))
        with pytest.raises(Unavailable):
            await redis.get(key)
        _on_all(cluster, "CLUSTER ADDSLOTS", slot_of(key))


def _on_all(cluster: Cluster, command: str, *args: str | int) -> None:
    for master in cluster.masters:
        with admin(master) as client:
            ask(client, command, *args)


async def test_a_connection_of_ones_own_leads_to_the_node_of_a_key(cluster: Cluster, redis: Client) -> None:
    """Each is authenticated and on its own; one that meets MOVED is replaced by asking again."""
    keys = [key_of(cluster, number, "own") for number in range(3)]
    for key in keys:
        assert await _incr(redis, redis.node_of(key), key) == 1
    move_away = key_of(cluster, 0, "moving")
    node = redis.node_of(move_away)
    move(cluster, slot_of(move_away), 2)
    with pytest.raises(MovedError):
        await _incr(redis, node, move_away)
    await redis.relearn()
    assert redis.node_of(move_away) == name(cluster.masters[2])
    assert await _incr(redis, redis.node_of(move_away), move_away) == 1


async def _incr(redis: Client, node: str, key: str) -> object:
    connection: AbstractConnection = await redis.connect(node)
    try:
        await connection.send_command("INCR", key)
        return await connection.read_response()
    finally:
        await connection.disconnect()


@pytest.fixture
def guarded(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster while it demands the password `right`."""
    _on_all(cluster, "CONFIG SET", "requirepass", "right")
    yield cluster
    for master in cluster.masters:
        with sync_redis.Redis(port=master.port, password="right") as client:
            client.config_set("requirepass", "")


async def test_passwords(guarded: Cluster) -> None:
    """The URL's password opens every node, and a wrong one is no outage that might pass."""
    right, wrong = (guarded.url.replace("://", f"://:{password}@") for password in ("right", "hunter2"))
    async with open_redis(right, timeout_s=5) as redis:
        await redis.ping()
    start = time.monotonic()
    async with open_redis(wrong, timeout_s=5) as redis:
        for call in (redis.ping(), redis.get("key"), redis.connect(name(guarded.masters[0]))):
            with pytest.raises(AuthenticationError) as caught:
                await call
            assert "hunter2" not in f"{caught.value} {redis!r}"
    assert time.monotonic() - start < 2


async def test_a_single_server_is_no_cluster(redis_url: str) -> None:
    """A URL that promises too much is told at once."""
    async with open_redis(redis_url.replace("redis://", "redis+cluster://"), timeout_s=5) as redis:
        with pytest.raises(ResponseError, match="cluster support disabled"):
            await redis.ping()


async def test_nothing_is_left_open(cluster: Cluster) -> None:
    """A closed client has no connection to any node and no task, though it was closed while it learned anew."""
    before = [_clients(master) for master in cluster.masters]
    async with open_redis(cluster.url, timeout_s=5) as redis:
        await asyncio.gather(*(redis.incr(f"key-{n}") for n in range(100)))
        moved = key_of(cluster, 0, "moved")
        move(cluster, slot_of(moved), 1)
        await redis.incr(moved)
        assert sum(map(_clients, cluster.masters)) > sum(before)
    assert len(asyncio.all_tasks()) == 1
    await eventually(lambda: [_clients(master) for master in cluster.masters] == before)


def _clients(server: Server) -> int:
    with admin(server) as client:
        return sum(connection["flags"] == "N" for connection in client.client_list())
