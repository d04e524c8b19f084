"""What the members of a channel are told, on the stream `chat:<channelId>`; and one of them, on `chat:user:<id>`."""

from typing import ClassVar

from domain.chat.model import Channel, ChannelKind, MessageView
from domain.core.events import Event
from domain.core.ids import ChannelId, LobbyId, MessageId, UserId
from domain.core.model import Timestamp


def chat_stream(channel: ChannelId) -> str:
    """The stream of one channel."""
    return f"chat:{channel}"


class MessageSent(Event, MessageView):
    """Somebody said something, or the system tells what happened in the channel."""

    wire_name: ClassVar[str] = "message"


class MessageEdited(Event, MessageView):
    """A message was edited by its sender."""

    wire_name: ClassVar[str] = "message_edited"


class MessageDeleted(Event):
    """A message was deleted, by its sender or by a moderator of the channel. Its content is gone."""

    wire_name: ClassVar[str] = "message_deleted"

    channel_id: ChannelId
    message_id: MessageId
    seq: int
    by_user_id: UserId
    deleted_at: Timestamp


class ReactionChanged(Event):
    """Somebody reacted to a message (`on`), or took that back. seq: the message's."""

    wire_name: ClassVar[str] = "reaction_changed"

    channel_id: ChannelId
    message_id: MessageId
    seq: int
    user_id: UserId
    emoji: str
    on: bool


class ReadMoved(Event):
    """A member has read the channel up to `seq`."""

    wire_name: ClassVar[str] = "read"

    channel_id: ChannelId
    user_id: UserId
    seq: int


class Typing(Event):
    """A member types, or has stopped. Without another such event it is over after `expiresInMs`."""

    wire_name: ClassVar[str] = "typing"
    durable: ClassVar[bool] = False

    channel_id: ChannelId
    user_id: UserId
    is_typing: bool
    expires_in_ms: int


class ChannelUpdated(Event):
    """A channel was opened, changed or closed. slowModeMs, silenced: missing where they stay as they were."""

    wire_name: ClassVar[str] = "channel_updated"

    id: ChannelId
    kind: ChannelKind
    name: str | None
    member_ids: list[UserId]
    owner_id: UserId | None
    admin_ids: list[UserId]
    lobby_id: LobbyId | None
    slow_mode_ms: int | None
    silenced: dict[UserId, Timestamp] | None
    closed_at: Timestamp | None


class ChannelMuted(Event):
    """The player has muted a channel, on some device; without `mutedUntil`, the opposite."""

    wire_name: ClassVar[str] = "channel_muted"

    channel_id: ChannelId
    muted_until: Timestamp | None


class ChannelHidden(Event):
    """The player has put a direct channel away, on some device: it is not to be shown until a message behind `seq`."""

    wire_name: ClassVar[str] = "channel_hidden"

    channel_id: ChannelId
    seq: int


_SHOWN = set(ChannelUpdated.model_fields)


def channel_updated(channel: Channel) -> ChannelUpdated:
    """The event that tells a channel's present state."""
    return ChannelUpdated.model_validate(channel.model_dump(include=_SHOWN))
