"""What surrounds every answer: authentication, limits, ids, headers, log, metrics and health."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import jwt
import pytest

from domain.core.limits import Limit
from rest.app import ROUTES
from rest.routes import LIMITS, SHARED
from tests.integration.rest.conftest import CONFIG, Api, serving
from tests.support.accounts import KEY, PASSWORD, Accounts

PROTECTED = [route for route in ROUTES if route.auth]


@pytest.mark.parametrize("route", PROTECTED, ids=lambda route: f"{route.method} {route.path}")
async def test_a_protected_route_asks_for_a_token(api: Api, route: Any) -> None:
    answer = await api.call(route.method, re.sub(r"{\w+}", "apex", route.path)[1:])
    assert (answer.status, answer.code) == (401, "AUTHENTICATION_REQUIRED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "\u00e4"])
async def test_only_a_bearer_token_authenticates(api: Api, header: str) -> None:
    answer = await api.get("users/me", headers={"Authorization": header})
    assert (answer.status, answer.code) == (401, "AUTHENTICATION_REQUIRED")


async def test_a_token_elsewhere_does_not_authenticate(api: Api) -> None:
    token = (await api.register())["accessToken"]
    answer = await api.get("users/me?access_token=" + token, headers={"Cookie": f"token={token}; session={token}"})
    assert answer.code == "AUTHENTICATION_REQUIRED"


async def test_tampered_tokens_are_invalid_and_old_ones_expired(api: Api) -> None:
    token = (await api.register())["accessToken"]
    claims, headers = jwt.decode(token, options={"verify_signature": False}), jwt.get_unverified_header(token)
    forgeries = [
        jwt.encode(claims, "", "none", headers=headers | {"alg": "none"}),
        jwt.encode(claims, b"another key that is also long enough", "HS256", headers=headers),
        jwt.encode(claims | {"aud": "others"}, KEY, "HS256", headers=headers),
        jwt.encode(claims | {"iss": "others"}, KEY, "HS256", headers=headers),
        jwt.encode(claims, KEY, "HS256"),
        token[:-4] + "AAAA",
        "garbage",
    ]
    for forgery in forgeries:
        answer = await api.get("users/me", token=forgery)
        assert (answer.status, answer.code) == (401, "TOKEN_INVALID")
    assert (await api.get("users/me", token=jwt.encode(claims, KEY, "HS256", headers=headers))).status == 200
    api.accounts.clock.advance(901)
    assert (await api.get("users/me", token=token)).code == "TOKEN_EXPIRED"


async def test_another_instance_refuses_an_ended_session_within_a_second(api: Api) -> None:
    session = await api.register()
    async with serving(replace(api.accounts, auth=api.accounts.another_instance())) as other:
        assert (await other.get("users/me", token=session["accessToken"])).status == 200
        await api.post("auth/logout", token=session["accessToken"])
        api.accounts.clock.advance(1)
        assert (await other.get("users/me", token=session["accessToken"])).code == "TOKEN_REVOKED"


async def test_a_sane_request_id_is_kept_and_any_other_replaced(api: Api) -> None:
    assert (await api.get("games", headers={"X-Request-Id": "trace-1234.a_b"})).headers[
        "X-Request-Id"
    ] == "trace-1234.a_b"
    for odd in ("", "short", "x" * 65, "with space", "new\tline", "<script>"):
        answer = await api.get("nothing", headers={"X-Request-Id": odd})
        assert len(answer.headers["X-Request-Id"]) == 36
        assert answer.code == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/health/live", "/nothing", "/api/v1/users/me", "/api/v1/games"])
async def test_every_answer_carries_the_security_headers(api: Api, path: str) -> None:
    headers = (await api.get(path)).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == ("private, no-cache" if path == "/api/v1/games" else "no-store")
    assert headers["Server"] == "maoga"
    assert "Strict-Transport-Security" not in headers


async def test_production_insists_on_tls(accounts: Accounts) -> None:
    async with serving(accounts, replace(CONFIG, production=True)) as api:
        assert "max-age=" in (await api.get("/health/live")).headers["Strict-Transport-Security"]


async def test_browsers_of_allowed_origins_may_call(api: Api) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in ("auth/login", "users/me", "nothing"):
        answer = await api.call("OPTIONS", path, headers=preflight | {"Origin": "https://game.example"})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "https://game.example")
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    answer = await api.get("nothing", headers={"Origin": "https://game.example"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, "https://game.example")
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://game.example.evil", "http://game.example"])
async def test_browsers_of_other_origins_may_not(api: Api, origin: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert "Access-Control-Allow-Origin" not in (await api.call("OPTIONS", "games", headers=headers)).headers
    assert "Access-Control-Allow-Origin" not in (await api.get("games", headers={"Origin": origin})).headers


async def test_head_answers_like_get_without_a_body(api: Api) -> None:
    answer = await api.call("HEAD", "games")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


async def test_a_request_is_logged_without_its_secrets(api: Api, logs: list[Any]) -> None:
    session = await api.register()
    await api.post("auth/login", {"credential": "ada", "password": PASSWORD})
    await api.get("users/me?token=s3cret", token=session["accessToken"], headers={"User-Agent": "game\u202e/1"})
    await api.post("auth/refresh", {"refreshToken": session["refreshToken"]})
    told = str([(record["message"], record["extra"]) for record in logs])
    for secret in (PASSWORD, "s3cret", session["accessToken"], session["refreshToken"]):
        assert secret not in told
    extra = next(record["extra"] for record in logs if record["extra"].get("route") == "/api/v1/users/me")
    assert extra["user"] == session["user"]["id"]
    assert (extra["method"], extra["status"], extra["address"]) == ("GET", 200, "127.0.0.1")
    assert extra["user_agent"] == "game?/1"
    assert len(extra["request"]) == 36


async def test_metrics_name_the_route_and_never_the_path(api: Api) -> None:
    for path in ("games/apex", "games/nothing", "nothing/at/all"):
        await api.get(path)
    await api.call("PROPFIND", "games/apex")
    assert api.metrics.seen == [
        ("GET", "/api/v1/games/{id}", 200),
        ("GET", "/api/v1/games/{id}", 404),
        ("GET", "unmatched", 404),
        ("OTHER", "unmatched", 405),
    ]


async def test_an_unexpected_failure_is_logged_and_told_without_its_cause(
    api: Api, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inside of the server")

    monkeypatch.setattr(api.accounts.users, "get", broken)
    token = (await api.register())["accessToken"]
    answer = await api.get("users/me", token=token)
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert "inside" not in str(answer.body)
    assert [record["exception"].type for record in logs if record["exception"]] == [RuntimeError]


async def test_developers_are_told_where_an_unexpected_failure_came_from(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inside of the server")

    async with serving(accounts, replace(CONFIG, debug=True)) as api:
        monkeypatch.setattr(api.accounts.users, "get", broken)
        answer = await api.get("users/me", token=(await api.register())["accessToken"])
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert answer.error["details"]["stack"].startswith("Traceback")
    assert "the inside of the server" in answer.error["details"]["stack"]


async def test_an_address_is_limited_and_told_when_to_come_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "read", Limit(3, 60))
    assert [(await api.get("games")).status for _ in range(3)] == [200] * 3
    answer = await api.get("games")
    assert (answer.status, answer.code) == (429, "RATE_LIMITED")
    assert 0 < answer.error["details"]["retryInMs"] <= int(answer.headers["Retry-After"]) * 1000 <= 21_000


async def test_users_are_limited_each_on_their_own(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await api.register("ada"), await api.register("bob")
    monkeypatch.setitem(LIMITS, "read", Limit(2, 60))
    assert [(await api.get("users/me", token=ada["accessToken"])).status for _ in range(3)] == [200, 200, 429]
    assert (await api.get("users/me", token=bob["accessToken"])).status == 200


async def test_one_who_plays_many_users_gets_only_so_far(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "write", Limit(2, 60))
    monkeypatch.setitem(SHARED, "write", 2)
    async with serving(accounts, replace(CONFIG, trusted_proxies=1)) as api:
        tokens = [(await api.register(name))["accessToken"] for name in ("ada", "bob", "cid")]
        statuses = [
            (await api.post("notifications/read-all", token=token, headers={"X-Forwarded-For": address})).status
            for address in ("203.0.113.1", "203.0.113.2")
            for token in tokens
            for _ in range(2)
            if address.endswith("1") or token == tokens[2]
        ]
    assert statuses == [200, 200, 200, 200, 429, 429, 429, 429], "the third has spent their own on being refused"


async def test_guessing_at_tokens_is_limited_by_address(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS, "read", Limit(2, 60))
    assert [(await api.get("users/me", token="guess")).status for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [200, 200, 429, 429]), (1, [200, 200, 429, 429])])
async def test_a_forged_forwarding_header_evades_no_limit(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, proxies: int, statuses: list[int]
) -> None:
    """A client writes what it likes into X-Forwarded-For; only what trusted proxies appended counts."""
    monkeypatch.setitem(LIMITS, "read", Limit(2, 60))
    async with serving(accounts, replace(CONFIG, trusted_proxies=proxies)) as api:
        appended = ", 198.51.100.7" if proxies else ""
        answers = [await api.get("games", headers={"X-Forwarded-For": f"203.0.113.{n}{appended}"}) for n in range(4)]
        assert [answer.status for answer in answers] == statuses


async def test_clients_behind_a_trusted_proxy_are_told_apart(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "read", Limit(1, 60))
    async with serving(accounts, replace(CONFIG, trusted_proxies=1)) as api:
        for n in range(3):
            assert (await api.get("games", headers={"X-Forwarded-For": f"203.0.113.{n}"})).status == 200
        assert (await api.get("games", headers={"X-Forwarded-For": "203.0.113.0"})).status == 429


async def test_a_login_behind_forged_headers_is_throttled(api: Api) -> None:
    wrong = {"credential": "ada", "password": "wrong"}
    codes = [
        (await api.post("auth/login", wrong, headers={"X-Forwarded-For": f"203.0.113.{n}"})).code for n in range(6)
    ]
    assert codes[-1] == "RATE_LIMITED"


async def test_readiness_names_the_check_that_fails(accounts: Accounts) -> None:
    async def well() -> None:
        return

    async def broken() -> None:
        raise OSError("secret host name")

    async def hanging() -> None:
        await asyncio.Event().wait()

    async with serving(accounts, checks={"documents": well}) as api:
        for path in ("/health/live", "/health/ready", "/health"):
            assert (await api.get(path)).status == 200
    async with serving(accounts, checks={"documents": well, "redis": broken, "streams": hanging}) as api:
        assert (await api.get("/health/live")).status == 200
        for path in ("/health/ready", "/health"):
            answer = await api.get(path)
            assert (answer.status, answer.code) == (503, "UNAVAILABLE")
            assert {fault["field"] for fault in answer.error["details"]} == {"redis", "streams"}
            assert "secret" not in str(answer.body)
