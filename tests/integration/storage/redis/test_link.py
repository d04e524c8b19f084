"""The line to Redis: answers in order, over whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import exceptions

from storage.redis.factory import open_redis
from storage.redis.link import Link, Links
from tests.support.services import Server, redis_server
from tests.support.wait import eventually


@pytest.fixture
def server() -> Iterator[Server]:
    """A Redis of the test's own, to be maltreated."""
    with redis_server() as server:
        yield server


@asynccontextmanager
async def a_link(url: str, *, timeout_s: float = 5, heard: list[bytes] | None = None) -> AsyncIterator[Link]:
    async with open_redis(url, timeout_s=timeout_s) as redis:
        links = Links(redis, on_message=None if heard is None else heard.append)
        try:
            yield await links.to("any")
        finally:
            await links.close()


async def test_answers_come_in_the_order_of_the_commands(redis_url: str) -> None:
    """Thousands at once, of every kind, an error among them being its own command's only."""
    async with a_link(redis_url) as link:
        echoes = [link.call("ECHO", f"{n}") for n in range(2000)]
        wrong = link.call("NO-SUCH-COMMAND")
        values = [link.call("SET", "k", b"\x00\r\n"), link.call("GET", "k"), link.call("GET", "none")]
        numbers = [link.call("INCRBY", "n", 3), link.call("LRANGE", "none", 0, -1)]
        assert [await echo for echo in echoes] == [f"{n}".encode() for n in range(2000)]
        with pytest.raises(exceptions.ResponseError):
            await wrong
        assert [await value for value in values] == [b"OK", b"\x00\r\n", None]
        assert [await number for number in numbers] == [3, []]


async def test_large_commands_and_answers_pass(redis_url: str) -> None:
    async with a_link(redis_url) as link:
        big = b"x" * 5_000_000
        assert await asyncio.gather(*(link.call("ECHO", big) for _ in range(4))) == [big] * 4


async def test_a_cancelled_call_does_not_shift_the_answers(redis_url: str) -> None:
    async with a_link(redis_url) as link:
        first, second = link.call("ECHO", "1"), link.call("ECHO", "2")
        first.cancel()
        assert await second == b"2"


async def test_subscriptions_are_answered_and_messages_are_not_answers(redis_url: str) -> None:
    """Commands, subscriptions and what comes over these share the line."""
    heard: list[bytes] = []
    async with a_link(redis_url, heard=heard) as link:
        calls = [link.call("SUBSCRIBE", "a"), link.call("PUBLISH", "a", "1"), link.call("SUBSCRIBE", "b")]
        calls += [link.call("PUBLISH", "b", "2"), link.call("UNSUBSCRIBE", "a"), link.call("PUBLISH", "a", "3")]
        assert await asyncio.gather(*calls) == [
            [b"subscribe", b"a", 1],
            1,
            [b"subscribe", b"b", 2],
            1,
            [b"unsubscribe", b"a", 1],
            0,
        ]
        assert heard == [b"1", b"2"]


async def test_a_killed_server_fails_what_waits_and_what_comes(server: Server) -> None:
    async with a_link(server.url) as link:
        server.pause()
        waiting = [link.call("ECHO", "x"), link.call("ECHO", "y")]
        await asyncio.sleep(0)
        server.kill()
        for call in waiting:
            with pytest.raises(exceptions.ConnectionError):
                await call
        await link.lost.wait()
        with pytest.raises(exceptions.ConnectionError):
            link.call("ECHO", "z")
        link.cast("ECHO", "z")


async def test_a_server_that_owes_an_answer_too_long_is_given_up(server: Server) -> None:
    async with a_link(server.url, timeout_s=0.2) as link:
        await link.call("ECHO", "x")
        await asyncio.sleep(0.5)
        assert not link.lost.is_set()  # quiet it may be, as long as nothing is asked
        server.pause()
        with pytest.raises(exceptions.ConnectionError):
            await link.call("ECHO", "x")
        server.resume()


async def test_a_server_that_does_not_keep_up_gets_no_casts(server: Server) -> None:
    """What nobody waits for piles up neither here nor there."""
    async with a_link(server.url, timeout_s=5) as link:
        server.pause()
        for _ in range(200):
            link.cast("PUBLISH", "a", b"x" * 100_000)
            await asyncio.sleep(0)
        assert link._transport.get_write_buffer_size() < 1_000_000
        server.resume()
        assert await link.call("ECHO", "x") == b"x"

        async def is_taken() -> bool:
            before = (await link.call("INFO", "commandstats")).count(b"cmdstat_publish:")
            link.cast("PUBLISH", "a", b"x")
            return bool(before)

        await eventually(is_taken)


async def test_a_channel_that_is_taken_away_breaks_the_link(redis_url: str) -> None:
    """An answer to nothing: whoever subscribed must know that it hears no more."""
    async with a_link(redis_url) as link:
        await link.call("PING")
        link.data_received(b">3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n")
        await link.lost.wait()


async def test_what_is_not_redis_breaks_the_link(redis_url: str) -> None:
    async with a_link(redis_url) as link:
        link.data_received(b"HTTP/1.1 400 Bad Request\r\n")
        await link.lost.wait()


async def test_a_link_is_opened_once_for_all_who_wait_and_again_when_it_is_lost(server: Server) -> None:
    async with open_redis(server.url, timeout_s=5) as redis:
        links = Links(redis)
        first, *others = await asyncio.gather(*(links.to(f"{n}") for n in range(20)))
        assert all(link is first for link in others)
        first.abort()
        await first.lost.wait()
        assert links.at_hand("any") is None
        second = await links.to("any")
        assert second is not first
        assert links.at_hand("any") is second
        assert await second.call("ECHO", "x") == b"x"
        await links.close()


async def test_the_link_is_authenticated_and_in_its_database(server: Server) -> None:
    """As redis-py would: user, password and database are those of the URL."""
    async with open_redis(server.url, timeout_s=5) as redis:
        await redis.execute_command("ACL", "SETUSER", "maoga", "on", ">secret", "~*", "&*", "+@all")
    url = f"redis://maoga:secret@127.0.0.1:{server.port}/3"
    async with a_link(url) as link:
        assert await link.call("ACL", "WHOAMI") == b"maoga"
        await link.call("SET", "here", "x")
    async with open_redis(url, timeout_s=5) as redis:
        assert await redis.exists("here") == 1
    with pytest.raises(exceptions.AuthenticationError):
        async with a_link(f"redis://maoga:wrong@127.0.0.1:{server.port}/3"):
            pass
