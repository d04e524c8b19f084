"""Who is connected where, asked and changed from processes that hold no sockets themselves."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clients.python.errors import MaogaError
from domain.core.ids import UserId
from maoga.bootstrap import Core
from tests.e2e.conftest import DUEL, Enter, Start, a_guest
from tests.support.cores import a_core
from tests.support.wait import eventually

NAMESPACES = ["chat", "lobby", "matchmaking", "social"]


@pytest.fixture
async def outsider(shared: dict[str, str], tmp_path: Path) -> AsyncIterator[Core]:
    """A process on the same data, without sockets."""
    urls: dict[str, Any] = {"database_url": shared["MAOGA_DATABASE_URL"], "redis_url": shared["MAOGA_REDIS_URL"]}
    async with a_core(tmp_path, **urls) as core:
        yield core


async def maoga(env: Mapping[str, str], folder: Path, *command: str) -> tuple[int | None, str, str]:
    """Exit code, output and errors of a `maoga` command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "maoga", *command),
        env={**os.environ, "MAOGA_ENVIRONMENT": "test", "MAOGA_VAR_DIR": str(folder), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, output.decode(), errors.decode()


async def where(core: Core, users: Iterable[str]) -> list[list[str]]:
    """On which instances each of the users is."""
    return [list(await core.presence.sockets_of(UserId(user))) for user in users]


async def test_the_connections_of_a_killed_instance_are_gone_everywhere_within_15_s(
    start: Start, enter: Enter, shared: dict[str, str], outsider: Core
) -> None:
    a, b = start(**shared, MAOGA_INSTANCE="a"), start(**shared, MAOGA_INSTANCE="b")
    session = await a_guest(a.url)
    ann, bob, _ = await enter(a.url, session), await enter(b.url), await enter(b.url, session)
    carl = await enter(a.url)
    users = [ann.user_id, bob.user_id, carl.user_id]
    assert await where(outsider, users) == [["a", "b"], ["b"], ["a"]]
    assert await outsider.presence.online([*map(UserId, users)]) == set(users)
    a.kill()
    killed_at = time.monotonic()

    async def are_gone() -> bool:
        return await where(outsider, users) == [["b"], ["b"], []]

    await eventually(are_gone, timeout=15)
    assert list(await outsider.presence.counts()) == ["b"]
    assert await outsider.presence.online([*map(UserId, users)]) == {ann.user_id, bob.user_id}
    assert time.monotonic() - killed_at < 15


async def test_sockets_shows_who_is_connected(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    """Counts of every instance and namespace, and one user's connections, for people and for programs."""
    a, b = start(**shared, MAOGA_INSTANCE="a"), start(**shared, MAOGA_INSTANCE="b")
    session = await a_guest(a.url)
    ann, _, _ = await enter(a.url, session), await enter(b.url, session), await enter(b.url)

    async def counted() -> dict[str, Any] | None:
        code, output, _ = await maoga(shared, tmp_path, "sockets", "--json")
        found = json.loads(output)
        assert code == 0
        return found if found["namespaces"] == dict.fromkeys(NAMESPACES, 3) else None  # told within a beat

    found = await eventually(counted, timeout=10)
    assert found == {
        "instances": [
            {"instance": "a", "connections": 1, "namespaces": dict.fromkeys(NAMESPACES, 1)},
            {"instance": "b", "connections": 2, "namespaces": dict.fromkeys(NAMESPACES, 2)},
        ],
        "connections": 3,
        "namespaces": dict.fromkeys(NAMESPACES, 3),
    }
    code, output, _ = await maoga(shared, tmp_path, "sockets", "--user", ann.user_id, "--json")
    connections = json.loads(output)["connections"]
    assert code == 0
    assert [one["instance"] for one in connections] == ["a", "b"]
    assert all(sorted(one["namespaces"]) == NAMESPACES and one["since"].endswith("Z") for one in connections)
    for arguments in ([], ["--user", ann.user_id]):
        code, output, _ = await maoga(shared, tmp_path, "sockets", *arguments)
        assert code == 0
        assert {"a", "b"} <= set(output.split())


async def test_kick_closes_a_user_s_connections_on_every_instance(
    start: Start, enter: Enter, shared: dict[str, str], outsider: Core, tmp_path: Path
) -> None:
    a, b = start(**shared), start(**shared)
    session = await a_guest(a.url)
    both = [await enter(a.url, session), await enter(b.url, session)]
    other = await enter(b.url)
    heard: list[str] = []
    for client in both:
        client.on("kicked", lambda event: heard.append(event.data["reason"]))
    user = both[0].user_id
    code, output, _ = await maoga(shared, tmp_path, "kick", user, "--reason", "spam")
    assert (code, output) == (0, f"closing 2 connections of {(await outsider.users.get(UserId(user))).username}\n")
    await eventually(lambda: heard.count("spam") >= 2)

    async def are_gone() -> bool:
        return await where(outsider, [user]) == [[]]

    await eventually(are_gone)
    assert await other.status() is None
    with pytest.raises(MaogaError):
        await both[0].status()


async def test_an_unknown_user_is_told_in_one_line(shared: dict[str, str], tmp_path: Path) -> None:
    for command in (["kick", "nobody"], ["sockets", "--user", "nobody"]):
        assert await maoga(shared, tmp_path, *command) == (1, "", "There is no such user.\n")


@pytest.mark.parametrize("command", [["sockets"], ["sockets", "--user", "ann", "--json"], ["kick", "ann"]])
async def test_embedded_data_belong_to_the_one_process_that_serves(tmp_path: Path, command: list[str]) -> None:
    code, output, errors = await maoga({}, tmp_path, *command)
    assert (code, output) == (2, "")
    assert errors.startswith("this needs data that processes share: set MAOGA_DATABASE_URL")
    assert errors.count("\n") == 1


async def test_what_a_worker_does_reaches_the_sockets_of_a_gateway(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    """The gateway matches nobody: that there is a proposal at all, and the news of it, come from the worker."""
    gateway = start(**shared, MAOGA_ROLE="gateway")
    ann, bob = await enter(gateway.url), await enter(gateway.url)
    for player in (ann, bob):
        await player.enqueue(DUEL)
    with pytest.raises(TimeoutError):
        await ann.wait_for("match_proposed", timeout=1)
    start(**shared, MAOGA_ROLE="worker")
    for player in (ann, bob):
        await player.wait_for("match_proposed", timeout=20)
