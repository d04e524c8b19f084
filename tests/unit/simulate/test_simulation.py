"""Simulations keep every rule, whatever the scenario."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from maoga.simulate.scenario import read
from maoga.simulate.simulation import Simulation
from tests.unit.simulate.oracle import broken
from tests.unit.simulate.scenarios import DUELS, scenarios

Json = dict[str, Any]

TIMES = {"tickMsP50", "tickMsP99", "cpuSeconds"}


def play(scenario: Json) -> list[Json]:
    lines: list[Json] = []
    Simulation(read(json.dumps(scenario).encode()), lines.append).run()
    return lines


def timeless(lines: list[Json]) -> list[Json]:
    return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=500, deadline=None)
@given(scenarios())
def test_every_rule_holds_in_many_scenarios(scenario: Json) -> None:
    assert broken(scenario, play(scenario)) == []


@settings(max_examples=12, deadline=None)
@given(scenarios())
def test_every_rule_holds(scenario: Json) -> None:
    """Nobody is in two matches, every hard rule holds at the relaxation in force, and every ticket ends once."""
    assert broken(scenario, play(scenario)) == []


@settings(max_examples=4, deadline=None)
@given(scenarios())
def test_a_run_is_deterministic(scenario: Json) -> None:
    """The same scenario and seed give the same output, but for the times that were measured."""
    assert timeless(play(scenario)) == timeless(play(scenario))


def a_scenario(*tickets: Json, until: float = 60, **fields: Any) -> Json:
    """Duels by default; each ticket is that of a user of its own."""
    return {
        "game": {"id": "g", "name": "G", "modes": [DUELS]},
        "until": until,
        "tickets": [
            {"id": f"t{n}", "at": 0, "userId": f"u{n}", "games": [{"gameId": "g"}], "mode": "casual", **ticket}
            for n, ticket in enumerate(tickets)
        ],
        **fields,
    }


def test_a_match_is_told_whole() -> None:
    """A match says who plays where, and how long each ticket waited and how far it had relaxed."""
    four = [{"groupSize": {"min": 4, "max": 4}, "regions": ["EU"]}] * 4
    match, summary = play(a_scenario(*four))
    assert (match["type"], match["at"], match["region"]) == ("match", 1, "EU")
    assert sorted(match["ticketIds"]) == ["t0", "t1", "t2", "t3"]
    assert sorted(match["teams"][0]) == ["u0", "u1", "u2", "u3"]
    assert [(told["ticketId"], told["waitedS"]) for told in match["relaxation"]] == [
        (id, 1) for id in match["ticketIds"]
    ]
    assert summary["matched"] == 4
    assert (summary["waitP50"], summary["waitMax"], summary["skillSpreadMean"]) == (1, 1, 0)


def test_a_cancelled_ticket_is_not_matched() -> None:
    """Who gives up before the tick is not in its match; who gives up after it stays in it."""
    lines = play(
        a_scenario(
            {"cancelAt": 0.5},
            {"groupSize": {"min": 2, "max": 2}},
            {"at": 2, "groupSize": {"min": 2, "max": 2}, "cancelAt": 30},
        )
    )
    assert [(line["type"], line.get("ticketId") or line.get("ticketIds")) for line in lines[:-1]] == [
        ("cancelled", "t0"),
        ("match", ["t1", "t2"]),
    ]


def test_a_ticket_expires() -> None:
    """Who finds nobody for ticketMaxS seconds expires within five seconds more."""
    (expired, summary) = play(a_scenario({"at": 0.5}, config={"ticketMaxS": 10}))
    assert (expired["type"], expired["ticketId"]) == ("expired", "t0")
    assert 10.5 <= expired["at"] <= 15.5
    assert (summary["matched"], summary["unmatched"], summary["expired"]) == (0, 1, 1)


def test_who_searches_already_is_refused() -> None:
    """A second ticket of somebody who waits ends at once, with the code that production answers."""
    refused, summary = play(a_scenario({}, {"userId": "u0", "at": 5}, until=6))
    assert refused == {"type": "cancelled", "at": 5, "ticketId": "t1", "reason": "ALREADY_QUEUED"}
    assert summary["waiting"] == ["t0"]


def test_who_would_come_later_is_waiting() -> None:
    """A ticket beyond the end counts as waiting, so that every ticket ends once."""
    (summary,) = play(a_scenario({"at": 5}, until=3))
    assert summary["waiting"] == ["t0"]


def test_steps_are_those_in_force() -> None:
    """The summary names the skill steps with what the config changes about them; null is unlimited."""
    changed = {"matching": {"skill": [{"afterS": 0, "limit": 50}, {"afterS": 7, "limit": None}]}}
    (summary,) = play(a_scenario({}, until=1, config=changed))
    assert summary["relaxationSteps"] == [{"afterS": 0, "skill": 50}, {"afterS": 7, "skill": None}]


@pytest.mark.parametrize("limit", [10, None])
def test_rules_of_the_config_count(limit: float | None) -> None:
    """A limit given in the config decides who may meet."""
    users = {"u0": {"rating": {"mu": 1500}}, "u1": {"rating": {"mu": 1550}}}
    config = {"matching": {"skill": [{"afterS": 0, "limit": limit}]}}
    pair = [{"groupSize": {"min": 2, "max": 2}}] * 2
    assert play(a_scenario(*pair, users=users, config=config))[-1]["matched"] == (0 if limit else 2)
