"""Notifications, as stored and as sent: what a player should know of later, too, with a typed payload for each kind."""

from typing import Annotated, Literal

from pydantic import Field

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import ChannelId, GameId, LobbyId, MatchId, MessageId, UserId
from domain.core.model import Kept, Model, Timestamp


class FriendRequest(Kept):
    """Somebody would like to be friends."""

    type: Literal["friend_request"] = "friend_request"
    from_user_id: UserId
    from_name: str

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return "Friend request", f"{self.from_name} would like to be friends."


class FriendAccepted(Kept):
    """Somebody accepted a friend request."""

    type: Literal["friend_accepted"] = "friend_accepted"
    user_id: UserId
    name: str

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return "Friend request accepted", f"{self.name} and you are friends now."


class MatchFound(Kept):
    """A match was confirmed, and its lobby waits."""

    type: Literal["match_found"] = "match_found"
    match_id: MatchId
    lobby_id: LobbyId
    game_id: GameId
    mode: str

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return "Match found", "Your lobby is waiting."


class LobbyInvite(Kept):
    """Somebody invites to a lobby, until `expires_at`."""

    type: Literal["lobby_invite"] = "lobby_invite"
    lobby_id: LobbyId
    lobby_name: str
    game_id: GameId
    from_user_id: UserId
    from_name: str
    expires_at: Timestamp

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return "Lobby invitation", f"{self.from_name} invites you to {self.lobby_name}."


class Mention(Kept):
    """Somebody named the player in a message."""

    type: Literal["mention"] = "mention"
    channel_id: ChannelId
    message_id: MessageId
    from_user_id: UserId
    from_name: str

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return "You were mentioned", f"{self.from_name} mentioned you."


class ReportOutcome(Kept):
    """What became of a report the player made."""

    type: Literal["report_outcome"] = "report_outcome"
    report_id: str
    outcome: str

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return "Your report", self.outcome


class SystemNotice(Kept):
    """The operators have something to say."""

    type: Literal["system"] = "system"
    title: str
    body: str

    def words(self) -> tuple[str, str]:
        """Title and text in English."""
        return self.title, self.body


News = Annotated[
    FriendRequest | FriendAccepted | MatchFound | LobbyInvite | Mention | ReportOutcome | SystemNotice,
    Field(discriminator="type"),
]
NewsType = Literal[
    "friend_request", "friend_accepted", "match_found", "lobby_invite", "mention", "report_outcome", "system"
]


class Notification(WithEvents):
    """One piece of news for one user."""

    user_id: UserId
    news: News
    read: bool = False
    created_at: Timestamp
    expires_at: Timestamp


NOTIFICATIONS = Spec(
    "notifications",
    Notification,
    indexes=(("user_id", "read"), ("user_id",), ("unpublished_at",)),
    expires="expires_at",
)


class NotificationView(Model):
    """A notification as its user sees it. title, body: English, for clients that have no words of their own."""

    id: str
    type: NewsType
    title: str
    body: str
    data: News
    read: bool
    created_at: Timestamp


class NotificationList(Model):
    """A page of notifications, the newest first. unread: of all. nextCursor: missing on the last page."""

    items: list[NotificationView]
    next_cursor: str | None
    unread: int


class Unread(Model):
    """How many notifications are unread."""

    count: int
