"""Real Maoga servers for tests: processes on free ports, as a user starts them."""

import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.forking import Fork, fork_maoga
from tests.support.services import spawn

START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0

QUICK = {
    "MAOGA_ENVIRONMENT": "test",
    "MAOGA_HOST": "127.0.0.1",
    "MAOGA_PORT": "0",
    "MAOGA_METRICS_PORT": "0",
    "MAOGA_BCRYPT_COST": "4",
    "MAOGA_MATCH_TICK_MS": "100",
    "MAOGA_LOBBY_COUNTDOWN_S": "0.5",
    "MAOGA_RATE_LIMIT_SCALE": "100",
    "MAOGA_DRAIN_S": "2",
}
"""Settings of a server that does not make tests wait."""


class MaogaServer:
    """A server process. url: where players reach it, if they do. metrics_url: where Prometheus does.

    `PROGRAM` in its environment: what a fresh Python runs, instead of a fork that has imported `maoga`.
    """

    url: str
    process: Fork | subprocess.Popen[bytes]

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._log = folder / "maoga.log"
        self._env = {**QUICK, "MAOGA_VAR_DIR": str(folder / "var"), **env}
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Starts the process (again) and waits until it is ready."""
        self._log.write_text("")
        if program := self._env.get("PROGRAM"):
            self.process = spawn([sys.executable, "-m", program, "serve"], self._log, self._env)
        else:
            self.process = fork_maoga(["serve"], self._log, self._env)
        self.metrics_url = self._announced(r'metrics on (http://[^\s"]+)')
        if self._env.get("MAOGA_ROLE") != "worker":
            self.url = self._announced(r'listening on (http://[^\s"]+)')
            self._wait_until_ready()

    def log(self) -> str:
        """What it has logged since its start."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ends it gracefully; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop:\n{self.log()[-3000:]}") from None

    def _announced(self, pattern: str) -> str:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(pattern, self.log()):
                return found[1]
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log()[-3000:]}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/health/ready", timeout=5):
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not become ready:\n{self.log()[-3000:]}")


@contextmanager
def maoga_server(**env: str) -> Iterator[MaogaServer]:
    """A server with an own folder for its data; `env` are settings by their variables. No traceback may be logged."""
    with tempfile.TemporaryDirectory(prefix="maoga-server-") as folder:
        server = MaogaServer(Path(folder), env)
        try:
            yield server
            if server.process.poll() is None:
                code = server.stop()
                assert code == 0, f"exit code {code}\n{server.log()[-3000:]}"
            assert "Traceback" not in server.log(), server.log()
        finally:
            if server.process.poll() is None:
                server.kill()
