"""Lobbies and seats, as stored and as sent."""

from typing import Literal

from pydantic import Field

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import ChannelId, GameId, LobbyId, MatchId, TicketId, UserId
from domain.core.model import Document, Kept, Model, Timestamp

LobbyStatus = Literal["forming", "ready", "countdown", "active", "closed"]
Connection = Literal["connected", "grace"]
CloseReason = Literal["empty", "idle"]
LeaveReason = Literal["left", "grace_expired"]


class Seat(Document):
    """Where a user is: in one ticket or in one lobby, never in two places. The id is the user's.

    One document for both makes the rule a unique key: entering anywhere inserts it or moves it on condition.
    grace_until: set while the user has no live connection; past it the place is given up.
    """

    ticket_id: TicketId | None = None
    lobby_id: LobbyId | None = None
    grace_until: Timestamp | None = None


class Member(Kept):
    """A player in a lobby. Names are those at the time of joining."""

    user_id: UserId
    username: str
    display_name: str
    ready: bool = False
    team: int | None = None
    role: str | None = None
    connection: Connection = "connected"
    joined_at: Timestamp


class Capacity(Kept):
    """How few players can start, how many fit."""

    min: int
    max: int


class LobbySettings(Kept):
    """What the host may change. A lobby made from a match is private and starts by itself when all are ready."""

    visibility: Literal["public", "friends", "private"] = "private"
    allow_spectators: bool = False
    auto_start: bool = True
    custom: dict[str, str | int | float | bool] = Field(default_factory=dict)


class Lobby(WithEvents):
    """Players who gather for one match of a game.

    `version` guards the stored document. `revision` counts the events of the lobby: one each, without gaps; it is what
    clients see as `version`, so that replaying events on an old snapshot ends at the present one.
    """

    revision: int = 1
    name: str
    status: LobbyStatus = "forming"
    game_id: GameId
    mode: str
    region: str | None = None
    host_id: UserId
    members: tuple[Member, ...]
    capacity: Capacity
    settings: LobbySettings = LobbySettings()
    match_id: MatchId | None = None
    created_at: Timestamp
    idle_at: Timestamp
    ready_at: Timestamp | None = None
    starts_at: Timestamp | None = None
    active_at: Timestamp | None = None
    closed_at: Timestamp | None = None
    close_reason: CloseReason | None = None

    @property
    def lobby_id(self) -> LobbyId:
        """The id, typed."""
        return LobbyId(self.id)

    @property
    def chat_id(self) -> ChannelId:
        """The lobby's channel: it has the lobby's id."""
        return ChannelId(self.id)

    @property
    def member_ids(self) -> list[UserId]:
        """The ids of the members, in the order of their joining."""
        return [member.user_id for member in self.members]

    def member(self, user: UserId) -> Member | None:
        """The member with that id."""
        return next((member for member in self.members if member.user_id == user), None)


SEATS = Spec("seats", Seat, indexes=(("grace_until",), ("lobby_id",), ("ticket_id",)))
LOBBIES = Spec("lobbies", Lobby, indexes=(("status", "starts_at"), ("status", "idle_at"), ("unpublished_at",)))


class MemberView(Member):
    """A member as clients see it."""

    is_host: bool


class LobbyView(Model):
    """A lobby as its members see it. `version` is the lobby's revision."""

    id: LobbyId
    version: int
    name: str
    status: LobbyStatus
    game_id: GameId
    mode: str
    region: str | None
    host_id: UserId
    members: list[MemberView]
    spectators: list[UserId]
    capacity: Capacity
    settings: LobbySettings
    match_id: MatchId | None
    chat_id: ChannelId
    created_at: Timestamp
    ready_at: Timestamp | None
    starts_at: Timestamp | None
    active_at: Timestamp | None
    closed_at: Timestamp | None
    close_reason: CloseReason | None


def member_view(lobby: Lobby, member: Member) -> MemberView:
    """A member of the lobby as clients see it."""
    return MemberView(**member.model_dump(), is_host=member.user_id == lobby.host_id)


def lobby_view(lobby: Lobby) -> LobbyView:
    """The lobby as its members see it."""
    return LobbyView(
        **lobby.model_dump(include=_SHARED_FIELDS),
        id=lobby.lobby_id,
        version=lobby.revision,
        members=[member_view(lobby, member) for member in lobby.members],
        spectators=[],
        chat_id=lobby.chat_id,
    )


_SHARED_FIELDS = set(LobbyView.model_fields) & set(Lobby.model_fields) - {"id", "version", "members"}


class InvitedLobby(Model):
    """A lobby as those see it who are not in it. players: how many are."""

    id: LobbyId
    name: str
    status: LobbyStatus
    game_id: GameId
    mode: str
    region: str | None
    host_id: UserId
    players: int
    capacity: Capacity


class InvitationView(Model):
    """An invitation to a lobby as the invited player sees it."""

    lobby: InvitedLobby
    from_user_id: UserId
    expires_at: Timestamp


def invited_lobby(lobby: Lobby) -> InvitedLobby:
    """The lobby as those see it who are not in it."""
    shared = set(InvitedLobby.model_fields) & set(Lobby.model_fields)
    return InvitedLobby(**lobby.model_dump(include=shared), players=len(lobby.members))
