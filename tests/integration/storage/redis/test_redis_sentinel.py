"""A Redis behind sentinels: the client finds the master, and its successor."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from redis.exceptions import AuthenticationError

from domain.core.errors import Unavailable
from storage.redis.client import Script
from storage.redis.factory import open_redis
from storage.redis.leases import RedisLeases
from storage.redis.sentinel import SentinelPool
from tests.support.redis_sets import SERVICE, Sentinels, admin, redis_sentinel
from tests.support.services import Server
from tests.support.wait import eventually

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


@pytest.fixture
def sentinels() -> Iterator[Sentinels]:
    """A master, a replica and a sentinel of this test's own, to be mistreated."""
    with redis_sentinel() as sentinels:
        yield sentinels


def role(server: Server) -> object:
    with admin(server) as client:
        return client.info("replication")["role"]


@pytest.mark.parametrize("fail", [Server.kill, Server.pause])
async def test_a_promoted_replica_serves_what_its_master_did(
    sentinels: Sentinels, fail: Callable[[Server], None]
) -> None:
    """Calls made while the master is replaced wait for it; the replica has the data and is given the script."""
    async with open_redis(sentinels.url, timeout_s=15) as redis:
        count = Script(redis, ADD)
        assert sorted(await asyncio.gather(*(count(["key"], [1]) for _ in range(20)))) == list(range(1, 21))
        with admin(sentinels.master) as client:
            assert client.wait(1, 5000) == 1
        fail(sentinels.master)
        assert sorted(await asyncio.gather(*(count(["key"], [1]) for _ in range(20)))) == list(range(21, 41))
        assert role(sentinels.replica) == "master"


async def test_a_master_that_was_deposed_is_left_at_its_first_refusal(sentinels: Sentinels) -> None:
    """A write that the old master refuses as a replica goes to the new one, on the same client and in the same call."""
    async with open_redis(sentinels.url, timeout_s=15) as redis:
        await redis.set("key", 1)
        with admin(sentinels.sentinel) as client:
            client.sentinel_failover(SERVICE)
        await eventually(lambda: role(sentinels.replica) == "master", 9)
        with admin(sentinels.master) as client:  # the sentinel would see to it some ten seconds later
            client.replicaof("127.0.0.1", str(sentinels.replica.port))
        assert await RedisLeases(redis, "a").acquire("tick", 60_000)
        with admin(sentinels.replica) as client:
            assert client.get("maoga:lease:tick") == b"a"


async def test_a_connection_of_ones_own_leads_to_the_master(sentinels: Sentinels) -> None:
    """Asked again after a failover, it leads to the new one."""
    async with open_redis(sentinels.url, timeout_s=15) as redis:
        for master in (sentinels.master, sentinels.replica):
            connection = await redis.connect(redis.node_of("any"))
            await connection.send_command("CONFIG", "GET", "port")
            assert await connection.read_response() == [b"port", str(master.port).encode()]
            await connection.disconnect()
            sentinels.master.kill()
            await redis.set("key", 1)


async def test_a_sentinel_that_is_gone_does_not_matter_while_another_answers(sentinels: Sentinels) -> None:
    """And none is forgotten when many find that out at once."""
    async with open_redis(sentinels.url.replace("://", "://127.0.0.1:1,"), timeout_s=5) as redis:
        assert await asyncio.gather(*(redis.ping() for _ in range(50))) == [True] * 50
        assert isinstance(redis.connection_pool, SentinelPool)
        known = redis.connection_pool.sentinel_manager.sentinels
        assert [one.connection_pool.connection_kwargs["port"] for one in known] == [sentinels.sentinel.port, 1]


async def test_a_service_that_no_sentinel_knows_is_named(sentinels: Sentinels) -> None:
    async with open_redis(sentinels.url.replace(f"/{SERVICE}", "/mistyped"), timeout_s=0.5) as redis:
        with pytest.raises(Unavailable) as caught:
            await redis.ping()
        assert str(caught.value.__cause__) == "no master of 'mistyped': a sentinel does not know it"


async def test_a_database_may_be_chosen(sentinels: Sentinels) -> None:
    async with open_redis(f"{sentinels.url}/3", timeout_s=5) as redis:
        await redis.set("key", 1)
    with admin(sentinels.master) as client:
        assert client.info("keyspace")["db3"]["keys"] == 1


async def test_a_wrong_password_of_the_servers_is_told_at_once(sentinels: Sentinels) -> None:
    """It is no outage that might pass."""
    with admin(sentinels.master) as client:
        client.config_set("requirepass", "right")
    start = time.monotonic()
    async with open_redis(sentinels.url.replace("://", "://:hunter2@"), timeout_s=5) as redis:
        with pytest.raises(AuthenticationError) as caught:
            await redis.ping()
    assert time.monotonic() - start < 2
    assert "hunter2" not in f"{caught.value} {redis!r}"


async def test_sentinels_may_demand_a_password_of_their_own() -> None:
    """Without it no master is found, and why is told."""
    with redis_sentinel(password="s3ntinel") as sentinels:
        async with open_redis(f"{sentinels.url}?sentinel_password=s3ntinel", timeout_s=5) as redis:
            assert await redis.ping()
        for url, why in (
            (sentinels.url, "Authentication required."),
            (f"{sentinels.url}?sentinel_password=hunter2", "invalid username-password pair or user is disabled."),
        ):
            async with open_redis(url, timeout_s=0.5) as redis:
                with pytest.raises(Unavailable) as caught:
                    await redis.ping()
                assert str(caught.value.__cause__) == f"no master of {SERVICE!r}: {why}"
