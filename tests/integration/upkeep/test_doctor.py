"""`maoga doctor` on live servers: quiet about what is well, and right about what is not."""

import gc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from typer.testing import CliRunner

from domain.core.clock import SystemClock
from domain.jobs.model import JOBS, Job
from domain.users.model import USERS
from maoga.__main__ import app
from maoga.bootstrap import open_core
from maoga.core import SPECS
from maoga.doctor import examine
from maoga.settings import Settings
from storage.upkeep.findings import Finding, skewed, used_up
from tests.integration.upkeep.archives import folder, take
from tests.support.cores import a_core, test_settings
from tests.support.services import free_port, redis_server


@pytest.fixture
async def settings(tmp_path: Path, fresh_mongodb_url: str, redis_url: str) -> Settings:
    """Of an installation that a server has worked on."""
    settings = test_settings(tmp_path, database_url=fresh_mongodb_url, redis_url=redis_url)
    async with open_core(settings, SystemClock()):
        return settings


@pytest.fixture
async def database(fresh_mongodb_url: str) -> AsyncIterator[Any]:
    async with AsyncMongoClient[dict[str, Any]](fresh_mongodb_url) as client:
        yield client.get_default_database()


def about(findings: list[Finding], check: str) -> list[tuple[str, str]]:
    return [(it.level, it.said) for it in findings if it.check == check]


async def test_a_sound_installation_has_no_problems(settings: Settings, tmp_path: Path, fresh_mongodb_url: str) -> None:
    """What a test's servers lack for production (replicas, limits) are warnings; each with a remedy."""
    await take(fresh_mongodb_url, folder(tmp_path), SPECS)
    findings = await examine(settings)
    assert [it for it in findings if it.level == "problem" and not it.check.startswith("disk")] == []
    assert all(it.remedy for it in findings if it.level in {"warning", "problem"})
    for check in ("mongodb", "mongodb clock", "mongodb indexes", "mongodb index use", "mongodb validators"):
        assert [level for level, _ in about(findings, check)] == ["ok"], check
    keys = sum(len(spec.unique) + len(spec.indexes) for spec in SPECS)
    assert about(findings, "mongodb queries") == [("ok", f"{keys} kinds of query were explained")]
    assert about(findings, "migrations") == [("ok", "all 0 are made")]
    assert about(findings, "backups") == [("ok", "1, the newest 0 h old")]
    assert ("warning", "1 with data: the loss of a machine stops writes, or loses what was written") in about(
        findings, "mongodb members"
    )
    assert about(findings, "redis persistence") == [("ok", "an append-only file")]
    assert about(findings, "redis clock")[0][0] == "ok"
    assert about(findings, "redis eviction") == []


async def test_what_is_amiss_in_mongodb_is_named(settings: Settings, database: Any) -> None:
    await database["users"].drop_index("email_key_1")
    await database["users"].create_index("bio")
    await database.command("collMod", "lobbies", validator={})
    findings = await examine(settings)
    assert ("problem", "users lacks email_key_1") in about(findings, "mongodb indexes")
    assert ("warning", "users has bio_1, which this version does not want") in about(findings, "mongodb indexes")
    assert about(findings, "mongodb validators") == [("warning", "missing or of another version: lobbies")]
    assert ("problem", "users is read whole for email_key") in about(findings, "mongodb queries")


@pytest.mark.parametrize("kind", ["sqlite", "mongodb"])
async def test_jobs_that_were_given_up_are_named_by_kind(kind: str, settings: Settings, tmp_path: Path) -> None:
    if kind == "sqlite":
        settings = test_settings(tmp_path)
    now = datetime.now(UTC)
    async with open_core(settings, SystemClock()) as core:
        for number, status in enumerate(("dead", "dead", "waiting")):
            await core.database.collection(JOBS).insert(
                Job(id=str(number), kind="mail", payload={}, status=status, run_at=now, created_at=now)
            )
        assert about(await examine(settings), "jobs") == [("warning", "given up: 2 of mail")]
        for number in range(3):
            await core.database.collection(JOBS).delete(str(number))
        assert about(await examine(settings), "jobs") == [("ok", "none has been given up")]


