"""Alerts fire when they should and not otherwise, ask for metrics that there are, and lead to a page that helps."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.alert_cases import CASES, Case, Series
from tests.deploy.monitoring import DEPLOY, RULES, alerts, known_metrics, metrics_in
from tests.support.services import ROOT

RUNBOOKS = ROOT / "docs/operations/runbooks"
USUAL_AT = 400
SECTIONS = ("## What it means", "## Look here", "## Do this")


def run(*command: str) -> str:
    """What a program says; it must succeed."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def firing(alert: str, minute: int, times: int) -> dict[str, Any]:
    """That so many alerts of that name fire then."""
    return {
        "eval_time": f"{minute}m",
        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
        "exp_samples": [{"labels": "{}", "value": times}],
    }


def as_promtool(case: Case) -> Iterator[dict[str, Any]]:
    """The case for promtool."""
    yield judged(case.fires, firing(case.alert, case.early, 0), firing(case.alert, case.at, 1))
    for series in case.silent:
        yield judged(series, firing(case.alert, case.at, 0), firing(case.alert, 60, 0))
    if case.usual:
        yield judged(case.usual, firing(case.alert, USUAL_AT, 0))


def judged(series: Series, *expected: dict[str, Any]) -> dict[str, Any]:
    """What is expected of series."""
    values = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "1m", "input_series": values, "promql_expr_test": list(expected)}


def test_every_alert_fires_and_holds_its_peace_as_its_case_says(tmp_path: Path) -> None:
    assert [case.alert for case in CASES] == [rule["alert"] for rule in alerts()]
    tests = [test for case in CASES for test in as_promtool(case)]
    file = tmp_path / "alerts.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    assert "SUCCESS" in run("promtool", "test", "rules", str(file))


def test_prometheus_and_alertmanager_take_their_files() -> None:
    assert f"{len(CASES)} rules found" in run("promtool", "check", "rules", str(RULES))
    run("promtool", "check", "config", str(DEPLOY / "prometheus/prometheus.yml"))
    run("amtool", "check-config", str(DEPLOY / "alertmanager/alertmanager.yml"))


def test_pages_wake_somebody_and_tickets_do_not() -> None:
    file = str(DEPLOY / "alertmanager/alertmanager.yml")
    for rule in alerts():
        severity = rule["labels"]["severity"]
        assert severity in {"page", "ticket"}
        route = ("amtool", "config", "routes", "test", f"--config.file={file}")
        assert run(*route, f"severity={severity}", f"alertname={rule['alert']}").strip() == severity


def test_inhibitions_name_alerts_that_there_are() -> None:
    config = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
    known = {rule["alert"] for rule in alerts()}
    named = set(re.findall(r"Maoga\w+", str(config["inhibit_rules"])))
    assert named and named <= known


def test_rules_ask_for_metrics_that_a_server_has() -> None:
    known = known_metrics()
    for rule in alerts():
        asked = metrics_in(rule["expr"])
        assert asked and asked <= known, (rule["alert"], asked - known)


def test_every_alert_has_a_page_that_says_what_to_do_and_no_page_is_left_over() -> None:
    linked = {page_of(rule) for rule in alerts()}
    assert linked == set(RUNBOOKS.glob("*.md")) - {RUNBOOKS / "README.md", RUNBOOKS / "rotate-secrets.md"}
    for page in linked:
        text = page.read_text()
        assert all(section in text for section in SECTIONS), page
    for rule in alerts():
        assert rule["alert"] in page_of(rule).read_text()
        assert rule["alert"] in (RUNBOOKS / "README.md").read_text()


def test_one_setting_says_where_the_pages_are_published() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    assert ROOT / config["global"]["external_labels"]["runbooks"] == RUNBOOKS
    assert config["alerting"]["alert_relabel_configs"] == [{"action": "labeldrop", "regex": "runbooks"}]


def page_of(rule: dict[str, Any]) -> Path:
    """The runbook of an alert."""
    where, _, name = rule["annotations"]["runbook_url"].partition(" }}/")
    assert where == "{{ $externalLabels.runbooks"
    return RUNBOOKS / str(name)


def test_a_renamed_metric_would_be_noticed() -> None:
    query = 'sum by (le) (rate(maoga_nothing_bucket{event!="x"}[5m])) > 2 and maoga_sockets offset 5m'
    assert metrics_in(query) == {"maoga_nothing_bucket", "maoga_sockets"}
