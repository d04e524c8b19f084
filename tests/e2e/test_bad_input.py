"""Bad input on every event and every route: the right code, no traceback, and the server stays up."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
import socketio

from clients.python.rest import MaogaRest
from domain.core.errors import ValidationFailed
from domain.core.ids import new_id
from domain.core.model import Command
from maoga.reference import NAMESPACES
from realtime.dispatch import table_of
from realtime.gateway import Common
from rest.app import ROUTES
from tests.support.server import MaogaServer, maoga_server

LONG = "x" * 60_000
HUGE = "x" * 2_000_000

EVENTS: dict[tuple[str, str], type[Command]] = {
    (namespace.name, name): handler.model
    for namespace in NAMESPACES
    for name, handler in {**namespace.handlers, **table_of(Common)}.items()
}

VALID: dict[tuple[str, str], dict[str, Any]] = {
    ("matchmaking", "enqueue"): {
        "games": [{"gameId": "apex", "weight": 5}],
        "mode": "casual",
        "groupSize": {"min": 2, "max": 3},
        "regions": ["EU"],
        "regionPreference": "strict",
        "languages": ["en"],
        "languagePreference": "any",
        "skillPreference": "any",
        "party": [],
    },
    ("matchmaking", "cancel"): {"ticketId": new_id()},
    ("matchmaking", "accept"): {"matchId": new_id()},
    ("matchmaking", "backfill"): {"lobbyId": new_id()},
    ("matchmaking", "decline"): {"matchId": new_id()},
    ("matchmaking", "report_result"): {"matchId": new_id(), "result": {"places": [["u1"], ["u2"]]}},
    ("lobby", "set_ready"): {"ready": True},
    ("lobby", "sync"): {"lobbyId": new_id()},
    ("lobby", "leave"): {"lobbyId": new_id()},
    ("lobby", "browse"): {"gameId": "apex", "mode": "custom", "region": "EU", "limit": 5},
    ("lobby", "create"): {
        "gameId": "apex",
        "mode": "custom",
        "region": "EU",
        "name": "Friday",
        "capacity": {"min": 2, "max": 4},
        "settings": {"visibility": "public", "allowSpectators": True, "custom": {"map": "dust"}},
    },
    ("lobby", "join"): {"lobbyId": new_id(), "joinCode": "WRONG234"},
    ("lobby", "spectate"): {"lobbyId": new_id()},
    ("lobby", "kick"): {"userId": new_id()},
    ("lobby", "transfer_host"): {"userId": new_id()},
    ("lobby", "set_team"): {"userId": new_id(), "team": 2, "swapWith": new_id()},
    ("lobby", "set_role"): {"userId": new_id(), "role": "healer"},
    ("lobby", "update_settings"): {
        "version": 1,
        "name": "Friday",
        "capacity": {"min": 2, "max": 4},
        "visibility": "public",
        "autoStart": False,
        "custom": {"map": "dust"},
    },
    ("chat", "send"): {"channelId": new_id(), "clientMessageId": "m1", "content": "hi", "contentType": "text"},
    ("chat", "history"): {"channelId": new_id(), "limit": 10, "before": 5},
    ("chat", "search"): {"channelId": new_id(), "query": "hi", "limit": 10, "before": 5},
    ("chat", "edit"): {"messageId": new_id(), "content": "ho"},
    ("chat", "delete"): {"messageId": new_id()},
    ("chat", "react"): {"messageId": new_id(), "emoji": "👍", "on": True},
    ("chat", "typing"): {"channelId": new_id(), "isTyping": True},
    ("chat", "mark_read"): {"channelId": new_id(), "seq": 5},
    ("chat", "mute"): {"channelId": new_id(), "untilMs": 5},
    ("chat", "open_direct"): {"userId": new_id()},
    ("chat", "create_group"): {"name": "Crew", "userIds": [new_id()]},
    ("chat", "add_member"): {"channelId": new_id(), "userId": new_id()},
    ("chat", "remove_member"): {"channelId": new_id(), "userId": new_id()},
    ("chat", "set_channel_role"): {"channelId": new_id(), "userId": new_id(), "role": "admin"},
    ("chat", "transfer_channel"): {"channelId": new_id(), "userId": new_id()},
    ("chat", "update_channel"): {"channelId": new_id(), "name": "Crew", "slowModeMs": 5},
    ("chat", "leave_channel"): {"channelId": new_id()},
    ("social", "block"): {"userId": new_id()},
    ("social", "unblock"): {"userId": new_id()},
    **{(namespace.name, "renew"): {"token": "no-token"} for namespace in NAMESPACES},
}
"""A well-formed payload of each event that takes one; the ids in it are nobody's."""

