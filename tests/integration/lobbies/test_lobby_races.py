"""Whatever players of two instances do in lobbies at once, the documents agree and all events replay."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from clients.python.state import apply
from domain.core.errors import AppError
from domain.core.ids import LobbyId, UserId
from domain.lobbies.commands import (
    AboutPlayer,
    CreateLobby,
    JoinLobby,
    SetReady,
    SetTeam,
    Spectate,
    UpdateSettings,
)
from domain.lobbies.events import lobby_stream, watch_stream
from domain.lobbies.model import LOBBIES, Lobby, LobbyView, lobby_view, outside_view
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.lobbies import told

ROUNDS = 12


class Crowd:
    """Players who do what comes to their minds."""

    def __init__(self, cores: list[Core], users: list[UserId], dice: random.Random) -> None:
        self._cores, self._users, self._dice = cores, users, dice
        self.lobbies: list[Lobby] = []

    async def act(self, user: UserId) -> Any:
        """Something, on one of the instances; an error that a player would be told is an answer."""
        acts = [self._create, self._join, self._join, self._join, self._leave, self._watch, self._ready, self._ready]
        act = self._dice.choice([*acts, self._kick, self._hand_over, self._move, self._set, self._check])
        try:
            return await act(self._dice.choice(self._cores), user)
        except AppError as error:
            return error

    async def _create(self, core: Core, user: UserId) -> LobbyView:
        settings = {"visibility": "public", "allowSpectators": True, "removeUnready": self._dice.random() < 0.5}
        fields = {"gameId": "valorant", "mode": "competitive", "settings": settings}
        return await core.lobbies.create(user, CreateLobby.parse(fields))

    async def _join(self, core: Core, user: UserId) -> LobbyView | None:
        lobby = self._some_lobby()
        return await core.lobbies.join(user, JoinLobby(lobby_id=lobby)) if lobby else None

    async def _leave(self, core: Core, user: UserId) -> LobbyView:
        return await core.lobbies.leave(user)

    async def _watch(self, core: Core, user: UserId) -> LobbyView | None:
        lobby = self._some_lobby()
        return await core.lobbies.spectate(user, Spectate(lobby_id=lobby)) if lobby else None

    async def _ready(self, core: Core, user: UserId) -> LobbyView:
        return await core.lobbies.set_ready(user, SetReady(ready=self._dice.random() < 0.8))

    async def _kick(self, core: Core, user: UserId) -> LobbyView:
        return await core.lobbies.kick(user, AboutPlayer(user_id=self._dice.choice(self._users)))

    async def _hand_over(self, core: Core, user: UserId) -> LobbyView:
        return await core.lobbies.transfer_host(user, AboutPlayer(user_id=self._dice.choice(self._users)))

    async def _move(self, core: Core, user: UserId) -> LobbyView:
        return await core.lobbies.set_team(user, SetTeam(user_id=user, team=self._dice.choice([1, 2])))

    async def _set(self, core: Core, user: UserId) -> LobbyView:
        watched, talk = self._dice.random() < 0.7, self._dice.random() < 0.5
        return await core.lobbies.update_settings(user, UpdateSettings(allow_spectators=watched, spectator_chat=talk))

    async def _check(self, core: Core, user: UserId) -> LobbyView:
        return await core.lobbies.ready_check(user)

    def _some_lobby(self) -> LobbyId | None:
        found = [lobby.lobby_id for lobby in self.lobbies if lobby.status != "closed"]
        return self._dice.choice(found) if found else None


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_the_players_of_two_instances_do_the_documents_agree_and_the_events_replay(
    tmp_path: Path, mongodb_url: str, redis_url: str, seed: int
) -> None:
    clock, urls = ManualClock(), {"database_url": mongodb_url, "redis_url": redis_url}
    async with (
        a_core(tmp_path, clock, instance="a", **urls) as a,
        a_core(tmp_path, clock, instance="b", **urls) as b,
    ):
        users = await players(a, 8)
        crowd = Crowd([a, b], users, random.Random(seed))
        answers: list[Any] = []
        for number in range(ROUNDS):
            async with asyncio.timeout(60):
                answers += await asyncio.gather(*map(crowd.act, users))
            if number % 3 == 2:
                clock.advance(max(a.settings.lobby_countdown_s, a.settings.lobby_ready_check_s))
                await asyncio.gather(a.worker.run_deadlines(), b.worker.run_deadlines())
            crowd.lobbies = await everything(a.database, LOBBIES)
            assert await broken_invariants(a.database) == []
        assert sum(isinstance(answer, LobbyView) for answer in answers) > len(users)
        for lobby in crowd.lobbies:
            assert lobby_view(lobby).wire() == await replayed(a, lobby_stream(lobby.lobby_id))
            if lobby.spectators:
                assert outside_view(lobby).wire() == await replayed(a, watch_stream(lobby.lobby_id))


async def replayed(core: Core, stream: str) -> Any:
    """The lobby that a client has who heard every event of a stream; none may leave a version out."""
    lobby: Any = None
    for name, data in await told(core, stream):
        if lobby is not None and name != "lobby_updated":
            assert data["version"] <= lobby["version"] + 1
        lobby = apply(lobby, name, data)
    return lobby
