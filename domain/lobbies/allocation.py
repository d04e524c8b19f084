"""The hand-over to the game: a server is found for the lobby at the end of its countdown, by a job.

    countdown over -> allocating + job (one commit) -> the allocator is asked -> active + connection (one commit)
    or, when it cannot be had: forming again, and nobody ready (one commit)

Whatever the lobby does meanwhile is its own: the job only speaks for the countdown it was made for.
"""

from typing import Protocol

from domain.core.ids import GameId, LobbyId, MatchId, UserId
from domain.core.model import Model
from domain.jobs.model import Job
from domain.lobbies.connection import GameConnection
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import Capacity, Lobby

ATTEMPTS = 4
"""With pauses that double from a second on, and 5 s for each answer, players wait 27 s at most for a refusal."""

ATTEMPT_S = 10.0


class AllocationFailed(Exception):
    """No server can be had now; another attempt may bring one."""


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

    async def allocate(self, request: AllocationRequest) -> GameConnection:
        """Where the players connect to. Asked again for a lobby, it answers the same.

        Raises `Hopeless` when it is no use to ask again, and `AllocationFailed` when it may be.
        """
        ...


class Allocation:
    """Does the jobs of kind `allocate`."""

    def __init__(self, lobbies: Lobbies, allocator: Allocator) -> None:
        self._lobbies, self._allocator = lobbies, allocator

    async def run(self, job: Job) -> None:
        """Asks for the lobby's server, and starts the game on it. Idempotent, as far as the allocator is."""
        lobby_id, countdown = _told(job)
        lobby = await self._lobbies.get(lobby_id)
        if lobby is None or not lobby.allocates_for(countdown):
            return  # somebody left or is not ready any more; or another worker was quicker
        connection = await self._allocator.allocate(request_for(lobby))
        await self._lobbies.begin(lobby_id, countdown, connection)

    async def give_up(self, job: Job) -> None:
        """There is no server to be had: the lobby forms again. Idempotent."""
        lobby_id, countdown = _told(job)
        if await self._lobbies.get(lobby_id) is not None:
            await self._lobbies.fail_allocation(lobby_id, countdown)


def _told(job: Job) -> tuple[LobbyId, str]:
    return LobbyId(job.payload["lobbyId"]), str(job.payload["startsAt"])


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