NOT_THEIRS: dict[tuple[str, str], str] = {
    ("matchmaking", "cancel"): "NOT_FOUND",
    ("matchmaking", "accept"): "NOT_FOUND",
    ("matchmaking", "backfill"): "NOT_FOUND",
    ("matchmaking", "decline"): "NOT_FOUND",
    ("matchmaking", "report_result"): "NOT_FOUND",
    ("lobby", "set_ready"): "NOT_IN_LOBBY",
    ("lobby", "ready_check"): "NOT_IN_LOBBY",
    ("lobby", "join"): "NOT_FOUND",
    ("lobby", "spectate"): "NOT_FOUND",
    ("lobby", "kick"): "NOT_IN_LOBBY",
    ("lobby", "transfer_host"): "NOT_IN_LOBBY",
    ("lobby", "set_team"): "NOT_IN_LOBBY",
    ("lobby", "set_role"): "NOT_IN_LOBBY",
    ("lobby", "update_settings"): "NOT_IN_LOBBY",
    ("lobby", "start"): "NOT_IN_LOBBY",
    ("lobby", "leave"): "NOT_IN_LOBBY",
    ("lobby", "sync"): "NOT_IN_LOBBY",
    ("chat", "send"): "NOT_FOUND",
    **{("chat", name): "NOT_FOUND" for name in ("history", "search", "edit", "delete", "react", "typing")},
    **{("chat", name): "NOT_FOUND" for name in ("mark_read", "mute", "open_direct", "create_group")},
    **{("chat", name): "NOT_FOUND" for name in ("add_member", "remove_member", "set_channel_role")},
    **{("chat", name): "NOT_FOUND" for name in ("transfer_channel", "update_channel", "leave_channel")},
    ("social", "block"): "NOT_FOUND",
    **{(namespace.name, "renew"): "TOKEN_INVALID" for namespace in NAMESPACES},
}
"""What a well-formed event about things that are not the player's is answered."""

ELSEWHERE = ("ALREADY_QUEUED", "ALREADY_IN_LOBBY")
"""What a well-formed event is answered once another one has got the player a place."""

ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    1.5,
    "",
    "\x00",
    "\ud800",
    LONG,
    [],
    [None],
    ["x"] * 500,
    {},
    {"$gt": ""},
]


def bad_payloads(valid: dict[str, Any]) -> Iterator[Any]:
    """The payload with each field missing or of every odd value in turn, with unknown fields, and no payload at all."""
    yield from (None, [], "text", 7, True, [valid], {**valid, "unknownField": 1}, {**valid, "__proto__": {}})
    for field, value in valid.items():
        yield {other: kept for other, kept in valid.items() if other != field}
        yield from ({**valid, field: odd} for odd in ODD_VALUES)
        if isinstance(value, dict):
            yield from ({**valid, field: inner} for inner in bad_payloads(value))
        if isinstance(value, list) and value:
            yield from ({**valid, field: [odd]} for odd in ODD_VALUES)
    deep: Any = "deep"
    for _ in range(200):
        deep = [deep]
    yield {**valid, next(iter(valid), "x"): deep}


@pytest.fixture(scope="module")
def server() -> Iterator[MaogaServer]:
    """One server for all of it; a traceback in its log fails the last test."""
    with maoga_server(MAOGA_RATE_LIMIT_SCALE="0") as running:
        yield running


@pytest.fixture
async def player(server: MaogaServer) -> AsyncIterator[socketio.AsyncClient]:
    """A plain Socket.IO client in all namespaces."""
    async with MaogaRest(server.url) as rest:
        session = await rest.guest()
    async with aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(reconnection=False, http_session=http)
        names = [f"/{namespace.name}" for namespace in NAMESPACES]
        await client.connect(
            server.url, namespaces=names, auth={"token": session.access_token}, transports=["websocket"], wait_timeout=5
        )
        yield client
        await client.disconnect()


async def ack_of(client: socketio.AsyncClient, namespace: str, event: str, payload: Any) -> dict[str, Any]:
    """The ack of an event; a list is one argument."""
    ack = await client.call(event, payload, namespace=f"/{namespace}", timeout=5)
    assert isinstance(ack, dict), ack
    return ack


