"""What docs/matchmaking.md shows is what the server takes."""

import json
import re
from typing import Any, get_args

import pytest

from domain.games.model import Mode
from domain.games.rules import Rule
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import Blocker, RelaxedRule, TicketView, WaitRange
from tests.support.services import ROOT

GUIDE = (ROOT / "docs/matchmaking.md").read_text()
EXAMPLES: list[dict[str, Any]] = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]


def the_example_with(field: str) -> dict[str, Any]:
    (example,) = [example for example in EXAMPLES if field in example]
    return example


def test_the_criteria_are_criteria() -> None:
    Criteria.model_validate({**the_example_with("latencyMs"), "party": ["u2"]})


def test_the_rule_set_has_every_type_of_rule() -> None:
    mode = Mode.model_validate(the_example_with("matching"))
    kinds = get_args(get_args(Rule)[0])
    assert {type(rule) for rule in mode.matching.rules} == set(kinds)


def test_the_seasons_are_those_of_a_mode() -> None:
    assert Mode.model_validate(the_example_with("rated")).rating.seasons


def test_the_ticket_shows_fields_that_there_are() -> None:
    ticket = the_example_with("blockers")
    names = {field.alias or name for name, field in TicketView.model_fields.items()}
    assert ticket.keys() <= names
    assert [RelaxedRule.model_validate(rule) for rule in [{"limit": None, **rule} for rule in ticket["relaxed"]]]
    assert [Blocker.model_validate(blocker) for blocker in ticket["blockers"]]
    WaitRange.model_validate(ticket["estimatedWaitRange"])


@pytest.mark.parametrize("name", sorted(field.alias or name for name, field in Criteria.model_fields.items()))
def test_every_field_of_the_criteria_is_told_of(name: str) -> None:
    assert f"`{name}`" in GUIDE
