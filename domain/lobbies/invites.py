"""Invitations to a lobby: documents that admit to it for some minutes, and reach friends who are offline, too.

An invitation holds for as long as whoever wrote it is a member. So those of a member who left or was removed end by
themselves, and those of somebody the invited player blocks, for nobody joins a lobby with such a member.
"""

from datetime import timedelta

from domain.core.clock import Clock
from domain.core.collection import Database, Insert, Replace, Spec, StorageConflict
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.events import Outbox, WithEvents, carry, to, user_stream
from domain.core.ids import LobbyId, UserId
from domain.core.model import Timestamp
from domain.lobbies.commands import AboutPlayer, DeclineInvite
from domain.lobbies.events import LobbyInvited
from domain.lobbies.model import LOBBIES, SEATS, InvitationView, Lobby, LobbyView, lobby_summary, lobby_view
from domain.lobbies.rules import LobbyFromMatch, LobbyOver, LobbyStartedAlready, NotInLobby
from domain.lobbies.trail import Trail
from domain.notifications import model as news
from domain.notifications.notifications import Notifications
from domain.social.blocks import Blocks
from domain.users.users import Users

KEPT = timedelta(minutes=10)

PER_LOBBY = 50
"""Most invitations to one lobby in that time. Requests at the same moment may go past it by their number."""

PER_INVITER = 20
"""Most invitations that one player may write in that time, likewise."""

SHOWN = 50
"""So many of a player's invitations are listed, the newest."""


class InviteLimit(AppError):
    """There are as many invitations as there may be (`limit`); they end after ten minutes."""

    code, status = "INVITE_LIMIT", 409

    def __init__(self, limit: int) -> None:
        super().__init__(details={"limit": limit})


class Invite(WithEvents):
    """An invitation to a lobby; the id is `<lobbyId>:<userId>`, so there is one at a time.

    declined: it is not listed any more. It still admits, and keeps others from asking again while it lasts.
    """

    lobby_id: LobbyId
    user_id: UserId
    from_user_id: UserId
    declined: bool = False
    created_at: Timestamp
    expires_at: Timestamp


INVITES = Spec(
    "lobby_invites",
    Invite,
    indexes=(("user_id", "declined", "created_at"), ("lobby_id",), ("from_user_id",), ("unpublished_at",)),
    expires="expires_at",
)