def code_of(ack: dict[str, Any]) -> str:
    """The error code of an ack, or `success`."""
    return str(ack["error"]["code"]) if ack["status"] == "error" else "success"


@pytest.mark.parametrize("key", EVENTS, ids="/".join)
async def test_every_event_names_every_fault_and_nothing_else_happens(
    player: socketio.AsyncClient, key: tuple[str, str]
) -> None:
    refused = 0
    for payload in bad_payloads(VALID.get(key, {})):
        if payload is None:
            continue  # python-socketio sends no argument then, which is an empty payload
        ack = await ack_of(player, *key, payload)
        try:
            EVENTS[key].parse(payload if isinstance(payload, dict) else [])
        except ValidationFailed as expected:
            refused += 1
            assert code_of(ack) == "VALIDATION_ERROR", (payload, ack)
            faults = {fault["field"] for fault in ack["error"]["details"]}
            if isinstance(payload, dict):
                assert {fault["field"] for fault in expected.faults} == faults
        else:
            assert code_of(ack) in {"success", NOT_THEIRS.get(key), "ALREADY_QUEUED", "ALREADY_IN_LOBBY"}, (
                payload,
                ack,
            )
    assert refused >= (10 if key in VALID else 3)
    assert player.connected


@pytest.mark.parametrize("key", NOT_THEIRS, ids="/".join)
async def test_ids_that_are_not_theirs_are_none_of_their_business(
    player: socketio.AsyncClient, key: tuple[str, str]
) -> None:
    assert NOT_THEIRS[key] == code_of(await ack_of(player, *key, VALID.get(key, {})))


@pytest.mark.parametrize(
    "name", ["connect", "disconnect", "connect_error", "no_such_event", "__class__", "streams_of", ""]
)
async def test_reserved_and_unknown_events_are_refused_and_never_dispatched(
    player: socketio.AsyncClient, name: str
) -> None:
    for namespace in ("matchmaking", "lobby", "chat", "social"):
        assert code_of(await ack_of(player, namespace, name, {})) == "UNKNOWN_EVENT"
    assert code_of(await ack_of(player, "lobby", "ping", {})) == "success"


async def test_a_two_megabyte_message_ends_its_connection_and_no_other(
    server: MaogaServer, player: socketio.AsyncClient
) -> None:
    async with aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{server.url}/socket.io/?EIO=4&transport=websocket")
        await socket.receive()
        await socket.send_str(f'40/chat,{{"token":"{HUGE}"}}')
        closed = await asyncio.wait_for(socket.receive(), 5)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1009)
    assert code_of(await ack_of(player, "chat", "ping", {})) == "success"


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        (None, "TOKEN_MISSING"),
        ({}, "TOKEN_MISSING"),
        ({"token": ""}, "TOKEN_MISSING"),
        ({"token": 7}, "TOKEN_INVALID"),
        ({"token": "x.y.z"}, "TOKEN_INVALID"),
        ({"token": LONG}, "TOKEN_INVALID"),
        ({"token": "x", "more": 1}, "VALIDATION_ERROR"),
        ({"token": "x", "client": {"name": 1}}, "VALIDATION_ERROR"),
    ],
)
async def test_a_bad_handshake_is_refused_with_its_code(server: MaogaServer, auth: Any, code: str) -> None:
    async with aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{server.url}/socket.io/?EIO=4&transport=websocket")
        await socket.receive()
        await socket.send_str("40/lobby," + (json.dumps(auth) if auth is not None else ""))
        answer = (await socket.receive()).data
        assert answer.startswith("44/lobby,")
        assert code == json.loads(answer.removeprefix("44/lobby,"))["data"]["code"]


