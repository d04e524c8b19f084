"""What every answer brings along: its tag, its encoding, what is left of the limit, and whether the route will go."""

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import brotli  # type: ignore[import-untyped]
import orjson
import pytest
from aiohttp import ClientSession

from domain.core.limits import Limit
from rest import app
from rest.compression import preferred
from rest.routes import LIMITS, Deprecation
from tests.integration.rest.conftest import CONFIG, Api, serving
from tests.support.accounts import PASSWORD, Accounts


@pytest.mark.parametrize("path", ["users/me", "games/apex", "games?limit=3", "notifications", "lobbies"])
async def test_who_has_the_answer_is_not_sent_it_again(api: Api, path: str) -> None:
    token = (await api.register())["accessToken"]
    first = await api.get(path, token=token)
    assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache")
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await api.get(path, token=token, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert (await api.get(path, token=token, headers={"If-None-Match": '"other"'})).body == first.body


async def test_what_has_changed_is_sent(api: Api) -> None:
    token = (await api.register())["accessToken"]
    tag = (await api.get("users/me/notification-settings", token=token)).headers["ETag"]
    await api.call("PUT", "users/me/notification-settings", token=token, json={"mention": False})
    after = await api.get("users/me/notification-settings", token=token, headers={"If-None-Match": tag})
    assert (after.status, after.data["mention"]) == (200, False)


async def test_me_changes_with_each_of_the_settings_in_it(api: Api) -> None:
    one: Any = {"token": (await api.register())["accessToken"]}
    first = await api.get("users/me", **one)
    assert first.data["privacy"] == (await api.get("users/me/privacy", **one)).data
    assert first.data["notificationSettings"] == (await api.get("users/me/notification-settings", **one)).data
    await api.call("PATCH", "users/me/privacy", json={"profile": "nobody"}, **one)
    second = await api.get("users/me", headers={"If-None-Match": first.headers["ETag"]}, **one)
    assert (second.status, second.data["privacy"]["profile"]) == (200, "nobody")
    await api.call("PUT", "users/me/notification-settings", json={"mention": False}, **one)
    third = await api.get("users/me", headers={"If-None-Match": second.headers["ETag"]}, **one)
    assert (third.status, third.data["notificationSettings"]["mention"]) == (200, False)
    assert third.data["privacy"] == second.data["privacy"]


async def test_a_refusal_has_no_tag_and_is_not_kept(api: Api) -> None:
    answer = await api.get("games/nothing")
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture
async def raw(api: Api) -> Any:
    """Asks for a path with an `Accept-Encoding`: (status, headers, the body as it came over the line)."""
    async with ClientSession(auto_decompress=False) as client:

        async def ask(path: str, accepted: str, **headers: str) -> tuple[int, Any, bytes]:
            async with client.get(api.url + path, headers={"Accept-Encoding": accepted, **headers}) as response:
                return response.status, response.headers, await response.read()

        yield ask


async def test_long_answers_are_compressed_as_the_client_likes(raw: Any) -> None:
    _, _, plain = await raw("/api/v1/games", "identity")
    assert len(plain) > 4096
    for accepted, coding, unpack in (
        ("gzip, deflate", "gzip", gzip.decompress),
        ("gzip, br", "br", brotli.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("*", "br", brotli.decompress),
    ):
        status, headers, body = await raw("/api/v1/games", accepted)
        assert (status, headers["Content-Encoding"]) == (200, coding)
        assert (unpack(body), int(headers["Content-Length"])) == (plain, len(body))
        assert len(body) < len(plain) / 3
        assert "Accept-Encoding" in headers["Vary"]


async def test_a_compressed_answer_is_known_by_its_tag(raw: Any) -> None:
    _, headers, _ = await raw("/static/app/main.js", "gzip")
    assert headers["ETag"].startswith('W/"')
    status, _, body = await raw("/static/app/main.js", "gzip", **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/games/nothing"])
async def test_short_answers_are_not_worth_it(raw: Any, path: str) -> None:
    assert "Content-Encoding" not in (await raw(path, "gzip"))[1]


async def test_answers_with_tokens_are_never_compressed(api: Api) -> None:
    """Nor could what the client wrote be told from them by their length."""
    body = {"email": "ada@example.test", "username": "ada", "password": "plough kiwi tundra", "displayName": "a" * 32}
    answer = await api.post("auth/register", body, headers={"Accept-Encoding": "br"})
    assert answer.status == 201
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("", None), ("identity", None), ("br;q=0", None), ("br;q=x", None), ("GZIP;Q=0.1", "gzip"), ("*;q=0", None)],
)
def test_what_the_client_accepts_is_believed(accepted: str, coding: str | None) -> None:
    assert preferred(accepted) == coding


async def test_every_answer_says_what_is_left_of_the_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the one that comes when nothing is."""
    monkeypatch.setitem(LIMITS, "read", Limit(3, 60))
    answers = [await api.get(path) for path in ("games", "games/nothing", "games", "games")]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"read";q=3;w=60'}
    limits = [answer.headers["RateLimit"] for answer in answers]
    assert [limit.partition(";t=")[0] for limit in limits] == [f'"read";r={left}' for left in (2, 1, 0, 0)]
    assert [int(limit.partition(";t=")[2]) <= 60 for limit in limits] == [True] * 4
    assert "RateLimit" not in (await api.get("/health/live")).headers


@pytest.fixture
def endangered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`GET /games/{id}` will go."""
    ending = Deprecation(
        datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC), successor="/api/v2/games/{id}"
    )
    routes = [replace(route, deprecated=ending if route.path == "/games/{id}" else None) for route in app.ROUTES]
    monkeypatch.setattr(app, "ROUTES", tuple(routes))
    return iter(())


