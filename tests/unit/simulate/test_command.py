"""`maoga simulate` on files."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bench.scenarios.generate import POPULATIONS, generate
from maoga.__main__ import app
from tests.unit.simulate.oracle import broken
from tests.unit.simulate.test_simulation import a_scenario, timeless

Json = dict[str, Any]

PAIR: list[Json] = [{"groupSize": {"min": 2, "max": 2}}] * 2


def simulate(*arguments: object, data: str | None = None) -> Result:
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)], input=data)


def lines_of(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_scenario_file_becomes_lines_and_a_picture(tmp_path: Path) -> None:
    """The output ends with the summary, whose figures are printed; the picture is a PNG."""
    scenario, out, picture = tmp_path / "in.json", tmp_path / "out.jsonl", tmp_path / "plot.png"
    scenario.write_text(json.dumps(a_scenario(*PAIR)))
    result = simulate("--scenario", scenario, "--out", out, "--plot", picture)
    assert result.exit_code == 0
    assert "tickets matched" in result.stdout
    assert [line["type"] for line in lines_of(out.read_text())] == ["match", "summary"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_pipes_do_as_well() -> None:
    """- is standard input and output."""
    result = simulate("--scenario", "-", "--out", "-", data=json.dumps(a_scenario(*PAIR)))
    assert [line["type"] for line in lines_of(result.stdout)] == ["match", "summary"]


def test_two_runs_are_alike() -> None:
    """But for the times that were measured."""
    data = json.dumps({**generate("steady", players=60), "config": {"tickMs": 20_000}})
    one, other = (lines_of(simulate("--scenario", "-", "--out", "-", data=data).stdout) for _ in range(2))
    assert timeless(one) == timeless(other)


@pytest.mark.parametrize("name", POPULATIONS)
def test_generated_scenarios_are_played_by_the_rules(name: str) -> None:
    """Every generator makes scenarios that are accepted, and in which matches are found that keep the rules."""
    scenario = generate(name, seed=2, players=60)
    assert scenario == generate(name, seed=2, players=60)
    scenario["config"] = {"tickMs": 20_000}
    lines = lines_of(simulate("--scenario", "-", "--out", "-", data=json.dumps(scenario)).stdout)
    assert lines[-1]["matches"] > 0
    assert broken(scenario, lines) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"groupSize": {"min": 5, "max": 4}}, "tickets.0.groupSize: min must not exceed max"),
        ({"groupSize": {"min": 50, "max": 60}}, "tickets.0.groupSize: "),
        ({"games": [{"gameId": "h"}]}, "tickets.0.games.0.gameId: unknown game; there are: g"),
        ({"mode": "ranked"}, "tickets.0.mode: g has no mode ranked; it has: casual"),
        ({"id": "t1"}, "tickets.1.id: t1 is the id of an earlier ticket"),
        ({"at": -1}, "tickets.0.at: "),
        ({"at": 5, "cancelAt": 4}, "cancelAt must not be before at"),
        ({"regoins": ["EU"]}, "tickets.0.regoins: "),
        ({"party": ["a", "b", "c", "d"]}, "tickets.0.party: "),
    ],
)
def test_a_fault_is_told_with_its_place(change: Json, told: str) -> None:
    """Exit code 2, and a line that says where and what; no output."""
    result = simulate("--scenario", "-", "--out", "-", data=json.dumps(a_scenario(change, {})))
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("data", ["", "{", "[]", "null", '{"tickets": 3}', "\udcff"])
def test_what_is_no_scenario_is_told(data: str) -> None:
    """Exit code 2 and no traceback."""
    result = CliRunner().invoke(
        app, ["simulate", "--scenario", "-", "--out", "-"], data.encode("utf-8", "surrogateescape")
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("-: ")


def test_rules_of_the_config_are_checked() -> None:
    """Their faults are told with their place as well."""
    data = json.dumps(a_scenario({}, config={"matching": {"slowest": 0}}))
    result = simulate("--scenario", "-", "--out", "-", data=data)
    assert (result.exit_code, result.stderr.startswith("-: config.matching.slowest: ")) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scenario", "/nowhere/a.json", "--out", "-"], "cannot read /nowhere/a.json: No such file or directory"),
        (["--scenario", "-"], "say either --scenario FILE --out FILE"),
        (["--scenario", "-", "--replay", "-", "--out", "-"], "say either --scenario FILE --out FILE"),
        (["--scenario", "-", "--out", "/nowhere/out"], "cannot write /nowhere/out: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: list[str], told: str) -> None:
    """Exit code 2 and one line."""
    result = simulate(*arguments, data=json.dumps(a_scenario({})))
    assert result.exit_code == 2
    assert result.stderr.startswith(told)


def test_a_replay_shows_what_changed_rules_would_have_done(tmp_path: Path) -> None:
    """Side by side with what the recorded rules do, and with every line of both runs."""
    recording, rules, out = tmp_path / "recording.json", tmp_path / "rules.json", tmp_path / "out.jsonl"
    users = {"u0": {"rating": {"mu": 1500}}, "u1": {"rating": {"mu": 1550}}}
    recording.write_text(json.dumps(a_scenario(*PAIR, users=users)))
    rules.write_text('{"skill": [{"afterS": 0, "limit": 10}]}')
    result = simulate("--replay", recording, "--rules", rules, "--out", out)
    assert result.exit_code == 0
    (row,) = [line for line in result.stdout.splitlines() if "tickets matched" in line]
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["2", "0", "-2"]
    assert [(line["run"], line["type"]) for line in lines_of(out.read_text())] == [
        ("recorded", "match"),
        ("recorded", "summary"),
        ("changed", "summary"),
    ]


def test_rules_of_a_replay_are_checked(tmp_path: Path) -> None:
    """A fault in them is told by its place."""
    recording, rules = tmp_path / "recording.json", tmp_path / "rules.json"
    recording.write_text(json.dumps(a_scenario({})))
    rules.write_text('{"skil": []}')
    result = simulate("--replay", recording, "--rules", rules)
    assert (result.exit_code, result.stderr.startswith(f"{rules}: config.matching.skil: ")) == (2, True)
