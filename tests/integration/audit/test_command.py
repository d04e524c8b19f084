"""`maoga audit`: what it prints, and the exit code by which a timetable knows."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from domain.lobbies.model import SEATS
from maoga.__main__ import app
from tests.integration.audit.planting import Garden
from tests.support.cores import a_core
from tests.support.services import free_port


def audit(*options: str, code: int) -> str:
    """What the command prints."""
    answer = CliRunner().invoke(app, ["audit", "--patience", "0.1", *options])
    assert answer.exit_code == code, answer.output
    return answer.output


async def _a_lobby(var_dir: Path, **urls: Any) -> None:
    async with a_core(var_dir, **urls) as core:
        await Garden(core.database, core.pool, "friday").lobby("lobby", "ann", "bob", idle_at=core.clock.now())


async def _without_a_seat(var_dir: Path, user: str, **urls: Any) -> None:
    async with a_core(var_dir, **urls) as core:
        await core.database.collection(SEATS).delete(user)


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation with a lobby in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")
    asyncio.run(_a_lobby(tmp_path / "var"))
    return tmp_path / "var"


def test_a_sound_installation_is_told_so(embedded: Path) -> None:
    shown = audit(code=0)
    assert "A player is in one ticket or one lobby, which knows them." in shown
    assert "the pool of waiting tickets was not looked at" in shown


def test_what_is_broken_is_named_with_its_id(embedded: Path) -> None:
    asyncio.run(_without_a_seat(embedded, "friday.bob"))
    assert "lobbies: friday.lobby member friday.bob has no seat there" in audit(code=1)
    told = orjson.loads(audit("--json", code=1))
    broken = {rule["name"]: rule["findings"] for rule in told["invariants"] if rule["findings"]}
    assert told["broken"]
    assert broken == {"lobbies": [{"id": "friday.lobby", "said": "member friday.bob has no seat there"}]}


async def test_beside_the_server_that_has_the_file_it_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")
    async with a_core(tmp_path / "var"):
        assert "open in another server" in await asyncio.to_thread(audit, code=2)


def test_without_redis_it_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mongodb_url: str) -> None:
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")
    monkeypatch.setenv("MAOGA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("MAOGA_DATABASE_URL", mongodb_url)
    monkeypatch.setenv("MAOGA_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert "maoga audit:" in audit(code=2)


def test_on_servers_it_looks_at_the_pool_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mongodb_url: str, redis_url: str
) -> None:
    asyncio.run(_a_lobby(tmp_path, database_url=mongodb_url, redis_url=redis_url))
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")
    monkeypatch.setenv("MAOGA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("MAOGA_DATABASE_URL", mongodb_url)
    monkeypatch.setenv("MAOGA_REDIS_URL", redis_url)
    told = orjson.loads(audit("--json", code=0))
    assert {"pool", "strays", "claims"} <= {rule["name"] for rule in told["invariants"]}
    assert not told["broken"]
