"""A real Prometheus scrapes two instances on which a match was played, and knows what the dashboards and rules ask."""

import asyncio
import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from runpy import run_path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy.monitoring import DASHBOARDS, DEPLOY, RULES, alerts, known_metrics, metrics_in, panels, queries
from tests.e2e.conftest import Enter, Start, enter, meet, shared, start
from tests.support.server import MaogaServer
from tests.support.services import Server, serving
from tests.support.wait import eventually

__all__ = ["enter", "shared", "start"]  # fixtures

PLAYED = {
    *("maoga-sockets/Sockets", "maoga-sockets/Events from players", "maoga-sockets/Delivery lag"),
    *("maoga-sockets/Time to handle an event", "maoga-sockets/Fan-out", "maoga-sockets/Memory", "maoga-sockets/CPU"),
    *("maoga-matchmaking/Time to a match", "maoga-matchmaking/Quality of matches", "maoga-matchmaking/Matches"),
    *("maoga-matchmaking/Tick (p99)", "maoga-matchmaking/Jobs", "maoga-matchmaking/Matches that come about"),
    *("maoga-lobbies-chat/Lobbies", "maoga-lobbies-chat/Lobbies made", "maoga-lobbies-chat/Messages"),
    *("maoga-lobbies-chat/Time to send a message", "maoga-lobbies-chat/Notifications"),
    *("maoga-http/Requests", "maoga-http/Time to answer", "maoga-http/Requests in progress"),
    *("maoga-storage/Checks", "maoga-storage/Operations on documents", "maoga-storage/Redis commands"),
    *("maoga-storage/Connections in use", "maoga-storage/Free disk"),
}
"""Panels that must show something once a match was played."""


def test_the_dashboards_are_those_that_the_script_makes() -> None:
    script = run_path(str(DEPLOY / "grafana/build.py"))
    assert {file.stem for file in DASHBOARDS} == set(script["DASHBOARDS"])
    for file in DASHBOARDS:
        assert file.read_text() == script["text_of"](file.stem), "run `make docs`"


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_dashboards_ask_for_metrics_that_a_server_has(file: Path) -> None:
    known = known_metrics()
    for query in queries(file):
        assert metrics_in(query) and metrics_in(query) <= known, (query, metrics_in(query) - known)


def test_every_metric_of_ours_is_on_a_dashboard_or_in_an_alert() -> None:
    texts = [*map(Path.read_text, DASHBOARDS), RULES.read_text()]
    ours = {name.removesuffix("_count") for name in known_metrics() if name.startswith("maoga_")}
    ours = {name for name in ours if not name.endswith(("_bucket", "_sum"))}
    assert {name for name in ours if not any(name in text for text in texts)} <= {
        "maoga_tasks",
        "maoga_log_lines_total",
    }


@contextmanager
def prometheus(folder: Path, *instances: MaogaServer) -> Iterator[Server]:
    """A Prometheus with our configuration, but every second, and with these targets."""
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(RULES)]
    config["alerting"] = {}
    config["scrape_configs"][0]["file_sd_configs"] = [{"files": [str(folder / "maoga.yml")]}]
    config["scrape_configs"][1:] = []
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    targets = [urlsplit(instance.metrics_url).netloc for instance in instances]
    (folder / "maoga.yml").write_text(yaml.safe_dump([{"targets": targets}]))

    def command(port: int, data: Path) -> list[str]:
        storage = f"--storage.tsdb.path={data / 'tsdb'}"
        config_file = f"--config.file={folder / 'prometheus.yml'}"
        return ["prometheus", config_file, storage, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]

    with serving("http", command, is_up) as server:
        yield server


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def api(server: Server, path: str, **parameters: str) -> Any:
    """The data that Prometheus answers."""
    with urllib.request.urlopen(
        f"{server.url}api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10
    ) as answer:
        body = json.load(answer)
    assert body["status"] == "success", body
    return body["data"]


def asked(server: Server, query: str) -> list[Any]:
    """What a query of a dashboard finds."""
    found = api(server, "query", query=query.replace("$__rate_interval", "30s"))
    return list(found["result"])


async def test_two_instances_are_scraped_and_every_panel_and_rule_gets_its_answer(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    a, b = start(**shared), start(**shared)
    with prometheus(tmp_path, a, b) as server:
        await eventually(lambda: len(asked(server, "up == 1")) == 2, timeout=20)
        ann, bob = await enter(a.url), await enter(b.url)
        lobby = await meet(ann, bob)
        for n in range(5):
            await ann.send(lobby["chatId"], f"message {n}")
        await bob.wait_for("message")
        await eventually(lambda: asked(server, "sum(maoga_messages_total) == 5"), timeout=20)
        await eventually(lambda: asked(server, "sum(maoga_lobbies) == 1"), timeout=30)
        assert float(asked(server, "sum(maoga_sockets)")[0]["value"][1]) == 8

        shown = set()
        for file in DASHBOARDS:
            for panel in panels(file):
                for target in panel["targets"]:
                    if await asyncio.to_thread(asked, server, target["expr"]):
                        shown.add(f"maoga-{file.stem}/{panel['title']}")
        assert shown >= PLAYED, PLAYED - shown
        groups = await asyncio.to_thread(api, server, "rules")
        rules = [rule for group in groups["groups"] for rule in group["rules"]]
        assert len(rules) == len(alerts())
        assert {rule["health"] for rule in rules} == {"ok"}
        assert not [rule["name"] for rule in rules if rule["state"] == "firing"]
