"""What stands in the way of a start is told in one line that names the setting, and without the password."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.redis_sets import SERVICE, admin, redis_sentinel
from tests.support.services import ROOT, free_port


async def start(tmp_path: Path, *command: str, **env: str) -> tuple[int | None, str]:
    """Exit code and error output of a `maoga` command that is to fail."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "maoga", *command),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "MAOGA_VAR_DIR": str(tmp_path), "MAOGA_METRICS_PORT": "0", **env},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, errors.decode()


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"MAOGA_REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, "MAOGA_REDIS_URL (127.0.0.1:1/0)"),
        (
            {"MAOGA_DATABASE_URL": "sqlite:///broken.db"},
            "MAOGA_DATABASE_URL (sqlite:///broken.db): file is not a database",
        ),
    ],
    ids=["no redis there", "no database"],
)
async def test_storage_that_cannot_be_opened(tmp_path: Path, env: dict[str, str], named: str) -> None:
    (tmp_path / "broken.db").write_text("this is not a database, whatever its name says" * 100)
    code, errors = await start(tmp_path, "serve", **{"MAOGA_PORT": "0", **env})
    assert code == 1
    assert named in errors
    assert "hunter2" not in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["check-config", "serve"])
@pytest.mark.parametrize(
    "url",
    ["redis://localhost:port", "sentinel://:hunter2@a:1/main", "redis+sentinel://:hunter2@a,b", "redis+cluster://a/5"],
    ids=["no port", "no such scheme", "no service", "a database in a cluster"],
)
async def test_a_redis_url_that_is_none(tmp_path: Path, command: str, url: str) -> None:
    code, errors = await start(tmp_path, command, MAOGA_REDIS_URL=url)
    assert code == 2
    (line,) = errors.splitlines()
    assert line.startswith("MAOGA_REDIS_URL ")
    assert "hunter2" not in line


async def test_a_redis_that_is_not_what_the_url_says(tmp_path: Path, redis_url: str) -> None:
    """A wrong password, a service that no sentinel knows, a single server taken for a cluster."""
    with redis_sentinel() as sentinels:
        with admin(sentinels.master) as client:
            client.config_set("requirepass", "right")
        mistyped = sentinels.url.replace(f"/{SERVICE}", "/mistyped")
        for url, reason in (
            (sentinels.url.replace("://", "://:hunter2@"), "invalid username-password pair"),
            (mistyped, "no master of 'mistyped': a sentinel does not know it"),
            (redis_url.replace("redis://", "redis+cluster://"), "cluster support disabled"),
        ):
            code, errors = await start(tmp_path, "serve", MAOGA_PORT="0", MAOGA_REDIS_URL=url)
            assert code == 1
            place = url.rpartition("@")[2].rpartition("://")[2]
            assert errors.splitlines()[-1].startswith("maoga cannot start: MAOGA_REDIS_URL (")
            assert place in errors
            assert reason in errors
            assert "hunter2" not in errors
            assert "Traceback" not in errors


async def test_mongodb_that_is_no_replica_set_or_has_no_host(tmp_path: Path, redis_url: str) -> None:
    env = {"MAOGA_DATABASE_URL": "mongodb://", "MAOGA_REDIS_URL": redis_url, "MAOGA_PORT": "0"}
    code, errors = await start(tmp_path, "serve", **env)
    assert code == 1
    assert errors.startswith("maoga cannot start: MAOGA_DATABASE_URL")


async def test_a_port_that_is_taken_names_its_setting(tmp_path: Path) -> None:
    port = free_port()
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    async with server:
        code, errors = await start(tmp_path, "serve", MAOGA_PORT=str(port))
    assert code == 1
    assert f"MAOGA_PORT={port} cannot be listened on" in errors


async def test_a_wrong_setting_is_the_only_one_complained_of(tmp_path: Path) -> None:
    code, errors = await start(tmp_path, "check-config", MAOGA_PORT="abc")
    assert code == 2
    assert [line.partition(":")[0] for line in errors.splitlines()] == ["MAOGA_PORT"]


async def test_the_demo_stays_away_from_production(tmp_path: Path) -> None:
    secret = "k7Qz-2hV9xLm4Tn0RbYc8WsJd5GfPa1E"
    env = {"MAOGA_ENVIRONMENT": "production", "MAOGA_SECRET_KEY": secret}
    code, errors = await start(tmp_path, "demo", "--players", "2", **env)
    assert code == 2
    assert "production" in errors
