"""Channels and messages, as stored and as sent."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import ChannelId, LobbyId, MessageId, UserId
from domain.core.model import Kept, Model, Timestamp

ContentType = Literal["text", "emoji", "gif", "image", "system"]
ChannelKind = Literal["lobby", "direct", "group"]
ChannelRole = Literal["owner", "admin", "member"]
SystemType = Literal["member_joined", "member_left", "member_added", "member_removed", "renamed", "owner_changed"]


class System(Kept):
    """What a system message tells, for clients to put into words.

    user_id: whom it is about. by_user_id: who did it, if not themselves. name: the channel's new one.
    """

    type: SystemType
    user_id: UserId | None = None
    by_user_id: UserId | None = None
    name: str | None = None


class Channel(WithEvents):
    """Where some people talk. A lobby's channel has the lobby's id.

    owner_id: who moderates it, with the admins; a lobby's host. slow_mode_ms: what others wait between two messages of
    theirs. silenced: members whom a moderator lets say nothing, until when. staff_silenced: those of them whom one of
    the server's moderators does, which the channel's cannot take back. active_at: about when something was last said,
    late by up to an hour. notes: system messages that have yet to get their place (`notes.py`), since noted_at.
    """

    kind: ChannelKind
    member_ids: tuple[UserId, ...]
    name: str | None = None
    owner_id: UserId | None = None
    admin_ids: tuple[UserId, ...] = ()
    lobby_id: LobbyId | None = None
    slow_mode_ms: int | None = None
    silenced: dict[UserId, Timestamp] | None = None
    staff_silenced: tuple[UserId, ...] = ()
    created_at: Timestamp
    active_at: Timestamp = Field(default_factory=lambda data: data["created_at"])
    closed_at: Timestamp | None = None
    notes: tuple[str, ...] = ()
    noted_at: Timestamp | None = None

    @property
    def channel_id(self) -> ChannelId:
        """The id, typed."""
        return ChannelId(self.id)

    def role_of(self, user: UserId) -> ChannelRole:
        """What a member may do."""
        return "owner" if user == self.owner_id else "admin" if user in self.admin_ids else "member"

    def moderated_by(self, user: UserId) -> bool:
        """Whether the member is the owner or an admin."""
        return self.role_of(user) != "member"


class Message(WithEvents):
    """One message. `seq` is its permanent, gapless place in the channel, from 1.

    words: what a search finds it by. A message that was deleted keeps its place, its sender and its times.
    """

    channel_id: ChannelId
    seq: int
    sender_id: UserId | None = None
    client_message_id: str | None = None
    content_type: ContentType
    content: str
    media_id: str | None = None
    media_url: str | None = None
    reply_to_id: MessageId | None = None
    mentions: tuple[UserId, ...] = ()
    reactions: dict[str, tuple[UserId, ...]] = Field(default_factory=dict)
    system: System | None = None
    words: tuple[str, ...] = ()
    created_at: Timestamp
    edited_at: Timestamp | None = None
    deleted_at: Timestamp | None = None


def emptied(message: Message, now: datetime) -> Message:
    """The message as it is once it is deleted: its place, its sender and its times."""
    return message.changed(
        content="",
        media_id=None,
        media_url=None,
        mentions=(),
        reactions={},
        system=None,
        words=(),
        deleted_at=now,
    )


class Marker(WithEvents):
    """What a member has to do with a channel, on all their devices. The id is `<channel>:<user>`.

    seq: of the last message they have read. muted_until: they want no mentions from it before then. hidden_seq: of the
    last message when they put the channel away; a later one brings it back.
    """

    user_id: UserId
    channel_id: ChannelId
    seq: int = 0
    muted_until: Timestamp | None = None
    hidden_seq: int | None = None


CHANNELS = Spec(
    "channels",
    Channel,
    indexes=(
        ("member_ids", "closed_at", "active_at"),
        ("owner_id", "kind", "closed_at"),
        ("closed_at",),
        ("unpublished_at",),
        ("noted_at",),
    ),
)
MESSAGES = Spec(
    "messages",
    Message,
    unique=(("channel_id", "seq"), ("channel_id", "sender_id", "client_message_id")),
    indexes=(("channel_id", "words"), ("sender_id",), ("unpublished_at",)),
)
MARKERS = Spec("read_markers", Marker, indexes=(("channel_id", "seq"), ("user_id",), ("unpublished_at",)))


class MessageView(Model):
    """A message as clients see it. reactions: by emoji, who reacted with it, the first first."""

    id: MessageId
    channel_id: ChannelId
    seq: int
    sender_id: UserId | None
    client_message_id: str | None
    content_type: ContentType
    content: str
    media_id: str | None
    media_url: str | None
    reply_to_id: MessageId | None
    mentions: list[UserId]
    reactions: dict[str, list[UserId]]
    system: System | None
    created_at: Timestamp
    edited_at: Timestamp | None
    deleted_at: Timestamp | None


class ChannelView(Model):
    """A channel as one of its members sees it.

    lastSeq: of `lastMessage`, 0 before the first. readSeq: what the member has read, on any device. unread: messages of
    others behind that, counted up to 99; none of those whom the member has blocked, as far as the newest are concerned.
    hiddenSeq: of a direct channel that the member has put away: not to be shown while `lastSeq` is no greater.
    """

    id: ChannelId
    kind: ChannelKind
    name: str | None
    member_ids: list[UserId]
    owner_id: UserId | None
    admin_ids: list[UserId]
    lobby_id: LobbyId | None
    slow_mode_ms: int
    silenced: dict[UserId, Timestamp]
    last_message: MessageView | None
    last_seq: int
    read_seq: int
    unread: int
    muted_until: Timestamp | None
    hidden_seq: int | None
    created_at: Timestamp
    closed_at: Timestamp | None


class HistoryPage(Model):
    """Messages in the order of their `seq`; `hasMore` tells of more in the direction that was asked for."""

    messages: list[MessageView]
    has_more: bool


def marker_id(channel: str, user: UserId) -> str:
    """The id of a member's marker in a channel."""
    return f"{channel}:{user}"


_SHOWN = set(MessageView.model_fields)


def message_view(message: Message) -> MessageView:
    """The message as clients see it."""
    return MessageView.model_validate(message.model_dump(include=_SHOWN))
