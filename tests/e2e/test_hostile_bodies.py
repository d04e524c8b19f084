"""Every field of every body, filled with what attackers send: a 4xx with its envelope, and never anything else.

The bodies are the examples of the OpenAPI document, so that a new route is tried as soon as it has one.
"""

import asyncio
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from clients.python.rest import MaogaRest
from domain.core.errors import ValidationFailed
from rest.app import ROUTES
from rest.examples import EXAMPLES
from rest.failures import PARAMETER
from rest.routes import Route
from tests.support.accounts import PASSWORD
from tests.support.administrator import USERNAME, prepared
from tests.support.server import MaogaServer, maoga_server

WITH_BODY = [route for route in ROUTES if route.body and EXAMPLES[f"{route.method} {route.path}"].body]

OPERATORS: list[Any] = [{"$gt": ""}, {"$ne": None}, {"$regex": ".*"}, {"$where": "sleep(9999)"}, [{"$ne": 1}]]
PROTOTYPES: list[Any] = [{"__proto__": {"admin": True}}, {"constructor": {"prototype": {"admin": True}}}]
UNICODE: list[Any] = [
    "\u202egnp.exe",
    "\ufeff",
    "a\u0000b",
    "Z" + "\u0351\u036b\u0343" * 60,
    "\U0001f469\u200d" * 100,
    "\ufdfa" * 64,
    "\u0130\u0131\u00df\u017f",
    "\u2028\u2029",
]
OVERSIZED: list[Any] = ["x" * 50_000, ["x"] * 10_000, {f"k{n}": n for n in range(5000)}, -(2**63) - 1, 1e308]
KEYS = ("$set", "$where", "__proto__", "constructor", "toString", "a.b", "\u0000", "")

AT_ONCE = 8
LIMIT_BYTES = 65_536


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("hostile")
    await prepared(folder)
    with maoga_server(MAOGA_VAR_DIR=str(folder), MAOGA_RATE_LIMIT_SCALE="0") as running:
        yield running


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a body has something, outermost first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(body: Any, path: tuple[Any, ...]) -> Any:
    """What a body has there."""
    for key in path:
        body = body[key]
    return body


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with something else there."""
    changed = deepcopy(body)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def hostile(body: dict[str, Any]) -> Iterator[Any]:
    """The body with something hostile in each place, and with something more in each object."""
    for path in places(body):
        for value in (*OPERATORS, *PROTOTYPES, *UNICODE, *OVERSIZED):
            yield put(body, path, value)
    for path in ((), *(path for path in places(body) if isinstance(at(body, path), dict))):
        for key in KEYS:
            yield put(body, (*path, key), {"$gt": ""})


def unreadable(body: dict[str, Any]) -> Iterator[str]:
    """What readers disagree on, or should not follow: keys that stand twice, half a character, deep nesting."""
    first = next(iter(body))
    for value in ("\udfff", 10**400):
        yield json.dumps({**body, first: value})
    yield f'{{"{first}": {json.dumps(body[first])}, {json.dumps(body)[1:]}'
    for depth in (33, 500, 20_000):
        yield f'{{"{first}": {"[" * depth}{"]" * depth}}}'


def expected(route: Route, value: Any) -> set[int]:
    """What may be answered to a body."""
    if len(json.dumps(value)) > LIMIT_BYTES:
        return {413}
    try:
        assert route.body
        route.body.parse(value)
    except ValidationFailed:
        return {422}
    return {200, 201, 202, 204, 401, 403, 404, 409, 422, 503}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: f"{route.method} {route.path}")
async def test_hostile_bodies_are_refused(server: MaogaServer, route: Route) -> None:
    example = EXAMPLES[f"{route.method} {route.path}"]
    url = f"{server.url}/api/v1" + PARAMETER.sub(example.id or "", route.path)
    gate = asyncio.Semaphore(AT_ONCE)
    wrong: list[Any] = []

    async def send(text: str, statuses: set[int]) -> None:
        async with gate, http.request(route.method, url, data=text.encode(), headers=headers) as response:
            answer: Any = await response.json() if response.status != 204 else {"status": "success"}
        told = response.status >= 400 and bool(answer["error"]["code"] and answer["requestId"])
        if response.status not in statuses or told != (answer["status"] == "error"):
            wrong.append((text[:200], response.status, answer))

    async with aiohttp.ClientSession() as http, MaogaRest(server.url, http) as rest:
        token = (await rest.login(USERNAME, PASSWORD)).access_token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if route.auth == "key":
            made: Any = await rest._call("POST", "/admin/api-keys", {"name": "x", "scopes": [route.scope]}, token)
            headers["Authorization"] = f"Bearer {made['secret']}"
        body = dict(example.body or {})
        sent = [(json.dumps(value), expected(route, value)) for value in hostile(body)]
        await asyncio.gather(*(send(*one) for one in sent), *(send(text, {400}) for text in unreadable(body)))
    assert wrong == []


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: f"{route.method} {route.path}")
def test_no_text_or_number_may_be_an_operator(route: Route) -> None:
    """The rule itself: where a value is wanted, an object never gets by."""
    body = dict(EXAMPLES[f"{route.method} {route.path}"].body or {})
    for path in places(body):
        if isinstance(at(body, path), str | int | float):
            for value in OPERATORS + PROTOTYPES:
                with pytest.raises(ValidationFailed):
                    assert route.body
                    route.body.parse(put(body, path, value))
