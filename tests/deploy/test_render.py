"""deploy/grafana/render.py asks what Grafana would ask, says what it did not find, and stops at what is refused."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from tests.deploy.monitoring import DASHBOARDS, DEPLOY
from tests.deploy.test_prometheus_scrape import prometheus

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def script() -> SimpleNamespace:
    return SimpleNamespace(**run_path(str(DEPLOY / "grafana/render.py")))


@pytest.fixture
def empty_prometheus(tmp_path: Path) -> Iterator[str]:
    with prometheus(tmp_path) as server:
        yield server.url


def test_a_rate_is_over_four_scrapes_or_a_point_of_the_picture(script: SimpleNamespace) -> None:
    query = "rate(maoga_sockets[$__rate_interval])"
    assert script.Span(0, 600, 15).filled(query) == "rate(maoga_sockets[60s])"
    assert script.Span(0, 86_400, 15).filled(query) == "rate(maoga_sockets[375s])"


def test_a_variable_that_nobody_knows_is_not_asked_for(script: SimpleNamespace) -> None:
    with pytest.raises(script.Refused, match=r"\$game"):
        script.Span(0, 600, 15).filled('maoga_pool_tickets{game="$game"}')


def test_panels_with_nothing_in_them_are_named(script: SimpleNamespace, empty_prometheus: str) -> None:
    dashboard = json.loads(DASHBOARDS[0].read_text())
    now = time.time()
    png, empty = script.draw(dashboard, script.Prometheus(empty_prometheus), script.Span(now - 600, now, 15))
    assert png.startswith(PNG)
    assert empty == [panel["title"] for panel in dashboard["panels"]]


def test_a_query_that_prometheus_refuses_is_told(script: SimpleNamespace, empty_prometheus: str) -> None:
    with pytest.raises(script.Refused, match="parse error"):
        script.Prometheus(empty_prometheus).lines("sum by (", "", script.Span(0, 600, 15))


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        *(("s", 0.0123, "12.3 ms"), ("s", 0, "0 s"), ("s", 90, "1.5 min"), ("bytes", 2**27, "128MiB")),
        *(("percentunit", 1, "100%"), ("percentunit", 0.125, "12.5%"), ("cps", 2500, "2.5k/s"), ("short", 0, "0")),
    ],
)
def test_values_have_their_unit(script: SimpleNamespace, unit: str, value: float, text: str) -> None:
    assert script.FORMATS[unit](value) == text
