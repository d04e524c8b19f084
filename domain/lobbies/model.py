"""Lobbies and places in them, as stored and as sent."""

from typing import Literal

from pydantic import Field

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import ChannelId, GameId, LobbyId, MatchId, TicketId, UserId
from domain.core.model import Document, Kept, Model, Timestamp
from domain.games.model import Teams
from domain.lobbies.connection import GameConnection

LobbyStatus = Literal["forming", "ready", "countdown", "active", "closed"]
Visibility = Literal["public", "friends", "private"]
Connection = Literal["connected", "grace"]
CloseReason = Literal["empty", "idle", "expired", "finished", "moderated"]
CancelReason = Literal["not_ready", "allocation_failed", "rate_limited"]
LeaveReason = Literal["left", "kicked", "not_ready", "grace_expired", "banned"]
UnwatchReason = Literal["left", "kicked", "joined", "not_allowed", "grace_expired", "banned"]


class Seat(Document):
    """Where a user is: in one ticket or in one lobby, never in two places. The id is the user's.

    One document for both makes the rule a unique key: entering anywhere inserts it or moves it on condition.
    grace_until: set while the user has no live connection; past it the place is given up.
    """

    ticket_id: TicketId | None = None
    lobby_id: LobbyId | None = None
    grace_until: Timestamp | None = None


class SpectatorSeat(Document):
    """Which lobby a user watches; the id is the user's, so it is one at most, whatever else the user does.

    away_since: when they were first seen to have no live connection; missing while they have one.
    """

    lobby_id: LobbyId
    away_since: Timestamp | None = None


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
    """What the host may change. A lobby made from a match is private and starts by itself when all are ready.

    visibility: who sees the lobby and may join it without its code or an invitation. spectatorChat: whether those who
    watch are in its channel. removeUnready: whether who is not ready at the end of a ready check loses the place.
    custom: attributes for the game, which all who see the lobby may read.
    """

    visibility: Visibility = "private"
    allow_spectators: bool = False
    spectator_chat: bool = False
    auto_start: bool = True
    remove_unready: bool = False
    custom: dict[str, str | int | float | bool] = Field(default_factory=dict)


class Lobby(WithEvents):
    """Players who gather for one match of a game.

    `version` guards the stored document. `revision` counts the events of the lobby: one each, without gaps; it is what
    clients see as `version`, so that replaying events on an old snapshot ends at the present one.

    teams: of a lobby that players made for a mode with teams. size_limit: the most its capacity may be set to.
    listed: who finds it in the browser; missing while nobody can join. settings_revision: the revision that changed the
    settings last. ready_by: when the ready check ends. allocating: whether the countdown is over and a server is being
    found for the game, for whose players `connection` then is. finished_at: when the result of its match was reported.
    idle_at: when it closes unless something happens before. expires_at: when a closed one is deleted.
    """

    revision: int = 1
    name: str
    status: LobbyStatus = "forming"
    game_id: GameId
    mode: str
    region: str | None = None
    host_id: UserId
    members: tuple[Member, ...]
    spectators: tuple[UserId, ...] = ()
    banned: tuple[UserId, ...] = ()
    capacity: Capacity
    size_limit: int = 100
    teams: Teams | None = None
    settings: LobbySettings = LobbySettings()
    settings_revision: int = 1
    join_code: str | None = None
    listed: Visibility | None = None
    match_id: MatchId | None = None
    created_at: Timestamp
    idle_at: Timestamp
    ready_by: Timestamp | None = None
    ready_at: Timestamp | None = None
    starts_at: Timestamp | None = None
    allocating: bool = False
    active_at: Timestamp | None = None
    connection: GameConnection | None = None
    finished_at: Timestamp | None = None
    closed_at: Timestamp | None = None
    close_reason: CloseReason | None = None
    expires_at: Timestamp | None = None

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

    @property
    def talker_ids(self) -> list[UserId]:
        """The ids of those in the lobby's channel."""
        return [*self.member_ids, *(self.spectators if self.settings.spectator_chat else ())]

    def member(self, user: UserId) -> Member | None:
        """The member with that id."""
        return next((member for member in self.members if member.user_id == user), None)


SEATS = Spec("seats", Seat, indexes=(("grace_until",), ("lobby_id",), ("ticket_id",)))
SPECTATOR_SEATS = Spec("spectator_seats", SpectatorSeat, indexes=(("lobby_id",),))
LOBBIES = Spec(
    "lobbies",
    Lobby,
    unique=(("join_code",),),
    indexes=(
        *(("status", "allocating", "starts_at"), ("status", "idle_at"), ("ready_by",), ("unpublished_at",)),
        *(("listed", "game_id", "mode", "region"), ("host_id", "listed"), ("game_id", "status")),
    ),
    expires="expires_at",
)


class MemberView(Member):
    """A member as clients see it."""

    is_host: bool


class LobbySettingsView(LobbySettings):
    """The settings as members see them. joinCode: lets in who has it; missing in what others see."""

    join_code: str | None


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
    teams: Teams | None
    settings: LobbySettingsView
    match_id: MatchId | None
    chat_id: ChannelId
    created_at: Timestamp
    ready_by: Timestamp | None
    ready_at: Timestamp | None
    starts_at: Timestamp | None
    allocating: bool
    active_at: Timestamp | None
    connection: GameConnection | None
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
        settings=LobbySettingsView(**lobby.settings.model_dump(), join_code=lobby.join_code),
        chat_id=lobby.chat_id,
    )


def outside_view(lobby: Lobby) -> LobbyView:
    """The lobby as those see it who have no seat in it: without what lets in."""
    return lobby_view(lobby.changed(join_code=None, connection=None))


_SHARED_FIELDS = set(LobbyView.model_fields) & set(Lobby.model_fields) - {"id", "version", "members", "settings"}


class LobbySummary(Model):
    """A lobby as it is shown in the browser and in invitations. players: how many are in it."""

    id: LobbyId
    name: str
    status: LobbyStatus
    game_id: GameId
    mode: str
    region: str | None
    host_id: UserId
    host_name: str
    players: int
    capacity: Capacity
    visibility: Visibility
    allow_spectators: bool
    custom: dict[str, str | int | float | bool]
    created_at: Timestamp


class InvitationView(Model):
    """An invitation to a lobby as the invited player sees it."""

    lobby: LobbySummary
    from_user_id: UserId
    expires_at: Timestamp


class LobbyPage(Model):
    """Some of the lobbies that were asked for; nextCursor: where the others start."""

    items: list[LobbySummary]
    next_cursor: str | None


def lobby_summary(lobby: Lobby) -> LobbySummary:
    """The lobby as it is shown in the browser and in invitations."""
    host = lobby.member(lobby.host_id)
    return LobbySummary(
        **lobby.model_dump(include=_SUMMARY_FIELDS),
        **lobby.settings.model_dump(include=_SUMMARY_FIELDS),
        host_name=host.display_name if host else "",
        players=len(lobby.members),
    )


_SUMMARY_FIELDS = set(LobbySummary.model_fields)
