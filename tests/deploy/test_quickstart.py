"""docs/operations/quickstart.md leads to what it promises: its commands are run as they stand there."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.services import ROOT, free_port

PAGE = (ROOT / "docs/operations/quickstart.md").read_text()
LIMIT_S = 280
MARK = "next block"

QUICK = {
    "MAOGA_LOBBY_COUNTDOWN_S": "0.5",
    "MAOGA_MATCH_TICK_MS": "200",
    "MAOGA_RATE_LIMIT_SCALE": "10",
    "MAOGA_BCRYPT_COST": "10",
    "PYTHONPATH": str(ROOT),
}
"""What makes the demo quicker; nothing that the page sets itself."""


@dataclass(frozen=True)
class Block:
    """Commands of the page, and the lines it says they print; `...` stands for anything, digits for other digits."""

    commands: str
    prints: list[str]


def blocks() -> list[Block]:
    """All of them, in the page's order."""
    found = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", PAGE, re.MULTILINE | re.DOTALL)
    return [Block(commands, prints.splitlines()) for commands, prints in found]


INSTALL, PORTS, *STEPS = blocks()


def as_pattern(line: str) -> str:
    """What a line of the page stands for."""
    return re.sub(r"\d+", r"\\d+", re.escape(line)).replace(r"\.\.\.", ".*")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that has what a clone has for these commands, but that Prometheus is in more of a hurry."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("tls", "acme", "*.env"))
    for name in (".venv", ".cache"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, slow, quick in (
        ("prometheus.yml", "_interval: 15s", "_interval: 1s"),
        ("prometheus.yml", "scrape_timeout: 10s", "scrape_timeout: 1s"),
        ("rules/maoga.yml", "for: 1m", "for: 1s"),
    ):
        path = tmp_path / "deploy/prometheus" / name
        assert slow in path.read_text()
        path.write_text(path.read_text().replace(slow, quick))
    tmp_path.chmod(0o755)  # nginx's workers are nobody
    return tmp_path


def run(script: str, folder: Path) -> str:
    """What the commands print; all of them must succeed. No process is left."""
    command = ["bash", "-eu", "-o", "pipefail", "-c", script]
    environment = {**os.environ, **QUICK}
    shell = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = shell.communicate(timeout=LIMIT_S)
        assert shell.returncode == 0, f"{printed}\nended with {shell.returncode}\n{logs(folder)}"
        return printed
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)


def logs(folder: Path) -> str:
    """The ends of what the processes have logged."""
    return "".join(f"== {path.name}\n{path.read_text()[-1000:]}\n" for path in sorted(folder.glob("var/two/*.log")))


@pytest.mark.timeout(LIMIT_S + 20)
def test_the_commands_of_the_page_do_what_it_says(folder: Path) -> None:
    ports = re.sub(r"\d+", lambda _: str(free_port()), PORTS.commands)
    *steps, stop = STEPS
    assert stop.commands.startswith("kill")
    script = f"\necho '{MARK}'\n".join([ports, *(step.commands for step in steps)])
    printed = run(f"{script}\n{stop.commands}\nwait || true", folder).split(f"{MARK}\n")[1:]
    for step, text in zip(steps, printed, strict=True):
        for line in step.prints:
            assert re.search(f"^{as_pattern(line)}", text, re.MULTILINE), (line, step.commands, text)


def test_what_it_installs_is_what_the_tests_use() -> None:
    """The first commands are not run: they are those of `make setup-servers` and `make setup-deploy`, and clone's."""
    makefile = (ROOT / "Makefile").read_text()
    packages = re.findall(r"apt-get install [^\n]*?recommends ([^\n]*)", INSTALL.commands)[0].split()
    assert set(re.findall(r"\.ci/need (\S+)", makefile)) - {"chromium"} <= set(packages)
    for target in re.findall(r"^make (.*)$", INSTALL.commands, re.MULTILINE)[0].split():
        assert f"\n{target}: " in makefile
