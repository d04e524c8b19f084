"""`/lobby`: the lobby a player has a seat in, the one they watch, and those they could join."""

from collections.abc import Sequence
from typing import ClassVar

from domain.core.events import user_stream
from domain.core.model import Empty
from domain.lobbies import events
from domain.lobbies.browser import LobbyBrowser
from domain.lobbies.commands import (
    AboutPlayer,
    Browse,
    CreateLobby,
    DeclineInvite,
    JoinLobby,
    LobbyRef,
    SetReady,
    SetRole,
    SetTeam,
    Spectate,
    UpdateSettings,
)
from domain.lobbies.invites import Invites
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import InvitationView, LobbyPage, LobbyView
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.hub import Hub
from realtime.snapshot import snapshot

LOBBY_EVENTS = (
    events.LobbyUpdated,
    events.MemberJoined,
    events.MemberLeft,
    events.SpectatorJoined,
    events.SpectatorLeft,
    events.MemberReady,
    events.MemberConnection,
    events.HostChanged,
    events.LobbyReady,
    events.LobbyUnready,
    events.CountdownStarted,
    events.CountdownCancelled,
    events.LobbyStarted,
    events.LobbyClosed,
)


class LobbyNamespace(Namespace):
    """Players who gather for a game. A player has a seat in one lobby at most, and may watch one more."""

    name = "lobby"
    sends: ClassVar = {
        "lobby:<lobbyId>": LOBBY_EVENTS,
        "lobby:watch:<lobbyId>": LOBBY_EVENTS,
        "lobby:user:<userId>": (events.LobbyInvited,),
    }

    def __init__(self, lobbies: Lobbies, browser: LobbyBrowser, invites: Invites, hub: Hub) -> None:
        self._lobbies, self._browser, self._invites, self._hub = lobbies, browser, invites, hub

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        return await self._lobbies.streams_of(user.id)

    @on("sync", LobbyRef)
    async def sync(self, user: SessionUser, command: LobbyRef) -> Reply[LobbyView]:
        """The lobby the player has a seat in, or else watches, as it is now."""
        streams = await self._lobbies.streams_of(user.id)
        return await snapshot(self._hub, streams, self._lobbies.sync(user.id, command.lobby_id))

    @on("browse", Browse, cost=2)
    async def browse(self, user: SessionUser, command: Browse) -> LobbyPage:
        """Lobbies that have room, the newest first: public ones, and those that friends have opened to friends."""
        page = await self._browser.browse(user.id, command)
        return LobbyPage(items=page.items, next_cursor=page.next_cursor)

    @on("create", CreateLobby, cost=4)
    async def create(self, user: SessionUser, command: CreateLobby) -> LobbyView:
        """Opens a lobby, whose host the player is."""
        return await self._lobbies.create(user.id, command)

    @on("join", JoinLobby, cost=4)
    async def join(self, user: SessionUser, command: JoinLobby) -> LobbyView:
        """Takes a free place in a lobby, on the smallest team."""
        return await self._lobbies.join(user.id, command)

    @on("leave", LobbyRef)
    async def leave(self, user: SessionUser, command: LobbyRef) -> LobbyView:
        """Gives up the seat, or else watches no longer; the lobby as it is without the player."""
        return await self._lobbies.leave(user.id, command.lobby_id)

    @on("spectate", Spectate, cost=4)
    async def spectate(self, user: SessionUser, command: Spectate) -> LobbyView:
        """Watches a lobby that takes spectators, without a seat in it."""
        return await self._lobbies.spectate(user.id, command)

    @on("set_ready", SetReady)
    async def set_ready(self, user: SessionUser, command: SetReady) -> LobbyView:
        """Says whether the player is ready; when all are, the countdown begins."""
        return await self._lobbies.set_ready(user.id, command)

    @on("ready_check", Empty)
    async def ready_check(self, user: SessionUser, command: Empty) -> LobbyView:
        """The host asks everybody to be ready by `readyBy`; if `removeUnready` is set, who is not loses the place."""
        return await self._lobbies.ready_check(user.id)

    @on("start", Empty)
    async def start(self, user: SessionUser, command: Empty) -> LobbyView:
        """The host begins the countdown of a lobby that does not start by itself."""
        return await self._lobbies.start(user.id)

    @on("kick", AboutPlayer, cost=2)
    async def kick(self, user: SessionUser, command: AboutPlayer) -> LobbyView:
        """The host sends a member or a spectator away, who may not come back."""
        return await self._lobbies.kick(user.id, command)

    @on("transfer_host", AboutPlayer)
    async def transfer_host(self, user: SessionUser, command: AboutPlayer) -> LobbyView:
        """The host hands the lobby over to another member."""
        return await self._lobbies.transfer_host(user.id, command)

    @on("set_team", SetTeam)
    async def set_team(self, user: SessionUser, command: SetTeam) -> LobbyView:
        """Moves a member to another team: oneself, or anybody as the host, who may also let two swap."""
        return await self._lobbies.set_team(user.id, command)

    @on("set_role", SetRole)
    async def set_role(self, user: SessionUser, command: SetRole) -> LobbyView:
        """Gives a member a role of the mode, or takes it: oneself, or anybody as the host."""
        return await self._lobbies.set_role(user.id, command)

    @on("update_settings", UpdateSettings, cost=2)
    async def update_settings(self, user: SessionUser, command: UpdateSettings) -> LobbyView:
        """The host changes the settings that are given."""
        return await self._lobbies.update_settings(user.id, command)

    @on("invite", AboutPlayer, cost=4)
    async def invite(self, user: SessionUser, command: AboutPlayer) -> LobbyView:
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
