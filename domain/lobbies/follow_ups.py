"""The jobs that follow from a change of a lobby, for its commit."""

from collections.abc import Iterator

from domain.core.collection import Insert
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job
from domain.lobbies.model import Lobby

ALLOCATE = "allocate_server"
REPLACE = "replace_player"
URGENT = 10
"""Players wait for it."""


def follow_ups(jobs: Jobs, before: Lobby, after: Lobby) -> Iterator[Insert[Job]]:
    """A lobby that waits for a server has it found; one of a match that has lost a player may want another."""
    if after.allocating and not before.allocating:
        yield jobs.new(ALLOCATE, {"lobbyId": after.id, "countdown": countdown_of(after)}, priority=URGENT)
    over = after.status == "closed" or after.finished_at is not None
    if after.match_id and not over and not set(before.member_ids) <= set(after.member_ids):
        yield jobs.new(REPLACE, {"lobbyId": after.id})


def countdown_of(lobby: Lobby) -> int | None:
    """Which countdown of the lobby it is: the moment of its end, in Unix milliseconds."""
    return round(lobby.starts_at.timestamp() * 1000) if lobby.starts_at else None
