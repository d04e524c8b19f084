"""Every example of the OpenAPI document is sent to a real server, which answers as the document says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from domain.core.clock import SystemClock
from rest.app import ROUTES
from rest.examples import EXAMPLES
from rest.openapi import openapi
from rest.routes import Route
from tests.support.administrator import prepared
from tests.support.example_world import World
from tests.support.igdb import a_record, igdb_server
from tests.support.issuer import AUDIENCE, Issuer, an_issuer
from tests.support.server import maoga_server

DOCUMENT = openapi()

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Running:
    """A server with an administrator.

    key: an API key with every scope. issuer: vouches for players. mails: the folder of what it has sent.
    """

    url: str
    key: str
    issuer: Issuer
    mails: Path


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running() -> AsyncIterator[Running]:
    with TemporaryDirectory(prefix="maoga-examples-") as folder:
        key = await prepared(Path(folder))
        async with an_issuer(SystemClock()) as issuer, igdb_server(a_record(1, "Star Racer")) as igdb:
            studio = {"kind": "oidc", "issuer": issuer.url, "audience": AUDIENCE}
            providers = orjson.dumps({"studio": studio}).decode()
            env = {f"MAOGA_{name.upper()}": str(value) for name, value in igdb.settings.items()}
            with maoga_server(MAOGA_VAR_DIR=folder, MAOGA_IDENTITY_PROVIDERS=providers, **env) as server:
                yield Running(server.url, key, issuer, Path(folder) / "mail")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_the_example_is_answered_as_the_document_says(running: Running, route: Route) -> None:
    async with aiohttp.ClientSession() as http:
        world = await World.create(running.url, http, running.key, running.issuer, running.mails)
        status, content_type, body = await world.send(route, EXAMPLES[f"{route.method} {route.path}"])
    assert status == route.status, body
    described = DOCUMENT["paths"][route.path][route.method.lower()]["responses"][str(status)]
    if "content" not in described:
        assert body == b""
        return
    (kind,) = [kind for kind in described["content"] if content_type.startswith(kind.removesuffix("*"))]
    if kind == "application/json":
        check(described["content"][kind]["schema"], body)


def check(schema: Any, body: Any) -> None:
    """Fails unless the body is as the schema says."""
    faults = Draft202012Validator({**schema, "components": DOCUMENT["components"]}).iter_errors(body)
    assert [f"{fault.json_path}: {fault.message[:300]}" for fault in faults] == []
