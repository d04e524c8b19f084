"""`maoga jobs`: the queue from the command line."""

import asyncio
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from domain.jobs.model import Job
from domain.jobs.runner import Hopeless
from maoga.__main__ import app
from maoga.bootstrap import open_core
from maoga.settings import Settings


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a server on its embedded default, which does not run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")


def maoga(*command: str, code: int = 0) -> str:
    """What a command prints."""
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == code, answer.output
    return answer.output.strip()


async def _bury_one_of_two() -> None:
    async def fail(job: Job) -> None:
        raise Hopeless("the file is gone")

    async with open_core(Settings(_env_file=None)) as core:
        core.runner.handle("thumbnail", fail)
        await core.database.commit(core.jobs.new("thumbnail", {}), core.jobs.new("later", {}))
        await core.runner.poll()
        await core.runner.idle()


@pytest.mark.usefixtures("embedded")
def test_dead_jobs_are_listed_with_their_error_and_can_be_put_back() -> None:
    asyncio.run(_bury_one_of_two())
    listed = maoga("jobs")
    assert "thumbnail" in listed
    assert "later" in listed
    assert "the file is gone" in listed
    (dead,) = orjson.loads(maoga("jobs", "--dead", "--json"))
    assert (dead["kind"], dead["status"], dead["attempts"]) == ("thumbnail", "dead", 1)
    assert maoga("jobs", "requeue", dead["id"]) == f"requeued thumbnail job {dead['id']}"
    assert orjson.loads(maoga("jobs", "--dead", "--json")) == []
    assert "There is no such dead job." in maoga("jobs", "requeue", dead["id"], code=1)
