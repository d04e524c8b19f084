"""`maoga loadtest`, as an operator starts it, against real servers."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from pymongo import MongoClient

from clients.python.rest import MaogaRest
from tests.support.scrape import Scrape
from tests.support.server import maoga_server

LIMIT_S = 100.0
BUSY = ("--pace", "0.2", "--ramp", "50")


def maoga_loadtest(*arguments: str) -> tuple[subprocess.CompletedProcess[str], Any]:
    """A load test, run to its end, and what it reports as JSON; None when it did not get so far."""
    with loading(*arguments) as (process, file):
        output, errors = process.communicate(timeout=LIMIT_S)
        done = subprocess.CompletedProcess(process.args, process.returncode, output, errors)
        return done, orjson.loads(file.read_bytes() or b"null")


@contextmanager
def loading(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A load test on its way, and the file of its report."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [sys.executable, "-m", "maoga", "loadtest", *BUSY, "--json", str(file), *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process, file
            finally:
                process.kill()


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


def test_every_role_is_played_and_measured_on_the_embedded_default() -> None:
    with maoga_server(MAOGA_LOBBY_COUNTDOWN_S="0.1") as server:
        pid = str(server.process.pid)
        done, report = maoga_loadtest("--url", server.url, "--players", "10", "--duration", "4", "--pid", pid)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_sound(report, 10)
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
    assert "message seen by another" in done.stdout
    assert "\x1b" not in done.stdout


def test_on_two_instances_the_load_is_shared_and_a_lost_message_is_noticed(mongodb_url: str, redis_url: str) -> None:
    shared = {"MAOGA_DATABASE_URL": mongodb_url, "MAOGA_REDIS_URL": redis_url, "MAOGA_SECRET_KEY": "s" * 40}
    with maoga_server(**shared) as one, maoga_server(**shared) as two:
        urls = ("--url", one.url, "--url", two.url, "--players", "8", "--mix", "talk=1")
        done, report = maoga_loadtest(*urls, "--duration", "2")
        assert done.returncode == 0, done.stdout + done.stderr
        assert_sound(report, 8)
        assert report["delivery"]["count"] > 0  # between instances: no two neighbours share one
        with loading(*urls, "--duration", "60") as (process, file):
            client: MongoClient[dict[str, Any]]
            with MongoClient(mongodb_url) as client:
                messages: Any = client.get_default_database()["messages"]
                wanted = {"sender_id": {"$exists": True}}
                before = messages.count_documents(wanted)
                wait_until(lambda: messages.count_documents(wanted) >= before + 20)
                first = [each["_id"] for each in messages.find(wanted).sort("_id", 1).skip(before).limit(3)]
                assert messages.delete_many({"_id": {"$in": first}}).deleted_count == 3
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=LIMIT_S)
            report = orjson.loads(file.read_bytes())
    assert process.returncode == 1
    assert report["messages"]["lost"] == 3
    assert "3 messages that were acked are not in the history" in output


def test_interrupted_it_says_good_bye_and_reports_what_it_has() -> None:
    with (
        maoga_server() as server,
        loading("--url", server.url, "--players", "6", "--duration", "60") as (process, file),
    ):
        assert process.stdout
        assert "6 players" in process.stdout.readline()
        wait_until(lambda: Scrape(server).total("maoga_messages_total") > 5)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 130, output + errors
        report = orjson.loads(file.read_bytes())
    assert report["interrupted"]
    assert report["seconds"] < 60
    assert_sound(report, 6)
    assert "Traceback" not in output + errors


async def test_players_with_tokens_need_no_account_and_a_limit_that_is_broken_fails(tmp_path: Path) -> None:
    with maoga_server() as server:
        async with MaogaRest(server.url) as rest:
            tokens = tmp_path / "tokens"
            tokens.write_text("\n".join([(await rest.guest()).access_token for _ in range(3)]))
        given = ("--url", server.url, "--players", "3", "--mix", "talk=1", "--tokens", str(tokens))
        done, report = maoga_loadtest(*given, "--duration", "1.5", "--max-p99-ms", "60000", "--max-error-rate", "0")
        assert done.returncode == 0, done.stdout + done.stderr
        assert_sound(report, 3)
        assert "POST /auth/guest" not in report["rest"]
        done, report = maoga_loadtest(*given, "--duration", "1.5", "--max-p99-ms", "0.01")
    assert done.returncode == 1
    [problem] = report["problems"]
    assert "ms, more than 0.01 ms" in problem
    assert problem in done.stdout


async def test_at_a_closed_door_it_says_which_limit_that_is() -> None:
    with maoga_server(MAOGA_RATE_LIMIT_SCALE="0.1") as server:
        async with MaogaRest(server.url) as rest:
            for _ in range(6):  # as many as may enter at once; another every 10 s
                await rest.guest()
        done, report = maoga_loadtest("--url", server.url, "--players", "3", "--duration", "1")
    assert report["players"]["delayed"] > 0
    assert report["rest"]["POST /auth/guest"]["errors"].keys() == {"RATE_LIMITED"}
    assert "the servers limit how many guests come from one address" in done.stdout
    assert (done.returncode, "nobody came in" in report["problems"]) == (1, True)
