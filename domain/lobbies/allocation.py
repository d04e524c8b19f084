"""The hand-over to the game: a server is found for the lobby at the end of its countdown, by a job.

    countdown over -> allocating + job (one commit) -> the allocator is asked -> active + connection (one commit)
    or, when none can be had: forming again, and nobody ready (one commit)

Whatever the lobby does meanwhile is its own: the job speaks for the countdown that it was made for, and for no other.
"""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.faults import fault_point
from domain.core.ids import GameId, LobbyId, MatchId, UserId
from domain.core.model import Model
from domain.jobs.model import Job
from domain.lobbies import rules
from domain.lobbies.changes import Decision, LobbyChanges
from domain.lobbies.connection import GameConnection
from domain.lobbies.follow_ups import countdown_of
from domain.lobbies.model import LOBBIES, Capacity, Lobby
from domain.lobbies.rules import Draft

ATTEMPTS = 4
ATTEMPT_S = 10.0
"""With 5 s for each answer, and pauses that double from a second on, players wait 27 s at most for a failure."""


class AllocationPlayer(Model):
    """A player the server is for."""

    user_id: UserId
    display_name: str
    team: int | None
    role: str | None


class AllocationRequest(Model):
    """What an allocator is told: who is to play what, where. A lobby has one server, however often it is asked for."""

    lobby_id: LobbyId
    match_id: MatchId | None
    name: str
    game_id: GameId
    mode: str
    region: str | None
    capacity: Capacity
    custom: dict[str, str | int | float | bool]
    players: list[AllocationPlayer]


class Allocator(Protocol):
    """Finds servers for games."""

    async def allocate(self, request: AllocationRequest) -> GameConnection | None:
        """Where the players connect to, if not they alone know that. Asked again for a lobby, it answers the same.

        Raises `JobFailed` when another attempt may bring one, and `Hopeless` when none will.
        """
        ...


class NoAllocator:
    """For games whose clients find each other by themselves."""

    async def allocate(self, request: AllocationRequest) -> None:
        return None


class Allocation:
    """Does the jobs of kind `allocate_server`."""

    def __init__(self, database: Database, changes: LobbyChanges, allocator: Allocator) -> None:
        self._lobbies, self._changes, self._allocator = database.collection(LOBBIES), changes, allocator

    async def run(self, job: Job) -> None:
        """Asks for the lobby's server, and starts the game on it. Idempotent, as far as the allocator is."""
        lobby = await self._lobbies.get(job.payload["lobbyId"])
        if lobby is None or not _waits(lobby, job):
            return  # somebody left or is not ready any more, or another worker was quicker
        connection = await self._allocator.allocate(request_for(lobby))
        fault_point("allocated")
        await self._decide(job, lambda draft, now: rules.begin(draft, now, connection))

    async def give_up(self, job: Job) -> None:
        """There is no server to be had: the lobby forms again. Idempotent."""
        await self._decide(job, lambda draft, _: rules.cancel_start(draft, "allocation_failed"))

    async def _decide(self, job: Job, decide: Decision) -> None:
        """Changes the job's lobby, if it still waits for the server."""

        def if_waiting(draft: Draft, now: datetime) -> None:
            if _waits(draft.lobby, job):
                decide(draft, now)

        with suppress(NotFound):
            await self._changes.change(LobbyId(job.payload["lobbyId"]), if_waiting)


def _waits(lobby: Lobby, job: Job) -> bool:
    """Whether the lobby still waits for the job's server."""
    return lobby.allocating and countdown_of(lobby) == job.payload["countdown"]


def request_for(lobby: Lobby) -> AllocationRequest:
    """What the allocator is told of the lobby."""
    shared = {"match_id", "name", "game_id", "mode", "region", "capacity"}
    return AllocationRequest(
        **lobby.model_dump(include=shared),
        lobby_id=lobby.lobby_id,
        custom=lobby.settings.custom,
        players=[
            AllocationPlayer(
                user_id=member.user_id, display_name=member.display_name, team=member.team, role=member.role
            )
            for member in lobby.members
        ],
    )
