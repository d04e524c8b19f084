"""`maoga demo`, as a user starts it: everybody plays, nothing goes wrong, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.server import maoga_server

LIMIT_S = 100.0


def maoga_demo(
    *arguments: str, env: Mapping[str, str] | None = None, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """The demo, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "maoga", "demo", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=limit_s,
        env={**os.environ, **(env or {})},
    )


def figures_of(*arguments: str, env: Mapping[str, str] | None = None, limit_s: float = LIMIT_S) -> Any:
    """The figures of a demo that went well."""
    done = maoga_demo("--json", *arguments, env=env, limit_s=limit_s)
    assert done.returncode == 0, done.stdout + done.stderr
    return orjson.loads(done.stdout)


def assert_all_played(figures: Any, players: int) -> None:
    assert figures["errors"] == {}
    assert (figures["players"], figures["started"], figures["alone"]) == (players, players, 0)
    assert players / 10 <= figures["lobbiesStarted"] == figures["matches"] <= players / 2
    # Everybody says something, and everybody else in the lobby hears it.
    assert figures["messagesSent"] >= players
    assert figures["messagesReceived"] >= figures["messagesSent"]
    for times in (figures["timeToMatchMs"], figures["deliveryMs"]):
        assert 0 < times["p50"] <= times["p95"]


def test_on_the_embedded_default_everybody_plays() -> None:
    assert_all_played(figures_of("--players", "12", "--timeout", "80"), 12)


def test_on_two_instances_with_mongodb_and_redis_everybody_plays(mongodb_url: str, redis_url: str) -> None:
    env = {"MAOGA_DATABASE_URL": mongodb_url, "MAOGA_REDIS_URL": redis_url}
    assert_all_played(figures_of("--players", "12", "--instances", "2", "--timeout", "80", env=env), 12)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_hundred_play_on_the_embedded_default() -> None:
    assert_all_played(figures_of("--players", "200", limit_s=280), 200)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_hundred_play_on_two_instances_with_mongodb_and_redis(mongodb_url: str, redis_url: str) -> None:
    env = {"MAOGA_DATABASE_URL": mongodb_url, "MAOGA_REDIS_URL": redis_url}
    assert_all_played(figures_of("--players", "200", "--instances", "2", env=env, limit_s=280), 200)


def test_the_embedded_default_refuses_two_instances() -> None:
    done = maoga_demo("--instances", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the embedded default serves one process" in done.stderr
    assert "MAOGA_DATABASE_URL" in done.stderr


def test_starting_servers_and_naming_one_exclude_one_another() -> None:
    done = maoga_demo("--instances", "2", "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose one of them" in done.stderr


def test_against_a_running_server_the_story_is_told_in_plain_lines() -> None:
    with maoga_server() as server:
        done = maoga_demo("--players", "2", "--url", server.url)
    assert done.returncode == 0, done.stdout
    assert "\x1b" not in done.stdout
    for chapter in ("enters as a guest", "match found: ", "started: ", "lobbies started"):
        assert chapter in done.stdout


def test_without_a_server_to_play_against_it_says_so() -> None:
    done = maoga_demo("--url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "UNREACHABLE" in done.stderr


@contextmanager
def running_demo(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A demo on its way, and the process id of its server. folder: where it puts its data."""
    command = [sys.executable, "-m", "maoga", "demo", "--players", "4"]
    env = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            story = []
            for line in process.stdout:
                story.append(line)
                if "playing against" in line:
                    break
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            assert len(children) == 1, "".join(story)
            yield process, int(children[0])
        finally:
            process.kill()


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_its_server_and_takes_its_data_away(number: signal.Signals, tmp_path: Path) -> None:
    with running_demo(tmp_path) as (process, server):
        process.send_signal(number)
        assert process.wait(30) == 130
        wait_until_gone(server)
        assert not list(tmp_path.iterdir())


def test_killed_it_leaves_no_server_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path) as (process, server):
        process.kill()
        wait_until_gone(server)
