"""The client answers in time, or says `Unavailable`."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from redis.exceptions import AuthenticationError, ResponseError

from domain.core.errors import Unavailable
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.leases import RedisLeases
from tests.support.services import Server, redis_server


@pytest.fixture
def server() -> Iterator[Server]:
    """A Redis of this test's own, to be mistreated."""
    with redis_server() as server:
        yield server


async def test_a_paused_redis_is_unavailable_in_time(server: Server) -> None:
    """Every caller of a Redis that does not answer is told within the timeout, and served again afterwards."""
    async with open_redis(server.url, timeout_s=0.5) as redis:
        await redis.set("key", 1)
        server.pause()
        start = time.monotonic()
        answers = await asyncio.gather(*(redis.get("key") for _ in range(1000)), return_exceptions=True)
        took = time.monotonic() - start
        server.resume()
        assert {type(answer) for answer in answers} == {Unavailable}
        assert 0.5 <= took < 3
        redis.timeout_s = redis.attempt_s = 5  # a busy machine takes its time to connect so many
        assert await asyncio.gather(*(redis.get("key") for _ in range(200))) == [b"1"] * 200


async def test_a_stopped_redis_is_unavailable(server: Server) -> None:
    """A Redis that refuses connections is unavailable too; the cause tells why."""
    server.stop()
    async with open_redis(server.url, timeout_s=0.2) as redis:
        with pytest.raises(Unavailable) as caught:
            await redis.ping()
    assert "Connect call failed" in str(caught.value.__cause__)


async def test_a_short_outage_is_waited_out(server: Server) -> None:
    """A call made while Redis restarts succeeds, with a script that Redis must be given again."""
    async with open_redis(server.url, timeout_s=5) as redis:
        leases = RedisLeases(redis, "a")
        await leases.acquire("tick", 60_000)
        server.stop()
        call = asyncio.create_task(leases.acquire("tick", 60_000))
        await asyncio.sleep(0.05)
        assert not call.done()
        await asyncio.to_thread(server.restart)
        assert await call


async def test_scripts_survive_a_flush_of_scripts(redis: Client) -> None:
    """A script that Redis has forgotten is loaded again by the call that needs it."""
    leases = RedisLeases(redis, "a")
    await leases.acquire("tick", 60_000)
    for master in await redis.masters():
        await master.script_flush()
    assert await leases.acquire("tick", 60_000)


async def test_a_bug_is_not_an_outage(redis: Client) -> None:
    """An error in what we asked for is raised as it is, not retried or dressed up."""
    await redis.set("key", "text")
    with pytest.raises(ResponseError):
        await redis.incr("key")


async def test_wrong_credentials_are_told_at_once(server: Server) -> None:
    """A refused password is no outage that might pass."""
    async with open_redis(server.url, timeout_s=5) as redis:
        await redis.config_set("requirepass", "right")
    wrong = server.url.replace("redis://", "redis://:wrong@")
    start = time.monotonic()
    async with open_redis(wrong, timeout_s=5) as redis:
        with pytest.raises(AuthenticationError):
            await redis.ping()
    assert time.monotonic() - start < 2


async def test_more_callers_than_connections(redis: Client) -> None:
    """A crowd shares the connections there are."""
    assert len(await asyncio.gather(*(redis.incr("key") for _ in range(500)))) == 500
    assert await redis.get("key") == b"500"


async def test_embedded_ones_share_nothing() -> None:
    """Each `memory://` is a Redis of its own."""
    async with open_redis("memory://", timeout_s=1) as one, open_redis("memory://", timeout_s=1) as other:
        await one.set("key", 1)
        assert await other.get("key") is None


async def test_a_cancelled_call_spoils_nothing(redis: Client) -> None:
    """A caller that gives up leaves no answer behind for the next one to take for its own."""
    for _ in range(50):
        call = asyncio.create_task(redis.execute_command("ECHO", "given up"))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert await redis.echo("mine") == b"mine"
