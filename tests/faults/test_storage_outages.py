"""Storage that dies, freezes or forgets under a running server: nothing acked is lost, players go on by themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from clients.python.errors import MaogaError
from tests.e2e.conftest import DUEL, Enter, Start, meet
from tests.support.cores import test_settings as settings_in
from tests.support.invariants import audited
from tests.support.redis_sets import Sentinels, redis_sentinel
from tests.support.server import MaogaServer
from tests.support.services import Server, mongod, redis_server


@pytest.fixture
def cache() -> Iterator[Server]:
    """A Redis of the test's own, to be broken."""
    with redis_server() as server:
        yield server


@pytest.fixture
def sentinels() -> Iterator[Sentinels]:
    """A Redis with a replica and a sentinel of the test's own, to be broken."""
    with redis_sentinel() as sentinels:
        yield sentinels


@pytest.fixture
def documents() -> Iterator[Server]:
    """A MongoDB of the test's own, to be broken."""
    with mongod() as server:
        yield server


@pytest.fixture
async def maoga(documents: Server, cache: Server, start: Start, tmp_path: Path) -> AsyncIterator[MaogaServer]:
    """A Maoga server on both, which leaves nothing broken behind."""
    database_url = documents.url.replace("/?", "/maoga?")
    yield start(MAOGA_DATABASE_URL=database_url, MAOGA_REDIS_URL=cache.url, MAOGA_REDIS_TIMEOUT_S="1")
    assert await audited(settings_in(tmp_path, database_url=database_url, redis_url=cache.url)) == []


async def test_a_waiting_ticket_survives_the_loss_of_redis(enter: Enter, maoga: MaogaServer, cache: Server) -> None:
    ann, bob = await enter(maoga.url), await enter(maoga.url)
    await ann.enqueue(DUEL)
    cache.kill()
    cache.restart()
    with redis.Redis.from_url(cache.url) as client:
        client.flushall()
    await bob.call("matchmaking", "enqueue", DUEL, timeout=20)
    # By the state, for the events may be among those that are lost with Redis, as the clients are told.
    match_id = await ann.wait_until(lambda: ann.view.ticket and ann.view.ticket.get("matchId"), 30, "no match")
    await asyncio.gather(ann.accept(match_id), bob.accept(match_id))
    for lobby in (await ann.wait_until(lambda: ann.lobby, 20), await bob.wait_until(lambda: bob.lobby, 20)):
        assert {member["userId"] for member in lobby["members"]} == {ann.user_id, bob.user_id}


async def test_what_happened_in_a_lobby_while_redis_was_away_is_told_afterwards(
    enter: Enter, maoga: MaogaServer, cache: Server
) -> None:
    ann, bob = await enter(maoga.url), await enter(maoga.url)
    await meet(ann, bob)
    cache.kill()
    acked = await ann.set_ready()
    assert [member["ready"] for member in acked["members"] if member["userId"] == ann.user_id] == [True]
    cache.restart()
    await bob.wait_until(lambda: bob.lobby and any(member["ready"] for member in bob.lobby["members"]), 20)
    await bob.set_ready()
    for player in (ann, bob):
        await player.wait_for("lobby_started", timeout=20)


async def test_a_redis_master_that_dies_is_replaced_while_players_play(
    sentinels: Sentinels, documents: Server, start: Start, enter: Enter
) -> None:
    maoga = start(
        MAOGA_DATABASE_URL=documents.url.replace("/?", "/maoga?"),
        MAOGA_REDIS_URL=sentinels.url,
        MAOGA_REDIS_TIMEOUT_S="4",
    )
    ann, bob = await enter(maoga.url), await enter(maoga.url)
    channel = (await meet(ann, bob))["chatId"]
    sentinels.master.kill()
    assert (await ann.send(channel, "still there?", "m1"))["seq"] == 1
    await bob.set_ready()
    await ann.set_ready()
    for player in (ann, bob):
        await player.wait_for("lobby_started", timeout=20)


async def test_messages_wait_for_a_frozen_database_and_no_acked_one_is_lost(
    enter: Enter, maoga: MaogaServer, documents: Server
) -> None:
    ann, bob = await enter(maoga.url), await enter(maoga.url)
    channel = (await meet(ann, bob))["chatId"]
    acked: dict[str, int] = {}

    async def say(number: int) -> None:
        name = f"m{number}"
        while name not in acked:
            try:
                acked[name] = (await ann.send(channel, name, name))["seq"]
            except MaogaError as error:
                assert error.code in {"UNAVAILABLE", "TIMEOUT"}, error

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(say(number))
            if number == 10:
                documents.pause()
                tasks.create_task(asyncio.to_thread(_thaw, documents))
            await asyncio.sleep(0.05)  # spread over the outage
    stored = (await bob.history(channel, limit=100))["messages"]
    assert acked == {message["clientMessageId"]: message["seq"] for message in stored}
    assert list(range(1, 21)) == sorted(acked.values())


def _thaw(server: Server) -> None:
    """Ends the freeze after longer than the server's patience with one call."""
    import time

    time.sleep(7)
    server.resume()


async def test_a_database_that_restarts_within_the_deadline_goes_unnoticed(
    enter: Enter, maoga: MaogaServer, documents: Server
) -> None:
    ann, bob = await enter(maoga.url), await enter(maoga.url)
    channel = (await meet(ann, bob))["chatId"]
    documents.kill()
    sending = asyncio.create_task(ann.send(channel, "hello?", "m1"))
    await asyncio.to_thread(documents.restart)
    assert (await sending)["seq"] == 1
    assert [message["content"] for message in (await bob.history(channel))["messages"]] == ["hello?"]
