"""Recordings of stored tickets, and their replay."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from domain.core.clock import seconds
from domain.core.ids import GameId, UserId
from domain.games.model import GAMES, Game, GroupSize, Mode
from domain.games.rules import Distance, RuleSet
from domain.matchmaking.model import TICKETS, Ticket
from domain.matchmaking.pool import PoolPlayer, Skill
from domain.users.model import USERS, Preferences, User
from maoga.__main__ import app
from storage.documents.factory import open_database
from tests.support.builders import criteria

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHESS = Game(
    id="chess",
    name="Chess",
    modes=(
        Mode(
            mode="casual",
            group_size=GroupSize(min=2, max=2),
            matching=RuleSet(rules=(Distance(type="distance", name="level", attribute="level", limit=5),)),
        ),
    ),
)


def a_user(id: str, *, research: bool) -> User:
    return User(
        id=id,
        username=id,
        username_key=id,
        display_name=id,
        preferences=Preferences(research=research),
        created_at=NOON,
    )


def a_ticket(number: int, user: str, **fields: Any) -> Ticket:
    at = NOON + seconds(10.04 * number)
    wish = criteria(attributes={"level": 3, "clan": "secret-clan"}, latencyMs={"EU": 47})
    player = PoolPlayer(
        user_id=UserId(user), skills={GameId("chess"): Skill(mu=1512.3, sigma=88)}, blocked=(UserId("anna"),)
    )
    ordinary: dict[str, Any] = {
        "id": f"ticket-{number}",
        "user_id": user,
        "player_ids": (user,),
        "players": (player,),
        "criteria": wish,
        "status": "matched",
        "queued_at": at,
        "created_at": at,
        "expires_at": at + seconds(1e9),
    }
    return Ticket(**{**ordinary, **fields})


@pytest.fixture
async def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with the tickets of two who consented and one who did not; a folder for files."""
    url = f"sqlite:///{tmp_path}/maoga.db"
    database = await open_database(url, [GAMES, USERS, TICKETS], timeout_s=1, pool_size=1)
    await database.collection(GAMES).insert(CHESS)
    for user in (a_user("anna", research=True), a_user("bert", research=True), a_user("carl", research=False)):
        await database.collection(USERS).insert(user)
    tickets = [
        a_ticket(1, "anna"),
        a_ticket(2, "bert", status="cancelled", gave_up_at=NOON + seconds(40)),
        a_ticket(3, "carl"),
        a_ticket(9_000, "anna"),
    ]
    await database.collection(TICKETS).insert_many(tickets)
    await database.close()
    monkeypatch.setenv("MAOGA_DATABASE_URL", url)
    monkeypatch.setenv("MAOGA_REDIS_URL", "memory://")
    return tmp_path


def record(out: Path, mode: str = "casual", day: str = "2026-01-01") -> Any:
    moments = ["--since", f"{day}T12:00:00", "--until", f"{day}T13:00:00"]
    return CliRunner().invoke(app, ["record-tickets", "--game", "chess", "--mode", mode, *moments, "--out", str(out)])


def test_only_those_who_consented_are_recorded_and_nobody_is_named(stored: Path) -> None:
    """Neither ids, nor times of day, nor attributes that no rule speaks of."""
    out = stored / "recording.json"
    result = record(out)
    assert (result.exit_code, result.output) == (0, "recorded 2 tickets\n")
    written = out.read_bytes()
    assert not [word for word in (b"anna", b"bert", b"carl", b"ticket-", b"clan", b"2026") if word in written]
    scenario = orjson.loads(written)
    assert [(line["id"], line["userId"], line["at"], line.get("cancelAt")) for line in scenario["tickets"]] == [
        ("t1", "u1", 0, None),
        ("t2", "u2", 10, 30),
    ]
    assert scenario["tickets"][0]["attributes"] == {"level": 3}
    assert scenario["users"]["u2"] == {"rating": {"mu": 1510, "sigma": 90}, "blocked": ["u1"]}


def test_a_recording_can_be_replayed(stored: Path) -> None:
    """As it is: the two have blocked each other's company, so nobody is matched."""
    out = stored / "recording.json"
    record(out)
    result = CliRunner().invoke(app, ["simulate", "--replay", str(out)])
    assert result.exit_code == 0
    assert "tickets cancelled" in result.output


def test_a_mode_that_is_not_there_is_told(stored: Path) -> None:
    """Exit codes other than 0, and words."""
    assert record(stored / "out", "ranked").stderr == "There is no game chess with a mode ranked.\n"
    assert record(stored / "out", "chaos").stderr.startswith("--mode: there are casual, competitive")


def test_a_recording_of_nobody_says_who_is_recorded(stored: Path) -> None:
    result = record(stored / "empty.json", day="2025-01-01")
    assert (result.exit_code, result.stdout) == (0, "recorded 0 tickets\n")
    assert "allow `research`" in result.stderr
