"""`maoga loadtest`, as an operator starts it, against real servers."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from clients.python.rest import MaogaRest
from maoga.__main__ import app
from maoga.loadtest.client import LoadClient
from maoga.loadtest.figures import Figures
from tests.e2e.conftest import Start
from tests.support.scrape import Scrape
from tests.support.server import MaogaServer, maoga_server
from tests.support.services import free_port
from tests.support.wait import eventually

LIMIT_S = 100.0
BUSY = ("--pace", "0.2", "--ramp", "50")


@pytest.fixture(scope="module")
def server() -> Iterator[MaogaServer]:
    """A server on the embedded default."""
    with maoga_server(MAOGA_LOBBY_COUNTDOWN_S="0.1") as started:
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file for the report."""
    return tmp_path / "report.json"


def maoga_loadtest(file: Path, *arguments: str) -> tuple[Result, Any]:
    """A load test, run to its end, and its report."""
    result = CliRunner().invoke(app, ["loadtest", *BUSY, "--json", str(file), *arguments])
    return result, orjson.loads(file.read_bytes())


def interrupted(file: Path, ready: Callable[[], bool], *arguments: str) -> tuple[subprocess.CompletedProcess[str], Any]:
    """A load test that gets a Ctrl-C once it is `ready`, and its report."""
    command = [sys.executable, "-m", "maoga", "loadtest", *BUSY, "--json", str(file), "--duration", "60", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(ready)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
    done = subprocess.CompletedProcess(command, process.returncode, output, errors)
    return done, orjson.loads(file.read_bytes())


def wait_until(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_sound(report: Any, players: int) -> None:
    """Everybody was there, and every promise was kept."""
    assert report["problems"] == []
    assert (report["faults"], report["disconnects"], report["errorRate"]) == ({}, {}, 0)
    assert report["players"] == {"entered": players, "delayed": 0, "gone": {}}
    assert (report["connects"]["count"], report["connects"]["errors"]) == (players, {})
    messages = report["messages"]
    assert messages["acked"] == messages["checked"] == report["acks"]["/chat send"]["count"] > 0
    assert (messages["lost"], messages["unseen"]) == (0, 0)


def test_every_role_is_played_and_measured(server: MaogaServer, file: Path) -> None:
    pid = str(server.process.pid)
    players = ("--players", "14", "--mix", "play=4,talk=6,idle=4")  # who talk need a second table
    done, report = maoga_loadtest(file, "--url", server.url, *players, "--duration", "4", "--pid", pid)
    assert done.exit_code == 0, done.output
    assert_sound(report, 14)
    assert report["matches"]["count"] >= report["matches"]["started"] > 0
    assert {
        *("/matchmaking enqueue", "/matchmaking accept", "/lobby create", "/lobby join", "/lobby set_ready"),
        *("/lobby leave", "/chat send", "/chat history", "/social watch_presence"),
    } <= report["acks"].keys()
    assert {"POST /auth/guest", "GET /users/me"} == report["rest"].keys()
    # Each is heard by the others at the table, of whom there are three in a match.
    assert report["delivery"]["count"] > report["messages"]["acked"]
    for times in (report["delivery"]["ms"], report["matches"]["ms"], report["acks"]["/chat send"]["ms"]):
        assert 0 < times["p50"] <= times["p95"] <= times["p99"] <= times["max"]
    [used] = report["servers"]
    assert used["cpuSeconds"] > 0
    assert used["rssBytes"]["after"] > 10_000_000
    assert "message seen by another" in done.output
    assert "\x1b" not in done.output


def test_interrupted_it_says_good_bye_and_reports_what_it_has(server: MaogaServer, file: Path) -> None:
    before = stored(server)
    done, report = interrupted(file, lambda: stored(server) > before + 5, "--url", server.url, "--players", "6")
    assert done.returncode == 130, done.stdout + done.stderr
    assert report["interrupted"]
    assert report["seconds"] < 60
    assert_sound(report, 6)
    assert "Traceback" not in done.stdout + done.stderr
    wait_until(lambda: Scrape(server).total("maoga_sockets") == 0)


def stored(server: MaogaServer) -> float:
    """How many messages the server has stored."""
    return Scrape(server).total("maoga_messages_total")


def test_players_with_tokens_need_no_account_and_a_limit_that_is_broken_fails(
    server: MaogaServer, file: Path, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(asyncio.run(some_tokens(server.url, 3))))
    given = ("--url", server.url, "--players", "3", "--mix", "talk=1", "--tokens", str(tokens), "--duration", "1.5")
    done, report = maoga_loadtest(file, *given, "--max-p99-ms", "60000", "--max-error-rate", "0")
    assert done.exit_code == 0, done.output
    assert_sound(report, 3)
    assert "POST /auth/guest" not in report["rest"]
    done, report = maoga_loadtest(file, *given, "--max-p99-ms", "0.01")
    assert done.exit_code == 1
    [problem] = report["problems"]
    assert "ms, more than 0.01 ms" in problem
    assert problem in done.output


async def test_disconnects_are_counted_by_their_reasons(start: Start) -> None:
    server = start(MAOGA_PORT=str(free_port()))
    figures = Figures()
    async with (
        aiohttp.ClientSession() as http,
        LoadClient(server.url, await MaogaRest(server.url, http).guest(), http, figures) as client,
    ):
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await eventually(lambda: client.connected, 30)
        await asyncio.to_thread(server.kill)
        await eventually(lambda: not client.connected, 30)
    assert figures.disconnects == {"server drains": 1, "connection lost": 1}
    assert figures.connects.times.count - figures.connects.errors.total() == 2
    assert figures.connects.errors.keys() <= {"UNREACHABLE"}


def test_at_a_closed_door_it_says_which_limit_that_is(start: Start, file: Path) -> None:
    server = start(MAOGA_RATE_LIMIT_SCALE="0.1")
    asyncio.run(some_tokens(server.url, 6))  # as many as may enter at once; another every 10 s
    done, report = maoga_loadtest(file, "--url", server.url, "--players", "3", "--duration", "1")
    assert report["players"]["delayed"] > 0
    assert report["rest"]["POST /auth/guest"]["errors"].keys() == {"RATE_LIMITED"}
    assert "the servers limit how many guests come from one address" in done.output
    assert (done.exit_code, "nobody came in" in report["problems"]) == (1, True)


async def some_tokens(url: str, count: int) -> list[str]:
    async with MaogaRest(url) as rest:
        return [(await rest.guest()).access_token for _ in range(count)]


def test_on_two_instances_neighbours_hear_one_another_and_a_lost_message_is_noticed(
    start: Start, shared: dict[str, str], file: Path
) -> None:
    one, two = start(**shared), start(**shared)
    lost: list[str] = []
    client: MongoClient[dict[str, Any]]
    with MongoClient(shared["MAOGA_DATABASE_URL"]) as client:
        messages: Any = client.get_default_database()["messages"]

        def some_are_gone() -> bool:
            said = [each["_id"] for each in messages.find({"sender_id": {"$exists": True}}).sort("_id", 1).limit(20)]
            if len(said) == 20:
                lost.extend(said[:3])
                messages.delete_many({"_id": {"$in": lost}})
            return bool(lost)

        urls = ("--url", one.url, "--url", two.url)
        done, report = interrupted(file, some_are_gone, *urls, "--players", "8", "--mix", "talk=1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert report["players"] == {"entered": 8, "delayed": 0, "gone": {}}
    assert report["delivery"]["count"] > 0  # between instances: no two neighbours share one
    counts = report["messages"]
    assert (counts["lost"], counts["unseen"], counts["acked"] - counts["checked"]) == (3, 0, 0)
    assert "3 messages that were acked are not in the history" in done.stdout
