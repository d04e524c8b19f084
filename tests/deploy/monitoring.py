"""What deploy/ has for Prometheus, Alertmanager and Grafana, as data."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.metrics import MetricWrapperBase

from maoga.metrics_page import kind_of, name_of, record
from tests.support.services import ROOT

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/rules/maoga.yml"
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))

FOREIGN = {"up", "probe_ssl_earliest_cert_expiry"}
"""What is asked of others: of Prometheus itself, and of the blackbox exporter."""

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right) *\([^()]*\)")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?![a-zA-Z0-9_:]*\s*\()")
KEYWORDS = {"and", "or", "unless", "offset", "bool", "vector", "time"}


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels(dashboard: Path) -> Iterator[dict[str, Any]]:
    """The panels that ask something."""
    yield from (panel for panel in json.loads(dashboard.read_text())["panels"] if panel["type"] != "row")


def queries(dashboard: Path) -> list[str]:
    """What its panels ask."""
    return [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]


def metrics_in(query: str) -> set[str]:
    """The names of the metrics that a PromQL query asks for."""
    bare = SELECTOR.sub(" ", STRING.sub('""', query))
    return {name for name in NAME.findall(bare) if name not in KEYWORDS and not re.fullmatch(r"\d.*|[smhdw]", name)}


def known_metrics() -> set[str]:
    """The names that a server's /metrics has, those of samples of histograms among them."""
    names = set(FOREIGN)
    for collector in record().collectors:
        if isinstance(collector, MetricWrapperBase):
            name = name_of(collector)
            histogram = kind_of(collector) == "histogram"
            names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if histogram else {name}
        else:
            names |= {sample.name for family in collector.collect() for sample in family.samples}
    return names