@pytest.mark.usefixtures("endangered")
async def test_a_route_that_will_go_says_so_in_every_answer(accounts: Accounts) -> None:
    async with serving(accounts) as api:
        for path in ("games/apex", "games/nothing"):
            headers = (await api.get(path)).headers
            assert headers["Deprecation"] == "@1893456000"
            assert headers["Sunset"] == "Wed, 01 Jan 2031 00:00:00 GMT"
            assert headers["Link"] == '</api/v2/games/{id}>; rel="successor-version"'
        assert "Deprecation" not in (await api.get("games")).headers


async def test_a_slow_request_is_a_warning(accounts: Accounts, logs: list[Any]) -> None:
    async def slow() -> None:
        await asyncio.sleep(0.02)

    async with serving(accounts, replace(CONFIG, slow_ms=10), checks={"slow": slow}) as api:
        await api.get("/health/ready")
    (told,) = [record for record in logs if record["level"].name == "WARNING"]
    assert told["message"].startswith("slow: GET /health/ready 200")


@pytest.mark.parametrize(
    "request_line",
    [b"FOO<> / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"],
)
async def test_what_is_no_http_gets_the_envelope_as_well(api: Api, request_line: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(request_line)
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert b" 400 " in head.splitlines()[0]
    assert b"X-Content-Type-Options: nosniff" in head
    answer = orjson.loads(body)
    assert (answer["status"], answer["error"]["code"]) == ("error", "BAD_REQUEST")
    assert answer["requestId"].encode() in head


@pytest.mark.parametrize("path", ["api/v1/auth/login", "api/v1/nothing", "health/live"])
async def test_a_request_that_expects_too_much_is_refused_in_the_envelope(api: Api, path: str) -> None:
    answer = await api.post(f"/{path}", {}, headers={"Expect": "200-ok"})
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Connection"]) == ("nosniff", "close")


async def test_a_client_may_wait_for_leave_to_go_on(api: Api) -> None:
    body = {"email": "ada@example.test", "username": "ada", "password": PASSWORD}
    assert (await api.post("auth/register", body, expect100=True)).status == 201


async def test_a_path_of_its_own_takes_no_method_of_its_neighbours(api: Api) -> None:
    """`DELETE /friends/requests` is not `DELETE /friends/{id}` of a player called so."""
    token = (await api.register())["accessToken"]
    answer = await api.call("DELETE", "friends/requests", token=token)
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}


async def test_the_documents_are_served(api: Api) -> None:
    assert (await api.get("/openapi.json")).body["openapi"] == "3.1.0"
    assert (await api.get("/asyncapi.json")).body["asyncapi"] == "3.1.0"
    assert (await api.get("/docs/openapi.json")).body["openapi"] == "3.0.3"
