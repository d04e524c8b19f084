"""The webhook that asks for game servers, over a real socket: what it sends, and what it makes of bad answers."""

import asyncio
import gzip
from typing import Any

import orjson
import pytest
from aiohttp import web

from domain.core.clock import SystemClock
from domain.core.ids import GameId, LobbyId, UserId
from domain.jobs.runner import Hopeless, JobFailed
from domain.lobbies.allocation import AllocationPlayer, AllocationRequest
from domain.lobbies.connection import GameConnection
from domain.lobbies.model import Capacity
from storage.outbound.allocator import ANSWER_LIMIT, WebhookAllocator
from tests.support.allocator import CONNECTION, SECRET, Answer, game_servers

REQUEST = AllocationRequest(
    lobby_id=LobbyId("l1"),
    match_id=None,
    name="Friday — 5v5",
    game_id=GameId("valorant"),
    mode="ranked",
    region="EU",
    capacity=Capacity(min=2, max=10),
    custom={"map": "haven"},
    players=[AllocationPlayer(user_id=UserId("u1"), display_name="Ann", team=1, role=None)],
)


def allocator(url: str, *, secret: str = SECRET, timeout_s: float = 5) -> WebhookAllocator:
    return WebhookAllocator(url, secret.encode(), SystemClock(), timeout_s=timeout_s)


async def test_a_request_is_signed_and_names_the_lobby_and_its_players() -> None:
    async with game_servers() as servers:
        answer = await allocator(servers.url).allocate(REQUEST)
        ((request, body),) = servers.requests
    assert answer == GameConnection.model_validate(CONNECTION)
    assert request.headers["Idempotency-Key"] == "l1"
    assert request.headers["Content-Type"] == "application/json"
    assert orjson.loads(body) == REQUEST.wire()
    assert orjson.loads(body)["players"] == [{"userId": "u1", "displayName": "Ann", "team": 1}]


async def test_a_server_that_does_not_know_the_signature_is_not_asked_again() -> None:
    async with game_servers() as servers:
        with pytest.raises(Hopeless, match="401"):
            await allocator(servers.url, secret="not" + SECRET).allocate(REQUEST)
        assert servers.requests == []


@pytest.mark.parametrize("status", [500, 503, 429, 408, 202])
async def test_what_may_pass_is_worth_another_attempt(status: int) -> None:
    async with game_servers(status) as servers:
        asked = allocator(servers.url)
        with pytest.raises(JobFailed, match=str(status)):
            await asked.allocate(REQUEST)
        assert (await asked.allocate(REQUEST)).host == CONNECTION["host"]
        assert {request.headers["Idempotency-Key"] for request, _ in servers.requests} == {"l1"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with game_servers(moved) as servers:
        with pytest.raises(Hopeless, match=str(status)):
            await allocator(servers.url).allocate(REQUEST)
        assert servers.elsewhere == 0


async def test_an_answer_that_comes_too_late_is_none() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        asked.set()
        await over.wait()
        return web.json_response(CONNECTION)

    async def trickling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not over.is_set():
            await response.write(b" ")
            await asyncio.sleep(0.02)
        return response

    async with game_servers(late, trickling) as servers:
        for _ in range(2):
            with pytest.raises(JobFailed, match="Timeout"):
                await allocator(servers.url, timeout_s=0.3).allocate(REQUEST)
        assert asked.is_set()
        over.set()


def answering(body: bytes, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return answer


def json(**fields: Any) -> Answer:
    return answering(orjson.dumps(fields))


@pytest.mark.parametrize(
    "answer",
    [
        answering(b""),
        answering(b"not json"),
        answering(b"[1, 2]"),
        answering(b"null"),
        answering(b"\xff\xfe"),
        answering(b"[" * 5000),
        answering(gzip.compress(orjson.dumps(CONNECTION)), **{"Content-Encoding": "gzip"}),
        json(),
        json(host="h"),
        json(port=7777),
        json(host="h", port=0),
        json(host="h", port="7777x"),
        json(host="h h", port=7777),
        json(host="h" * 254, port=7777),
        json(url="steam://x", host="h", port=7777),
        json(url="x" * 1025),
        json(url="a\x00b"),
        json(url="steam://x", token="t" * 4097),
    ],
)
async def test_an_answer_that_is_no_connection_is_a_failure(answer: Answer) -> None:
    async with game_servers(answer) as servers:
        with pytest.raises(JobFailed, match="no connection"):
            await allocator(servers.url).allocate(REQUEST)


async def test_an_answer_may_say_that_the_server_was_made_for_it() -> None:
    async with game_servers(201) as servers:
        assert (await allocator(servers.url).allocate(REQUEST)).port == CONNECTION["port"]


async def test_unknown_fields_of_an_answer_are_passed_over() -> None:
    async with game_servers(json(url="steam://connect/1", fleet="eu-1")) as servers:
        assert await allocator(servers.url).allocate(REQUEST) == GameConnection(url="steam://connect/1")


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 200_000_000:  # the sockets between hold some megabytes
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    async with game_servers(endless) as servers:
        with pytest.raises(JobFailed, match=str(ANSWER_LIMIT)):
            await allocator(servers.url).allocate(REQUEST)
    assert sent < 200_000_000


async def test_a_server_that_is_not_there_or_speaks_no_http_is_a_failure() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        with pytest.raises(JobFailed, match="did not answer"):
            await allocator(url).allocate(REQUEST)
    with pytest.raises(JobFailed, match="did not answer"):
        await allocator(url).allocate(REQUEST)
