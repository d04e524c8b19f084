"""What the operators see of lobbies, and how they close one."""

from typing import Annotated

from pydantic import Field

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.ids import GameId, LobbyId, UserId
from domain.core.listing import Listed, ListQuery, given, newest
from domain.core.model import ID_SHAPE, Command, Model, Text
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import LOBBIES, Lobby, LobbyStatus, LobbyView, outside_view
from domain.lobbies.trail import Trail, TrailEntry

TRAIL_SHOWN = 500


class LobbyQuery(ListQuery):
    """Which lobbies, the newest first."""

    status: LobbyStatus | None = None
    game_id: Annotated[GameId, ID_SHAPE] | None = None
    host_id: Annotated[UserId, ID_SHAPE] | None = None


class CloseLobby(Command):
    """Closes a lobby. reason: for the audit log."""

    reason: Annotated[Text, Field(min_length=1, max_length=2000)]


class LobbyInside(Model):
    """A lobby, without what lets into it, and who changed what in it (the first 500 changes; 90 days)."""

    lobby: LobbyView
    trail: list[TrailEntry]


class LobbyDesk:
    """The use cases of those who look after lobbies."""

    def __init__(self, *, database: Database, lobbies: Lobbies, trail: Trail, audit: Audit) -> None:
        self._lobbies, self._trail, self._audit = lobbies, trail, audit
        self._stored = database.collection(LOBBIES)

    async def list(self, query: LobbyQuery) -> Listed[Lobby]:
        """A page of lobbies, the newest first."""
        asked = given(status=query.status, game_id=query.game_id, host_id=query.host_id)
        return await newest(self._stored, asked, query)

    async def inside(self, lobby_id: LobbyId) -> LobbyInside:
        """A lobby and its trail; raises `NotFound`."""
        lobby = await self._stored.get(lobby_id)
        if lobby is None:
            raise NotFound("There is no such lobby.")
        return LobbyInside(lobby=outside_view(lobby), trail=await self._trail.of(lobby_id, TRAIL_SHOWN))

    async def close(self, actor: Actor, lobby_id: LobbyId, command: CloseLobby) -> LobbyView:
        """Closes a lobby at once, whatever it is doing; its members are told. Raises `NotFound` and `LobbyOver`."""
        before = await self._stored.get(lobby_id)
        if before is None:
            raise NotFound("There is no such lobby.")
        entry = self._audit.entry(
            "lobby.closed",
            actor,
            f"lobby:{lobby_id}",
            before={"status": before.status, "memberIds": before.member_ids},
            after={"status": "closed"},
            reason=command.reason,
        )
        return await self._lobbies.close(lobby_id, UserId(actor.id) if actor.id else None, entry)
