"""Tokens at the doors of real servers: tampered ones, those of a rotated key, and the reuse of spent ones."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest

from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from clients.python.session import Session
from tests.e2e.conftest import Start, a_guest
from tests.support.forgery import forged
from tests.support.wait import eventually

KEY = "a-key-of-the-tests-that-is-long-enough-for-anybody"
NEXT = "the-next-key-of-the-tests-that-is-just-as-long-too"
OTHER = b"somebody else's key of more than thirty-two bytes"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def at_rest(http: aiohttp.ClientSession, url: str, token: str) -> str:
    """What `GET /users/me` makes of a token: a code, or "ok"."""
    async with http.get(f"{url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}) as response:
        body = await response.json()
        return "ok" if response.status == 200 else str(body["error"]["code"])


async def connected(http: aiohttp.ClientSession, url: str, token: str) -> aiohttp.ClientWebSocketResponse:
    """A connection that has asked to be let into /social with the token."""
    socket = await http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket")
    await socket.receive(timeout=10)
    await socket.send_str("40/social," + json.dumps({"token": token}))
    return socket


async def at_connect(http: aiohttp.ClientSession, url: str, token: str) -> str:
    """What a CONNECT makes of a token: a code, or "ok"."""
    socket = await connected(http, url, token)
    answer = (await socket.receive(timeout=10)).data
    await socket.close()
    return "ok" if answer.startswith("40/social,") else str(json.loads(answer.partition(",")[2])["data"]["code"])


async def at_both(http: aiohttp.ClientSession, url: str, token: str) -> set[str]:
    return {await at_rest(http, url, token), await at_connect(http, url, token)}


async def test_a_tampered_token_opens_no_door(start: Start, http: aiohttp.ClientSession) -> None:
    url, key = start(MAOGA_SECRET_KEY=KEY).url, KEY.encode()
    token = (await a_guest(url)).access_token
    assert await at_both(http, url, token) == {"ok"}
    assert await at_both(http, url, forged(token, key)) == {"ok"}, "the forger knows how, and has the key"
    tampered: list[tuple[str, dict[str, Any]]] = [
        ("alg none", {"algorithm": "none"}),
        ("alg nOnE", {"algorithm": "nOnE"}),
        ("another algorithm", {"algorithm": "HS512"}),
        ("another key", {"key": OTHER}),
        ("no kid", {"headers": {"kid": None}}),
        ("an unknown kid", {"headers": {"kid": "0" * 16}}),
        ("a path for a kid", {"headers": {"kid": "../../../dev/null"}, "key": b""}),
        ("a query for a kid", {"headers": {"kid": "x' union select 'AAAA"}, "key": b"AAAA"}),
        ("an object for a kid", {"headers": {"kid": {"$ne": ""}}}),
        ("a key of its own", {"headers": {"jwk": {"kty": "oct", "k": "QUFBQQ"}}, "key": b"AAAA"}),
        (
            "a place to get the key",
            {"headers": {"jku": "http://127.0.0.1:1/"}, "key": OTHER},
        ),
        ("another type", {"headers": {"typ": "JWT"}}),
        ("another audience", {"aud": "somebody else"}),
        ("another issuer", {"iss": "somebody else"}),
        ("no expiry", {"exp": None}),
        ("an endless life", {"exp": 10**18}),
        ("no session", {"sid": None}),
        ("more than we say", {"admin": True}),
    ]
    for what, changes in tampered:
        assert await at_both(http, url, forged(token, **{"key": key, **changes})) == {"TOKEN_INVALID"}, what
    header, claims, mac = token.split(".")
    promoted = forged(token, OTHER, role="admin").split(".")[1]
    assert await at_both(http, url, f"{header}.{promoted}.{mac}") == {"TOKEN_INVALID"}
    assert await at_both(http, url, f"{header}.{claims}.") == {"TOKEN_INVALID"}
    assert await at_both(http, url, forged(token, key, exp=1_000_000_000)) == {"TOKEN_EXPIRED"}
    assert await at_both(http, url, forged(token, key, sid="nobodys")) == {"TOKEN_REVOKED"}
    assert await at_both(http, url, forged(token, key, role="admin")) == {"ok"}
    async with MaogaRest(url, http) as rest:
        await rest.logout(token)
    assert await at_both(http, url, token) == {"TOKEN_REVOKED"}


async def test_a_key_is_rotated_and_nobody_is_logged_out(
    start: Start, http: aiohttp.ClientSession, shared: dict[str, str]
) -> None:
    """Two neighbours of each step run at once, as in a rolling restart, and take one another's tokens."""
    old = start(**shared | {"MAOGA_SECRET_KEY": KEY, "MAOGA_SECRET_KEYS_ACCEPTED": NEXT}).url
    new = start(**shared | {"MAOGA_SECRET_KEY": NEXT, "MAOGA_SECRET_KEYS_ACCEPTED": KEY}).url
    first = await a_guest(old)
    assert await at_both(http, new, first.access_token) == {"ok"}
    second = await refreshed(http, new, first)
    assert await at_both(http, old, second.access_token) == {"ok"}
    kids = [jwt.get_unverified_header(session.access_token)["kid"] for session in (first, second)]
    assert kids[0] != kids[1]
    last = start(**shared | {"MAOGA_SECRET_KEY": NEXT}).url
    assert await at_both(http, last, second.access_token) == {"ok"}
    assert (await refreshed(http, last, second)).user_id == first.user_id
    assert await at_both(http, last, first.access_token) == {"TOKEN_INVALID"}, "its key is gone"


async def test_the_reuse_of_a_spent_token_ends_its_session_everywhere(
    start: Start, http: aiohttp.ClientSession, shared: dict[str, str]
) -> None:
    a, b = start(**shared).url, start(**shared).url
    stolen = await a_guest(a)
    second = await refreshed(http, b, stolen)
    newest = await refreshed(http, a, second)
    socket = await connected(http, b, newest.access_token)
    assert (await socket.receive(timeout=10)).data.startswith("40/social,")
    with pytest.raises(MaogaError, match="TOKEN_REVOKED"):
        await refreshed(http, a, stolen)
    told = [message.data async for message in socket]
    assert any('"kicked"' in frame and "token_reused" in frame for frame in told), told
    for url in (a, b):
        with pytest.raises(MaogaError, match="TOKEN_REVOKED"):
            await refreshed(http, url, newest)

        async def refused(url: str = url) -> bool:
            return await at_both(http, url, newest.access_token) == {"TOKEN_REVOKED"}

        await eventually(refused)


async def refreshed(http: aiohttp.ClientSession, url: str, session: Session) -> Session:
    """The session that its refresh token gets."""
    async with MaogaRest(url, http) as rest:
        return await rest.refresh(session.refresh_token or "")
