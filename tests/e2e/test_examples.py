"""Every example of the OpenAPI document is sent to a real server, which answers as the document says."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from domain.auth.api_keys import SCOPES
from domain.auth.commands import Register
from rest.app import ROUTES
from rest.examples import EXAMPLES
from rest.openapi import openapi
from rest.routes import Route
from tests.support.accounts import PASSWORD
from tests.support.cores import a_core
from tests.support.example_world import World
from tests.support.server import maoga_server

DOCUMENT = openapi()


@dataclass(frozen=True)
class Running:
    """A server with an administrator. key: an API key with every scope."""

    url: str
    key: str


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with TemporaryDirectory(prefix="maoga-examples-") as folder:
        key = asyncio.run(_prepared(Path(folder)))
        with maoga_server(MAOGA_VAR_DIR=folder) as server:
            yield Running(server.url, key)


async def _prepared(folder: Path) -> str:
    """Makes the administrator, and the key that is returned."""
    async with a_core(folder) as core:
        command = Register.parse({"email": "root@example.test", "username": "root", "password": PASSWORD})
        await core.auth.create_account(command, roles=("admin",))
        return await core.keys.create("examples", SCOPES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_the_example_is_answered_as_the_document_says(running: Running, route: Route) -> None:
    async with aiohttp.ClientSession() as http:
        world = await World.create(running.url, http, running.key)
        status, content_type, body = await world.send(route, EXAMPLES[f"{route.method} {route.path}"])
    assert status == route.status, body
    described = DOCUMENT["paths"][route.path][route.method.lower()]["responses"][str(status)]
    if "content" not in described:
        assert body == b""
        return
    (kind,) = described["content"]
    assert content_type.startswith(kind.removesuffix("*"))
    if kind == "application/json":
        check(described["content"][kind]["schema"], body)


def check(schema: Any, body: Any) -> None:
    """Fails unless the body is as the schema says."""
    faults = Draft202012Validator({**schema, "components": DOCUMENT["components"]}).iter_errors(body)
    assert [f"{fault.json_path}: {fault.message[:300]}" for fault in faults] == []