BODIES: dict[str, dict[str, Any]] = {
    "/auth/register": {
        "email": "ann@example.org",
        "username": "ann",
        "password": "a long and odd sentence",
        "displayName": "Ann",
    },
    "/auth/login": {"credential": "nobody", "password": "wrong password"},
    "/auth/guest": {"displayName": "Ann"},
    "/auth/refresh": {"refreshToken": "no-token"},
    "/auth/logout": {"refreshToken": "no-token"},
    "/lobbies": VALID["lobby", "create"],
    "/lobbies/{id}/join": {"joinCode": "WRONG234"},
    "/lobbies/{id}/ready": {"ready": True},
}
RAW_BODIES: list[tuple[bytes, str, set[str]]] = [
    (b"{", "application/json", {"BAD_REQUEST"}),
    (b"\xff\xfe", "application/json", {"BAD_REQUEST"}),
    (b"[" * 50_000, "application/json", {"BAD_REQUEST"}),
    (b'{"a": NaN}', "application/json", {"BAD_REQUEST"}),
    (b"null", "application/json", {"VALIDATION_ERROR"}),
    (b"{}", "text/plain", {"UNSUPPORTED_MEDIA_TYPE"}),
    (f'{{"a": "{HUGE}"}}'.encode(), "application/json", {"TOO_LARGE"}),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_every_route_answers_bad_input_with_its_code(server: MaogaServer, route: Any) -> None:
    async with MaogaRest(server.url) as rest, aiohttp.ClientSession(f"{server.url}/api/v1/") as http:
        token = (await rest.guest()).access_token
        headers = {"Authorization": f"Bearer {token}"} if route.auth else {}
        path = re.sub(r"\{\w+\}", new_id(), route.path.lstrip("/"))
        refusal = "API_KEY_INVALID" if route.auth == "key" else "TOKEN_INVALID"

        async def answer(**request: Any) -> str:
            async with http.request(
                route.method, path, headers={**headers, **request.pop("headers", {})}, **request
            ) as r:
                is_file = r.status == 204 or "Content-Disposition" in r.headers
                body = {"status": "success"} if is_file else await r.json()
                assert r.status < 500, body
                assert ("requestId" in body) == (body["status"] == "error")
                return code_of(body)

        if route.auth:
            for value in ("", "Bearer", "Bearer x.y.z", "Basic abc", f"Bearer {LONG[:6000]}"):
                code = await answer(headers={"Authorization": value})
                assert code in {"AUTHENTICATION_REQUIRED", refusal}, (value, code)
        if route.auth == "key" or route.permission:
            return  # nobody makes keys or roles beside a running embedded server; tests/integration/rest has the bodies
        if route.body is None:
            assert await answer(params={"noSuchParameter": "1"}) in {
                "VALIDATION_ERROR",
                "success",
                "NOT_FOUND",
                "NOT_IN_LOBBY",
                *(["UNSUPPORTED_MEDIA_TYPE"] if route.upload else []),
            }
            return
        for raw, kind, codes in RAW_BODIES:
            assert await answer(data=BytesIO(raw), headers={"Content-Type": kind}) in codes, (raw[:40], kind)
        for payload in bad_payloads(BODIES.get(route.path, {})):
            try:
                route.body.parse(payload)
            except ValidationFailed:
                text = json.dumps(payload)
                code = await answer(data=BytesIO(text.encode()), headers={"Content-Type": "application/json"})
                unreadable = "\\ud800" in text or "[[[[" in text
                assert code == ("BAD_REQUEST" if unreadable else "VALIDATION_ERROR"), text[:300]


@pytest.mark.parametrize(
    "raw",
    [
        b"FOO<> / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["method", "tls", "version", "uri", "length", "chunk"],
)
async def test_garbage_on_the_http_port_is_a_400_and_leaves_no_traceback(server: MaogaServer, raw: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(raw)
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/health/live", "/no-such-path", "/socket.io/"])
async def test_a_compressed_body_is_never_inflated(server: MaogaServer, path: str) -> None:
    """Neither a bomb nor garbage: what the server does not inflate cannot blow up in it, nor break."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as http:
        for body in (gzip.compress(b"\0" * 50_000_000), b"not gzip"):
            async with http.post(server.url + path, data=BytesIO(body), headers=headers, compress=None) as response:
                assert response.status in {400, 404, 405, 413, 415}
        async with http.get(f"{server.url}/health/live") as response:
            assert response.status == 200
    assert "Traceback" not in server.log()


async def test_unknown_paths_and_methods_are_told_so(server: MaogaServer) -> None:
    async with aiohttp.ClientSession() as http:
        for method, path, code in [
            ("GET", "/api/v1/no-such-thing", "NOT_FOUND"),
            ("GET", "/api/v1/games/%00", "NOT_FOUND"),
            ("GET", "/api/v1/games/" + "x" * 3000, "NOT_FOUND"),
            ("DELETE", "/api/v1/auth/login", "METHOD_NOT_ALLOWED"),
            ("GET", "/static/../../etc/passwd", "NOT_FOUND"),
        ]:
            async with http.request(method, server.url + path) as response:
                assert code == (await response.json())["error"]["code"], path
