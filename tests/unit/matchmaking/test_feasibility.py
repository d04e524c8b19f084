"""What the catalogue cannot meet is told by field, with what it allows."""

from datetime import timedelta
from typing import Any

import pytest

from domain.core.clock import seconds
from domain.core.ids import GameId
from domain.games.model import Game
from domain.matchmaking.feasibility import PAST_MEANS_NOW_S, SCHEDULE_AHEAD_S, faults_of
from tests.support.builders import NOON, criteria

RULES = [
    {"type": "distance", "name": "near-level", "attribute": "level", "limit": 10},
    {"type": "equality", "name": "same-platform", "attribute": "platform", "required": True},
    {"type": "overlap", "name": "common-maps", "attribute": "maps"},
    {"type": "composition", "name": "classes", "attribute": "class", "counts": {"healer": {"min": 1}}},
]
CATALOGUE: tuple[dict[str, Any], ...] = (
    {"id": "duel", "modes": [{"mode": "casual", "groupSize": {"min": 2, "max": 4}}, {"mode": "ranked"}]},
    {
        "id": "squads",
        "modes": [{"mode": "casual", "teams": {"count": 2, "size": 3, "roles": {"tank": 1, "healer": 1}}}],
    },
    {
        "id": "raid",
        "modes": [
            {
                "mode": "casual",
                "teams": {"count": 1, "size": 5, "roles": {"scout": 1}},
                "matching": {"rules": RULES},
            }
        ],
    },
)
GAMES = {GameId(game["id"]): Game.model_validate({"name": game["id"], **game}) for game in CATALOGUE}


def faults(game: str = "duel", *, size: int = 1, games: list[str] | None = None, **fields: Any) -> dict[str, str]:
    """The message of each field at fault."""
    if games:
        fields["games"] = [{"gameId": name} for name in games]
    found = faults_of(criteria(game, **fields), size, GAMES, NOON)
    assert len({fault["field"] for fault in found}) == len(found)
    return {fault["field"]: fault["message"] for fault in found}


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"game": "chess"}, "games.0.gameId", "unknown game; see GET /api/v1/games"),
        ({"games": ["duel", "chess"]}, "games.1.gameId", "unknown game"),
        ({"mode": "custom"}, "mode", "duel has no such mode; it has: casual, ranked"),
        ({"groupSize": {"min": 5, "max": 9}}, "groupSize", "duel casual is played by 2 to 4"),
        ({"mode": "ranked", "groupSize": {"min": 11, "max": 12}}, "groupSize", "duel ranked is played by 2 to 10"),
        ({"game": "squads", "groupSize": {"min": 2, "max": 5}}, "groupSize", "squads casual is played by exactly 6"),
        ({"size": 5}, "party", "duel casual takes parties of at most 4"),
        ({"game": "squads", "size": 4}, "party", "squads casual takes parties of at most 3"),
        ({"size": 3, "groupSize": {"min": 2, "max": 2}}, "party", "duel casual takes parties of at most 2"),
        ({"roles": ["tank"]}, "roles.0", "no such role in this mode; there are: none"),
        ({"game": "squads", "roles": ["tank", "bard"]}, "roles.1", "there are: healer, tank"),
        ({"games": ["squads", "raid"], "roles": ["tank"], "attributes": {"platform": "pc"}}, "roles", "raid's: scout"),
        ({"attributes": {"level": 5}}, "attributes.level", "no such attribute in this mode; there are: none"),
        (
            {"game": "raid", "attributes": {"platform": "pc", "rank": 5}},
            "attributes.rank",
            "there are: class, level, maps, platform",
        ),
        ({"game": "raid"}, "attributes.platform", "raid casual needs it: a number or a text"),
        ({"game": "raid", "attributes": {"platform": ["pc"]}}, "attributes.platform", "must be a number or a text"),
        (
            {"game": "raid", "attributes": {"platform": 1, "level": "5"}},
            "attributes.level",
            "must be a number for raid",
        ),
        ({"game": "raid", "attributes": {"platform": 1, "maps": "hill"}}, "attributes.maps", "must be a list of texts"),
        ({"game": "raid", "attributes": {"platform": 1, "class": 5}}, "attributes.class", "must be a text for raid"),
    ],
)
def test_a_fault_names_its_field_and_what_is_allowed(fields: dict[str, Any], field: str, told: str) -> None:
    found = faults(**fields)
    assert list(found) == [field]
    assert told in found[field]


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 4, "groupSize": {"min": 2, "max": 9}},
        {"game": "squads", "size": 3, "roles": ["tank", "healer"], "groupSize": {"min": 6, "max": 6}},
        {"games": ["duel", "squads"], "roles": ["tank"]},
        {
            "game": "raid",
            "attributes": {"platform": "pc", "level": 5, "maps": ["hill"], "class": "bard"},
            "latencyMs": {"EU-WEST": 20},
        },
    ],
)
def test_what_can_be_met_has_no_fault(fields: dict[str, Any]) -> None:
    assert faults(**fields) == {}


def test_all_faults_are_told_at_once() -> None:
    found = faults(games=["duel", "squads"], size=4, roles=["bard"], attributes={"level": 5})
    assert set(found) == {"party", "roles.0", "attributes.level"}


def test_a_search_can_be_scheduled_from_now_to_seven_days_ahead() -> None:
    def field_at(after_s: float) -> list[str]:
        return list(faults(scheduledAt=(NOON + seconds(after_s)).isoformat()))

    assert [] == field_at(0) == field_at(SCHEDULE_AHEAD_S) == field_at(-PAST_MEANS_NOW_S)
    assert ["scheduledAt"] == field_at(-PAST_MEANS_NOW_S - 1) == field_at(SCHEDULE_AHEAD_S + 1)
    told = faults(scheduledAt="9999-12-31T23:59:59Z")["scheduledAt"]
    assert told.endswith("7 days ahead: 2026-01-01T12:00:00Z to 2026-01-08T12:00:00Z")
    assert timedelta(days=7) == seconds(SCHEDULE_AHEAD_S)
