"""`maoga lobby-trail`: support reads who did what in a lobby."""

import asyncio
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from domain.core.ids import LobbyId
from domain.lobbies.commands import SetReady
from maoga.__main__ import app
from tests.support.cores import a_core, players
from tests.support.lobbies import a_lobby


def maoga(*command: str, code: int = 0) -> str:
    """What a command prints."""
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == code, answer.output
    return answer.output.strip()


async def a_ready_player(var_dir: Path) -> LobbyId:
    async with a_core(var_dir) as core:
        (host,) = await players(core, 1)
        lobby_id = await a_lobby(core, host)
        await core.lobbies.set_ready(host, SetReady(ready=True))
        return lobby_id


def test_it_shows_who_changed_what_and_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")
    lobby_id = asyncio.run(a_ready_player(tmp_path / "var"))
    shown = maoga("lobby-trail", lobby_id)
    for text in ("player-0", "member_ready", "countdown_started", 'status: "forming" -> "countdown"'):
        assert text in shown
    (entry,) = orjson.loads(maoga("lobby-trail", lobby_id, "--json"))
    assert entry["what"] == ["member_ready", "lobby_ready", "countdown_started"]
    assert "There is no trail of such a lobby." in maoga("lobby-trail", "nowhere", code=1)
