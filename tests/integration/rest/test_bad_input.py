"""Whatever comes in, an envelope with a stable code goes out, and nothing is logged as an error."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from rest.app import ROUTES
from tests.integration.rest.conftest import Api
from tests.support.accounts import PASSWORD

BODIES = [route for route in ROUTES if route.body]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def no_error_is_logged(logs: list[Any]) -> Iterator[None]:
    yield
    assert [record["message"] for record in logs if record["level"].no >= 30 or record["exception"]] == []


@pytest.fixture
async def token(api: Api) -> str:
    """That of an administrator, so that no route refuses before it has read the body."""
    session = await api.register("tester")
    await api.accounts.change_user(session["user"]["id"], {"$set": {"roles": ["admin"]}})
    return str(session["accessToken"])


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "BAD_REQUEST"),
        (b"\xff\xfe", JSON, 400, "BAD_REQUEST"),
        (b'{"a":NaN}', JSON, 400, "BAD_REQUEST"),
        (b'{"a":1,"a":2}', JSON, 400, "BAD_REQUEST"),
        (b'{"x":{"a":1,"a":2}}', JSON, 400, "BAD_REQUEST"),
        (b'{"a":"\\ud800"}', JSON, 400, "BAD_REQUEST"),
        (b"[" * 30_000, JSON, 400, "BAD_REQUEST"),
        (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", JSON, 400, "BAD_REQUEST"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", JSON, 400, "BAD_REQUEST"),
        (b"{}garbage", JSON, 400, "BAD_REQUEST"),
        (b"null", JSON, 422, "VALIDATION_ERROR"),
        (b"[]", JSON, 422, "VALIDATION_ERROR"),
        (b'"text"', JSON, 422, "VALIDATION_ERROR"),
        (b"1e999", JSON, 400, "BAD_REQUEST"),
        (b'{"unknown":1}', JSON, 422, "VALIDATION_ERROR"),
        (b'{"__proto__":{"admin":true}}', JSON, 422, "VALIDATION_ERROR"),
        (b'{"$where":"1"}', JSON, 422, "VALIDATION_ERROR"),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", {"Content-Type": ""}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"a":"' + b"x" * 2_000_000 + b'"}', JSON, 413, "TOO_LARGE"),
        (b"not gzip", JSON | {"Content-Encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_body_nobody_can_mean_is_refused(
    api: Api, token: str, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    key, answers = await api.key(), {}
    for route in BODIES:
        path = re.sub(r"\{\w+\}", "match", route.path)[1:]
        bearer = key if route.auth == "key" else token
        answer = await api.call(route.method, path, token=bearer, data=BytesIO(body), headers=headers)
        answers[f"{route.method} {route.path}"] = (answer.status, answer.code)
    assert answers == dict.fromkeys(answers, (status, code))


@pytest.mark.parametrize("wrong", [1, True, [], {}, {"$gt": ""}, "", "x" * 20_000, "\u0000"], ids=lambda v: repr(v)[:9])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("auth/register", {"email", "username", "password"}),
        ("auth/register", {"displayName"}),
        ("auth/login", {"credential", "password"}),
        ("auth/guest", {"displayName"}),
        ("auth/refresh", {"refreshToken"}),
        ("auth/logout", {"refreshToken"}),
    ],
)
async def test_a_field_of_the_wrong_kind_is_named(
    api: Api, token: str, path: str, fields: set[str], wrong: Any
) -> None:
    valid = {"email": "a@example.test", "username": "ada", "password": PASSWORD} if path == "auth/register" else {}
    answer = await api.post(path, valid | dict.fromkeys(fields, wrong), token=token)
    if wrong == "\u0000" and path in {"auth/refresh", "auth/logout"}:
        assert (answer.status, answer.code) == (401, "TOKEN_INVALID")
    else:
        assert answer.faults == fields


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("auth/register", {"email", "username", "password"}),
        ("auth/login", {"credential", "password"}),
        ("auth/refresh", {"refreshToken"}),
    ],
)
@pytest.mark.parametrize("body", [{}, None], ids=["missing", "null"])
async def test_every_missing_field_is_named_at_once(api: Api, path: str, fields: set[str], body: Any) -> None:
    answer = await api.post(path, {} if body == {} else dict.fromkeys(fields))
    assert answer.faults == fields


async def test_every_fault_of_a_registration_is_told_at_once(api: Api) -> None:
    body = {"email": "nobody", "username": "a b", "displayName": "\u202e", "password": "", "admin": True}
    answer = await api.post("auth/register", body)
    assert answer.faults == {"email", "username", "displayName", "password", "admin"}
    assert "nobody" not in str(answer.body), "what was typed is not echoed"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=x", 422),
        ("limit=", 422),
        ("limit=1&limit=2", 400),
        ("cursor=x", 422),
        ("cursor=" + "A" * 600, 422),
        ("cursor=W251bGwsbnVsbF0", 422),
        ("cursor=%00", 422),
        ("surprise=1", 422),
    ],
)
async def test_a_query_nobody_can_mean_is_refused(api: Api, query: str, status: int) -> None:
    assert (await api.get(f"games?{query}")).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/games",
        "/api/v1/games/a%2Fb",
        "/api/v1/games/%00",
        "/api/v1/games/%ff",
        "/api/v1/games/" + "x" * 65,
    ],
)
async def test_an_unknown_address_is_not_found(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_a_method_the_route_does_not_take_is_refused(api: Api) -> None:
    answers = {}
    for route in ROUTES:
        answer = await api.call("TRACE", re.sub(r"{\w+}", "apex", route.path)[1:])
        answers[f"{route.method} {route.path}"] = (
            answer.status,
            answer.code,
            route.method in answer.headers.get("Allow", ""),
        )
    assert answers == dict.fromkeys(answers, (405, "METHOD_NOT_ALLOWED", True))


async def test_both_prefixes_serve_the_same(api: Api) -> None:
    assert (await api.get("/api/games")).body == (await api.get("/api/v1/games")).body
