"""`maoga serve --reload`: a change of the sources starts the server anew."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe
from subprocess import Popen

import pytest

from maoga.reload import PACKAGES
from tests.support.server import QUICK
from tests.support.services import ROOT, spawn
from tests.support.wait import eventually


class Reloading:
    """Such a server on a copy of the sources."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.sources, self.log = folder / "sources", folder / "log"
        for package in PACKAGES:
            shutil.copytree(ROOT / package, self.sources / package, ignore=shutil.ignore_patterns("__pycache__"))
        # The second keeps this folder's own packages out.
        copied = {"PYTHONPATH": str(self.sources), "PYTHONSAFEPATH": "1"}
        env = {**QUICK, **copied, "MAOGA_VAR_DIR": str(folder / "var"), **env}
        self.process: Popen[bytes] = spawn([sys.executable, "-m", "maoga", "serve", "--reload"], self.log, env)

    def starts(self) -> list[str]:
        """The ports of its starts so far."""
        return re.findall(r"listening on http://127\.0\.0\.1:(\d+)", self.log.read_text())

    async def until_started(self, times: int) -> None:
        def started() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return len(self.starts()) >= times

        await eventually(started, timeout=60)


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[Reloading]:
    server = Reloading(tmp_path)
    yield server
    if server.process.poll() is None:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()


async def test_a_change_starts_the_server_anew_and_a_signal_ends_it_with_its_child(reloading: Reloading) -> None:
    await reloading.until_started(1)
    page = reloading.sources / "rest/static/index.html"
    page.write_text(page.read_text() + "\n")
    await reloading.until_started(2)
    assert f"changed: {page}" in reloading.log.read_text()
    reloading.process.send_signal(signal.SIGTERM)
    assert reloading.process.wait(30) == 0
    assert reloading.log.read_text().count("stopped") == 2
    assert "Traceback" not in reloading.log.read_text()


async def test_production_runs_what_was_built(tmp_path: Path) -> None:
    hardened = {"MAOGA_SECRET_KEY": token_urlsafe(48), "MAOGA_BCRYPT_COST": "12"}
    server = Reloading(tmp_path, MAOGA_ENVIRONMENT="staging", **hardened)
    assert server.process.wait(60) == 2
    assert "--reload is for development" in server.log.read_text()
