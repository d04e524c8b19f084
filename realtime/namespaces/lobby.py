"""`/lobby`: the player's lobby."""

from collections.abc import Sequence
from typing import ClassVar

from domain.core.events import user_stream
from domain.core.model import Empty
from domain.lobbies import events
from domain.lobbies.commands import DeclineInvite, InvitePlayer, SetReady
from domain.lobbies.invites import Invites
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import InvitationView, LobbyView
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.hub import Hub
from realtime.snapshot import snapshot


class LobbyNamespace(Namespace):
    """The lobby the player has a seat in."""

    name = "lobby"
    sends: ClassVar = {
        "lobby:<lobbyId>": (
            events.LobbyUpdated,
            events.MemberJoined,
            events.MemberLeft,
            events.MemberReady,
            events.MemberConnection,
            events.HostChanged,
            events.LobbyReady,
            events.LobbyUnready,
            events.CountdownStarted,
            events.CountdownCancelled,
            events.LobbyStarted,
            events.LobbyClosed,
        ),
        "lobby:user:<userId>": (events.LobbyInvited,),
    }

    def __init__(self, lobbies: Lobbies, invites: Invites, hub: Hub) -> None:
        self._lobbies, self._invites, self._hub = lobbies, invites, hub

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        return await self._lobbies.streams_of(user.id)

    @on("sync", Empty)
    async def sync(self, user: SessionUser, command: Empty) -> Reply[LobbyView]:
        """The lobby as it is now."""
        streams = await self._lobbies.streams_of(user.id)
        return await snapshot(self._hub, streams, self._lobbies.sync(user.id))

    @on("set_ready", SetReady)
    async def set_ready(self, user: SessionUser, command: SetReady) -> LobbyView:
        """Says whether the player is ready; when all are, the countdown begins."""
        return await self._lobbies.set_ready(user.id, command)

    @on("start", Empty)
    async def start(self, user: SessionUser, command: Empty) -> LobbyView:
        """The host begins the countdown of a lobby that does not start by itself."""
        return await self._lobbies.start(user.id)

    @on("leave", Empty)
    async def leave(self, user: SessionUser, command: Empty) -> LobbyView:
        """Gives up the seat; the lobby as it is without the player."""
        return await self._lobbies.leave(user.id)

    @on("invite", InvitePlayer, cost=4)
    async def invite(self, user: SessionUser, command: InvitePlayer) -> LobbyView:
        """Invites a player for ten minutes, also to a private lobby; any member may."""
        return await self._invites.invite(user.id, command)

    @on("decline_invite", DeclineInvite)
    async def decline_invite(self, user: SessionUser, command: DeclineInvite) -> None:
        """Turns an invitation down."""
        await self._invites.decline(user.id, command)

    @on("invites", Empty)
    async def invites(self, user: SessionUser, command: Empty) -> Reply[Sequence[InvitationView]]:
        """The player's invitations, the newest first, at most 50."""
        return await snapshot(self._hub, [user_stream("lobby", user.id)], self._invites.of(user.id))