async def test_collections_that_were_read_whole_are_told_if_the_profiler_knows(
    settings: Settings, database: Any
) -> None:
    await database.command("profile", 2)
    assert await database[USERS.name].find({"bio": "zithers"}).to_list() == []
    await database.command("profile", 0)
    found = about(await examine(settings), "mongodb scans")
    assert [level for level, _ in found] == ["warning"]
    assert "users was read whole 1 times in a day" in found[0][1]


async def test_what_is_amiss_in_redis_is_named(tmp_path: Path, settings: Settings) -> None:
    with redis_server() as server:
        async with Redis.from_url(server.url) as redis:
            for name, value in (("maxmemory", "3mb"), ("maxmemory-policy", "allkeys-lru"), ("appendonly", "no")):
                await redis.config_set(name, value)
            for n in range(40):
                await redis.set(f"key-{n}", "x" * 100_000)
        findings = await examine(settings.model_copy(update={"redis_url": type(settings.redis_url)(server.url)}))
    said = about(findings, "redis eviction")
    assert said[0] == ("problem", "maxmemory-policy is allkeys-lru")
    assert "keys were thrown away" in said[1][1]
    assert about(findings, "redis persistence") == [("warning", "no append-only file")]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # PyMongo leaves them while it connects
async def test_servers_that_are_away_are_problems(tmp_path: Path) -> None:
    urls = {"database_url": f"mongodb://127.0.0.1:{free_port()}/x", "redis_url": f"redis://127.0.0.1:{free_port()}"}
    settings = test_settings(tmp_path, **urls, database_timeout_s=0.3, redis_timeout_s=0.3)
    levels = {it.check: it.level for it in await examine(settings)}
    assert (levels["mongodb"], levels["redis"], levels["migrations"]) == ("problem",) * 3
    gc.collect()


async def test_what_may_not_be_looked_at_counts_for_nothing(tmp_path: Path) -> None:
    with redis_server() as server:
        async with Redis.from_url(server.url) as redis:
            await redis.acl_setuser("weak", True, passwords=["+word"], keys=["*"], commands=["+@all", "-info"])
        url = server.url.replace("redis://", "redis://weak:word@")
        findings = await examine(test_settings(tmp_path, redis_url=url))
    assert about(findings, "redis") == [("skipped", "not allowed to look")]


def test_the_exit_code_says_how_bad_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 for what a machine of one developer lacks; 2 for a damaged file."""
    monkeypatch.setenv("MAOGA_VAR_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["seed"]).exit_code == 0
    monkeypatch.setattr("maoga.doctor.used_up", lambda check, *_: Finding(check, "ok", ""))  # of the machine's disk
    found = CliRunner().invoke(app, ["doctor", "--json"])
    lines = {it["check"]: it for it in orjson.loads(found.stdout)}
    assert (found.exit_code, lines["sqlite"]["level"], lines["backups"]["level"]) == (1, "ok", "warning")
    assert "MAOGA_BACKUP_CRON" in CliRunner().invoke(app, ["doctor"]).stdout
    data = bytearray((tmp_path / "maoga.db").read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    (tmp_path / "maoga.db").write_bytes(data)
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 2


async def test_it_looks_beside_a_running_server(tmp_path: Path) -> None:
    """The embedded database is one process's; looking is allowed, and changes nothing."""
    async with a_core(tmp_path) as core:
        findings = await examine(core.settings)
        assert about(findings, "sqlite")[0][0] == "ok"
        assert about(findings, "migrations") == [("ok", "all 0 are made")]


def test_clocks_are_compared_as_well_as_the_answer_allows() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def level(off_s: float, took_s: float) -> str:
        return skewed("clock", now + timedelta(seconds=off_s), now, now + timedelta(seconds=took_s)).level

    cases = [(0, 0), (3, 3), (-0.5, 0), (1.5, 0), (-1.5, 9), (11, 0.5), (-11, 5)]
    assert [level(*case) for case in cases] == ["ok", "ok", "ok", "warning", "warning", "problem", "problem"]


def test_what_fills_up_is_told_in_time() -> None:
    assert [used_up("disk", used, 100, "GiB", "").level for used in (0, 79, 80, 95)] == [
        *("ok", "ok", "warning", "problem")
    ]
