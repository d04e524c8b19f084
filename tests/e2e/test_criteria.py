"""Criteria that cannot be met, over a real socket: the field is named, and nothing is enqueued."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from tests.e2e.conftest import a_guest
from tests.support.server import MaogaServer, maoga_server

OVERWATCH = {"games": [{"gameId": "overwatch-2"}], "mode": "competitive"}
SOMEBODY = "01990000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def server() -> Iterator[MaogaServer]:
    """One server for the whole table."""
    with maoga_server(MAOGA_RATE_LIMIT_SCALE="0") as running:
        yield running


@pytest.fixture
async def player(server: MaogaServer) -> AsyncIterator[MaogaClient]:
    async with MaogaClient(server.url, await a_guest(server.url)) as client:
        yield client


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"games": [{"gameId": "no-such-game"}]}, "games.0.gameId", "unknown game"),
        ({"games": []}, "games", "at least 1 item"),
        ({"games": [{"gameId": "apex"}] * 2}, "games", "must not repeat a game"),
        ({"games": [{"gameId": "apex", "weight": 11}]}, "games.0.weight", "less than or equal to 10"),
        ({"games": [{"gameId": "apex"}]}, "mode", "apex has no such mode; it has: casual, ranked"),
        ({"mode": "blitz"}, "mode", "'casual', 'competitive', 'ranked' or 'custom'"),
        ({"groupSize": {"min": 2, "max": 4}}, "groupSize", "overwatch-2 competitive is played by exactly 10"),
        ({"mode": "casual", "groupSize": {"min": 6, "max": 8}}, "groupSize", "is played by 2 to 5"),
        ({"groupSize": {"min": 4, "max": 2}}, "groupSize", "min must not exceed max"),
        ({"roles": ["bard"]}, "roles.0", "there are: damage, support, tank"),
        ({"mode": "casual", "roles": ["tank"]}, "roles.0", "there are: none"),
        ({"attributes": {"level": 5}}, "attributes.level", "there are: none"),
        ({"attributes": {"level": None}}, "attributes.level", "must be a number from -1e9 to 1e9, a text"),
        ({"attributes": {"level": "a\0b"}}, "attributes.level", "none of them a control character"),
        ({"attributes": {"level": ["\x1b[31m"]}}, "attributes.level", "none of them a control character"),
        ({"attributes": {"level": [1]}}, "attributes.level", "a list of at most 32 different texts"),
        ({"attributes": {"a b": 1}}, "attributes.a b", "pattern"),
        ({"latencyMs": {"EU": -1}}, "latencyMs.EU", "greater than or equal to 0"),
        ({"latencyMs": {"E": 5}}, "latencyMs.E", "at least 2 characters"),
        ({"latencyMs": {"eu": 5, "EU": 6}}, "latencyMs", "must not name a region twice"),
        ({"regionPreference": "strict"}, "regionPreference", "at least one of regions"),
        ({"regionPreference": "near"}, "regionPreference", "'strict', 'preferred' or 'any'"),
        ({"skillPreference": "better"}, "skillPreference", "'similar' or 'any'"),
        ({"scheduledAt": "2020-01-01T00:00:00Z"}, "scheduledAt", "must be between now and 7 days ahead"),
        ({"scheduledAt": "9999-12-31T23:59:59-23:59"}, "scheduledAt", "of the years 1 to 9999 in UTC"),
        ({"scheduledAt": "0001-01-01T00:00:00+23:59"}, "scheduledAt", "of the years 1 to 9999 in UTC"),
        ({"scheduledAt": 1795000000}, "scheduledAt", "as in 2026-01-31T18:30:00Z"),
        ({"scheduledAt": "tomorrow"}, "scheduledAt", "as in 2026-01-31T18:30:00Z"),
        ({"scheduledAt": "2026-01-31T18:30:00"}, "scheduledAt", "must name its zone"),
        ({"party": [SOMEBODY, SOMEBODY]}, "party", "must not repeat a value"),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else "",
)
async def test_a_fault_names_its_field_and_what_is_allowed_and_nothing_is_enqueued(
    player: MaogaClient, changes: dict[str, Any], field: str, told: str
) -> None:
    criteria: Any = {**OVERWATCH, **changes}
    with pytest.raises(MaogaError, match="VALIDATION_ERROR") as refused:
        await player.enqueue(criteria)
    assert [fault["field"] for fault in refused.value.details] == [field]
    assert told in refused.value.details[0]["message"]
    assert await player.status() is None
