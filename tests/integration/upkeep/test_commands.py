"""`maoga backup`, `backups` and `restore` as people run them, a restore that is killed, and the timetable."""

import asyncio
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from pymongo import AsyncMongoClient
from typer.testing import CliRunner, Result

from domain.games.model import GAMES
from maoga.__main__ import app
from maoga.bootstrap import CannotStart, open_core
from maoga.core import SPECS
from storage.upkeep.backup import listed
from storage.upkeep.store import LOCK, NOTES, open_store
from tests.integration.upkeep.archives import everything, folder, put_back, take
from tests.support.clock import ManualClock
from tests.support.cores import a_core, test_settings
from tests.support.services import ROOT

DAY_S = 86_400


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_from_one_installation_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output has the answer alone, so that scripts can use it; the key comes from a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("a key that nobody would ever guess, not\n")
    for name, value in (("VAR_DIR", tmp_path / "old"), ("BACKUP_URL", tmp_path / "kept"), ("BACKUP_KEY_FILE", "key")):
        monkeypatch.setenv(f"MAOGA_{name}", str(value))
    assert run("seed").exit_code == 0
    first, second = (run("backup", "--keep", "1") for _ in range(2))
    name = second.stdout.strip()
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"removed {first.stdout.strip()}" in second.stderr
    (found,) = orjson.loads(run("backups", "--json").stdout)
    assert (found["id"], found["encrypted"], found["collections"]["games"] > 0) == (name, True, True)
    assert name in run("backups").stdout

    monkeypatch.setenv("MAOGA_VAR_DIR", str(tmp_path / "new"))
    assert run("restore", "latest", "--check").stdout.startswith(f"whole: {name}")
    assert not (tmp_path / "new").exists()
    assert run("restore", "latest").stdout.startswith(f"restored: {name}")
    assert run("migrate", "status").exit_code == 0
    again = run("restore", name)
    assert (again.exit_code, "there are documents already (games)" in again.stderr) == (1, True)
    assert run("restore", name, "--force", "--collection", "games").exit_code == 0
    unknown = run("restore", name, "--collection", "nonsense")
    assert (unknown.exit_code, "there is no collection nonsense" in unknown.stderr) == (1, True)
    missing = run("restore", "20200101T000000Z-abcdef")
    assert (missing.exit_code, "there is no backup" in missing.stderr) == (1, True)


def test_a_file_that_is_no_database_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAOGA_VAR_DIR", str(tmp_path))
    (tmp_path / "maoga.db").write_text("this is not a database, whatever its name says" * 100)
    for command in (("backup",), ("migrate", "status"), ("migrate", "up")):
        result = run(*command)
        assert (result.exit_code, "file is not a database" in result.stderr) == (1, True), command


@pytest.mark.parametrize("kind", ["sqlite", "mongodb"])
async def test_a_restore_killed_in_the_middle_is_told_and_begun_anew(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path}/target.db" if kind == "sqlite" else request.getfixturevalue("fresh_mongodb_url")
    shelf = folder(tmp_path)
    async with a_core(tmp_path / "source") as core:
        source = core.settings.database_url.get_secret_value()
        games = await core.database.collection(GAMES).count({})
    await take(source, shelf, SPECS)
    env = {
        **{
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
            "MAOGA_ENVIRONMENT": "test",
            "MAOGA_VAR_DIR": str(tmp_path),
        },
        **{"MAOGA_DATABASE_URL": url, "MAOGA_REDIS_URL": "redis://127.0.0.1:1", "MAOGA_FAULT_POINT": "restored_games"},
    }
    command = [sys.executable, "-m", "maoga", "restore", "latest", "--at", str(tmp_path / "backups")]
    killed = await asyncio.to_thread(
        subprocess.run, command, env=env, cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -9, killed.stderr

    settings = test_settings(tmp_path, database_url=url, redis_url="memory://") if kind == "sqlite" else None
    if settings:
        with pytest.raises(CannotStart, match="has not come to its end: run `maoga restore` again"):
            async with open_core(settings):
                pytest.fail("a server works on half a database")
    else:
        async with AsyncMongoClient[dict[str, object]](url) as client:  # half a minute later
            notes = client.get_default_database()[NOTES]
            assert await notes.count_documents({"_id": "restore"}) == 1
            await notes.update_one({"_id": LOCK}, [{"$set": {"until": "$$NOW"}}])
    await put_back(url, shelf, "latest", SPECS)
    store, original = (open_store(each, SPECS, timeout_s=10) for each in (url, source))
    found = await everything(store, SPECS)
    assert len(found["games"]) == games > 0
    assert found == await everything(original, SPECS)
    assert "restore" not in await store.notes()
    await store.close()


async def test_a_worker_takes_backups_by_the_timetable(tmp_path: Path) -> None:
    clock = ManualClock()
    async with a_core(tmp_path, clock, backup_cron="15 3 * * *", backup_keep=2) as core:
        seen: set[str] = set()
        for _ in range(3):
            await core.runner.plan()
            clock.advance(DAY_S)
            await core.runner.poll()
            await core.runner.idle()
            kept = await listed(folder(tmp_path))
            seen |= {each.id for each in kept}
    assert len(seen) == 3
    assert [each.id for each in kept] == sorted(seen)[1:]
    assert all(each.manifest and each.manifest.count("games") > 0 for each in kept)