class Invites:
    """The use cases of invitations to lobbies."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        blocks: Blocks,
        notifications: Notifications,
        trail: Trail,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._database, self._users, self._blocks = database, users, blocks
        self._notifications, self._trail = notifications, trail
        self._outbox, self._clock = outbox, clock
        self._invites = database.collection(INVITES)
        self._lobbies = database.collection(LOBBIES)
        self._seats = database.collection(SEATS)

    async def invite(self, user: UserId, command: AboutPlayer) -> LobbyView:
        """A member invites a player, who is told of it once; the lobby. While the invitation holds, more say nothing.

        Raises `NotInLobby`, `LobbyOver`, `LobbyStartedAlready`, `LobbyFromMatch`, `InviteLimit`, `Forbidden` for who
        was kicked, and `NotFound` for nobody or, not to tell of it, when a block is between them and a member.
        """
        lobby, invitee = await self._lobby_of(user), command.user_id
        await self._users.get(invitee)
        if lobby.member(invitee):
            return lobby_view(lobby)
        if any(invitee in pair for pair in await self._blocks.between([invitee, *lobby.member_ids])):
            raise NotFound("There is no such user.")
        if invitee in lobby.banned:
            raise Forbidden("This player was kicked from the lobby.")
        standing = await self._invites.get(_id(lobby.lobby_id, invitee))
        if standing is None or not self._holds(standing, lobby):
            await self._check_limits(user, lobby)
            await self._write(user, invitee, lobby, standing)
        return lobby_view(lobby)

    async def decline(self, user: UserId, command: DeclineInvite) -> None:
        """The user turns an invitation down: it is not listed any more. Raises `NotFound`."""
        declined = {"$set": {"declined": True}}
        if await self._invites.update(_id(command.lobby_id, user), declined) is None:
            raise NotFound("There is no such invitation.")

    async def of(self, user: UserId) -> list[InvitationView]:
        """The user's invitations that hold, the newest first, at most `SHOWN`."""
        mine = {"user_id": user, "declined": False}
        invites = await self._invites.find(mine, sort="-created_at", limit=SHOWN)
        lobbies = await self._lobbies.get_many([invite.lobby_id for invite in invites])
        members = {member for lobby in lobbies.values() for member in lobby.member_ids}
        blocks = await self._blocks.between({user, *members})
        apart = {other for pair in blocks if user in pair for other in pair}
        return [
            invitation_view(invite, lobby)
            for invite in invites
            if (lobby := lobbies.get(invite.lobby_id))
            and lobby.member(user) is None
            and user not in lobby.banned
            and self._holds(invite, lobby)
            and apart.isdisjoint(lobby.member_ids)
        ]

    async def admits(self, user: UserId, lobby: Lobby) -> bool:
        """Whether the user holds an invitation to the lobby."""
        invite = await self._invites.get(_id(lobby.lobby_id, user))
        return invite is not None and self._holds(invite, lobby)

    def _holds(self, invite: Invite, lobby: Lobby) -> bool:
        there = lobby.status != "closed" and lobby.member(invite.from_user_id) is not None
        return there and self._clock.now() < invite.expires_at

    async def _lobby_of(self, user: UserId) -> Lobby:
        """The lobby to which the user may invite."""
        seat = await self._seats.get(user)
        lobby = await self._lobbies.get(seat.lobby_id) if seat and seat.lobby_id else None
        if lobby is None or lobby.member(user) is None:
            raise NotInLobby
        if lobby.status == "closed":
            raise LobbyOver
        if lobby.match_id is not None:
            raise LobbyFromMatch
        if lobby.status == "active":
            raise LobbyStartedAlready
        return lobby

    async def _check_limits(self, user: UserId, lobby: Lobby) -> None:
        if await self._invites.count({"lobby_id": lobby.lobby_id}) >= PER_LOBBY:
            raise InviteLimit(PER_LOBBY)
        if await self._invites.count({"from_user_id": user}) >= PER_INVITER:
            raise InviteLimit(PER_INVITER)

    async def _write(self, user: UserId, invitee: UserId, lobby: Lobby, before: Invite | None) -> None:
        """Stores the invitation, in the place of one that holds no more, with its event, its notification and trail."""
        now = self._clock.now()
        invite = Invite(
            id=_id(lobby.lobby_id, invitee),
            version=before.version if before else 1,
            lobby_id=lobby.lobby_id,
            user_id=invitee,
            from_user_id=user,
            created_at=now,
            expires_at=now + KEPT,
        )
        told = LobbyInvited(**invitation_view(invite, lobby).model_dump())
        invite = carry(invite, [to(user_stream("lobby", invitee), told)], now)
        notes = await self._notifications.about({invitee: _news(invite, lobby)})
        record = self._trail.happened(lobby, "lobby_invited", user, now, userId=invitee)
        try:
            await self._database.commit(Replace(INVITES, invite) if before else Insert(INVITES, invite), *notes, record)
        except StorageConflict:
            return  # another member invites them in this very moment
        if before:
            invite = invite.changed(version=invite.version + 1)
        await self._outbox.flush(INVITES, invite)
        await self._notifications.tell(notes)


def invitation_view(invite: Invite, lobby: Lobby) -> InvitationView:
    """The invitation as the invited player sees it."""
    return InvitationView(lobby=lobby_summary(lobby), from_user_id=invite.from_user_id, expires_at=invite.expires_at)


def _news(invite: Invite, lobby: Lobby) -> news.LobbyInvite:
    sender = lobby.member(invite.from_user_id)
    return news.LobbyInvite(
        lobby_id=lobby.lobby_id,
        lobby_name=lobby.name,
        game_id=lobby.game_id,
        from_user_id=invite.from_user_id,
        from_name=sender.display_name if sender else "",
        expires_at=invite.expires_at,
    )


def _id(lobby: LobbyId, user: UserId) -> str:
    return f"{lobby}:{user}"
