"""The Python client against a real server: what is lost on the way comes back, once and in order."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from clients.python.types import Criteria
from tests.support.server import MaogaServer, maoga_server
from tests.support.services import free_port
from tests.support.wait import eventually

PAIR: Criteria = {"games": [{"gameId": "valorant"}], "mode": "casual", "groupSize": {"min": 2, "max": 2}}


@pytest.fixture(scope="module")
def server() -> Iterator[MaogaServer]:
    """A server for the tests that leave it running."""
    with maoga_server() as running:
        yield running


@asynccontextmanager
async def guests(url: str, number: int) -> AsyncIterator[list[MaogaClient]]:
    """So many connected guests."""
    async with MaogaRest(url) as rest, AsyncExitStack() as stack:
        sessions = [await rest.guest() for _ in range(number)]
        yield [await stack.enter_async_context(MaogaClient(url, session)) for session in sessions]


@asynccontextmanager
async def pair_in_a_lobby(url: str) -> AsyncIterator[tuple[MaogaClient, MaogaClient, str]]:
    """Two matched guests and their channel."""
    async with guests(url, 2) as (one, two):
        for client in (one, two):
            await client.enqueue(PAIR)
        for client in (one, two):
            await client.accept((await client.wait_for("match_proposed")).data["match"]["id"])
        for client in (one, two):
            await client.wait_until(lambda client=client: client.lobby)  # type: ignore[misc]
        assert one.lobby is not None
        yield one, two, one.lobby["chatId"]
        for client in (one, two):
            await client.leave()


def contents(client: MaogaClient) -> list[str]:
    """What the client is told was said, from now on."""
    told: list[str] = []
    client.on("message", lambda event: told.append(event.data["content"]))
    return told


async def test_an_event_that_came_before_it_was_waited_for_is_not_missed(server: MaogaServer) -> None:
    async with guests(server.url, 1) as (client,):
        ticket = await client.enqueue(PAIR)
        await client.cancel(ticket["id"])
        await client.wait_until(lambda: client.ticket and client.ticket["status"] == "cancelled")
        queued = await client.wait_for("ticket_updated", lambda data: data["status"] == "queued")
        cancelled = await client.wait_for("ticket_updated")
        assert [event.data["status"] for event in (queued, cancelled)] == ["queued", "cancelled"]
        with pytest.raises(TimeoutError, match="no ticket_updated"):
            await client.wait_for("ticket_updated", timeout=0.05)


async def test_a_refusal_has_the_servers_code_and_details(server: MaogaServer) -> None:
    async with guests(server.url, 1) as (client,):
        with pytest.raises(MaogaError) as refused:
            await client.call("matchmaking", "enqueue", {"mode": "nonsense"})  # type: ignore[call-overload]
        assert refused.value.code == "VALIDATION_ERROR"
        assert {fault["field"] for fault in refused.value.details} == {"games", "mode"}
        with pytest.raises(MaogaError, match="UNKNOWN_EVENT"):
            await client.call("lobby", "dance")  # type: ignore[call-overload]
        with pytest.raises(MaogaError, match="NOT_IN_LOBBY"):
            await client.sync()


async def test_a_bad_token_ends_the_client_with_the_code_of_the_refusal(server: MaogaServer) -> None:
    async with MaogaRest(server.url) as rest:
        session = await rest.guest()
    forged = MaogaClient(server.url, session.access_token[:-4] + "AAAA")
    with pytest.raises(MaogaError, match="TOKEN_INVALID"):
        await forged.connect()
    await forged.close()


async def test_without_a_server_connecting_says_so_in_the_given_time(server: MaogaServer) -> None:
    async with MaogaRest(server.url) as rest:
        session = await rest.guest()
    client, since = MaogaClient(f"http://127.0.0.1:{free_port()}", session), time.monotonic()
    with pytest.raises(MaogaError, match="UNREACHABLE"):
        await client.connect(timeout=0.5)
    assert time.monotonic() - since < 5
    await client.close()


async def test_a_connection_that_ends_in_its_opening_is_closed(server: MaogaServer) -> None:
    """It would stay open until the garbage collector comes."""
    closed = asyncio.Event()

    async def say_nonsense(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("6")
        assert (await socket.receive()).type is WSMsgType.CLOSE
        closed.set()
        return socket

    async with MaogaRest(server.url) as rest:
        session = await rest.guest()
    stranger = web.Application()
    stranger.router.add_get("/socket.io/", say_nonsense)
    async with TestServer(stranger) as nonsense:
        client = MaogaClient(str(nonsense.make_url("/")).rstrip("/"), session)
        with pytest.raises(MaogaError, match="UNREACHABLE"):
            await client.connect(timeout=0.5)
        async with asyncio.timeout(5):
            await closed.wait()
        await client.close()


async def test_after_a_cut_line_the_client_is_told_what_it_missed_once_and_in_order(server: MaogaServer) -> None:
    async with pair_in_a_lobby(server.url) as (one, two, channel):
        heard = contents(two)
        await one.send(channel, "1")
        await two.wait_for("message")
        two.cut()
        await two.wait_until(lambda: not two.connected)
        for text in ("2", "3"):
            await one.send(channel, text)
        await one.set_ready()
        await two.wait_until(lambda: len(heard) == 3)
        await one.send(channel, "4")
        await two.wait_until(lambda: len(heard) == 4)
        assert heard == ["1", "2", "3", "4"]
        fresh = await two.sync()
        await two.wait_until(lambda: two.lobby and two.lobby["version"] >= fresh["version"])
        assert two.lobby == fresh


async def test_a_match_that_is_made_while_the_line_is_cut_is_found_again(server: MaogaServer) -> None:
    async with guests(server.url, 2) as (one, two):
        for client in (one, two):
            await client.enqueue(PAIR)
            client.cut()
        for client in (one, two):
            await client.wait_until(lambda client=client: (client.ticket or {}).get("status") == "proposed")  # type: ignore[misc]
            assert client.ticket is not None
            await client.accept(client.ticket["matchId"])
        for client in (one, two):
            await client.wait_until(lambda client=client: client.lobby)  # type: ignore[misc]
            await client.leave()


async def test_what_is_being_said_when_the_line_is_cut_is_said_once(server: MaogaServer) -> None:
    async with pair_in_a_lobby(server.url) as (one, _, channel):
        for number in range(10):
            sending = asyncio.create_task(one.send(channel, f"{number}"))
            await asyncio.sleep(number * 0.0005)  # the line is cut before, while and after it is sent
            one.cut()
            assert (await sending)["seq"] == number + 1
        said = (await one.history(channel))["messages"]
        assert [message["content"] for message in said] == [f"{number}" for number in range(10)]


async def test_a_message_that_got_lost_is_fetched_when_the_next_one_comes(server: MaogaServer) -> None:
    async with pair_in_a_lobby(server.url) as (one, two, channel):
        for text in ("1", "2"):
            await one.send(channel, text)
        await two.wait_until(lambda: two.last_seq(channel) == 2)
        heard = contents(two)
        two.view.read[channel] = 1  # as if the second had not come
        await one.send(channel, "3")
        await two.wait_until(lambda: len(heard) == 2)
        assert heard == ["2", "3"]


async def test_what_was_said_before_the_client_came_is_history_and_not_news(server: MaogaServer) -> None:
    async with pair_in_a_lobby(server.url) as (one, two, channel):
        await one.send(channel, "old")
        assert two._keeper is not None
        async with MaogaClient(server.url, two._keeper.session) as late:
            heard = contents(late)
            await one.send(channel, "new")
            await late.wait_until(lambda: heard)
            assert heard == ["new"]
            assert [m["content"] for m in (await late.history(channel))["messages"]] == ["old", "new"]


async def test_logging_out_ends_the_client_and_leaves_no_task_behind(server: MaogaServer) -> None:
    async with MaogaRest(server.url) as rest:
        session = await rest.guest()
        async with MaogaClient(server.url, session) as client:
            await rest.logout(session.access_token)
            with pytest.raises(MaogaError, match="TOKEN_REVOKED"):
                await client.wait_for("never")
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_a_server_that_restarts_finds_its_clients_again() -> None:
    with maoga_server(MAOGA_PORT=str(free_port())) as server:
        async with pair_in_a_lobby(server.url) as (one, two, channel):
            await one.send(channel, "before")
            server.kill()
            await one.wait_until(lambda: not one.connected)
            away = asyncio.create_task(two.send(channel, "meanwhile"))
            await asyncio.to_thread(server.start)
            assert (await away)["seq"] == 2
            await one.wait_until(lambda: one.last_seq(channel) == 2)


@pytest.mark.long
async def test_a_session_outlives_its_access_tokens_and_a_bare_token_does_not() -> None:
    with maoga_server(MAOGA_ACCESS_TOKEN_S="10") as server:
        async with MaogaRest(server.url) as rest:
            session, other = await rest.guest(), await rest.guest()
            async with MaogaClient(server.url, session) as renewed, MaogaClient(server.url, other.access_token) as bare:
                lost: list[bool] = []
                renewed.on("kicked", lambda _: lost.append(True))
                with pytest.raises(MaogaError, match="TOKEN_EXPIRED"):
                    await bare.wait_for("never", timeout=30)
                await asyncio.sleep(12)
                assert await renewed.status() is None
                assert not lost


async def test_rest_tells_code_and_status_and_serves_the_catalogue(server: MaogaServer) -> None:
    async with MaogaRest(server.url) as rest:
        session = await rest.register("ada@demo.test", "ada", "violet-harbour-42-kite", "Ada")
        assert (await rest.me(session.access_token))["displayName"] == "Ada"
        assert session.refresh_token is not None
        again = await rest.refresh(session.refresh_token)
        assert (await rest.login("ada", "violet-harbour-42-kite")).user_id == again.user_id
        assert {"valorant", "apex"} <= {game["id"] for game in await rest.games()}
        await rest.logout(again.access_token)
        refusals: list[tuple[str, int | None]] = []
        attempts: list[Any] = [
            rest.me(again.access_token),
            rest.login("ada", "wrong"),
            rest.register("ada@demo.test", "ada", "violet-harbour-42-kite"),
        ]
        for attempt in attempts:
            with pytest.raises(MaogaError) as refused:
                await attempt
            refusals.append((refused.value.code, refused.value.status))
    assert refusals == [("TOKEN_REVOKED", 401), ("INVALID_CREDENTIALS", 401), ("EMAIL_TAKEN", 409)]


async def test_closing_fails_whoever_waits(server: MaogaServer) -> None:
    async with guests(server.url, 1) as (client,):
        waiting = asyncio.create_task(client.wait_for("never"))
        await eventually(lambda: client._buffers.get("never") is not None)
        await client.close()
        with pytest.raises(MaogaError, match="CLOSED"):
            await waiting


async def test_a_callback_that_fails_ends_the_client_with_its_error(server: MaogaServer) -> None:
    async with guests(server.url, 1) as (client,):
        client.on("ticket_updated", lambda event: event.data["no such field"])
        with pytest.raises(KeyError, match="no such field"):
            await client.enqueue(PAIR)  # its event comes before its ack
            await client.wait_for("never")


def test_an_error_names_the_faults_of_fields() -> None:
    error = MaogaError("VALIDATION_ERROR", "Not valid.", [{"field": "mode", "message": "there are: casual"}])
    assert str(error) == "VALIDATION_ERROR: Not valid.; mode: there are: casual"
    assert str(MaogaError("COOLDOWN", "Wait.", {"retryInMs": 5})) == "COOLDOWN: Wait."
