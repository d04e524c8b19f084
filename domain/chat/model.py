"""Channels and messages, as stored and as sent."""

from typing import Literal

from domain.core.collection import Spec
from domain.core.ids import ChannelId, LobbyId, MessageId, UserId
from domain.core.model import Document, Model, Timestamp

ContentType = Literal["text", "emoji", "system"]
ChannelKind = Literal["lobby", "direct", "group"]


class Channel(Document):
    """Where a fixed set of people talk. A lobby's channel has the lobby's id."""

    kind: ChannelKind
    member_ids: tuple[UserId, ...]
    lobby_id: LobbyId | None = None
    created_at: Timestamp
    closed_at: Timestamp | None = None


class Message(Document):
    """One message. `seq` is its permanent, gapless place in the channel, from 1."""

    channel_id: ChannelId
    seq: int
    sender_id: UserId | None = None
    client_message_id: str | None = None
    content_type: ContentType
    content: str
    created_at: Timestamp


CHANNELS = Spec("channels", Channel, indexes=(("member_ids",),))
MESSAGES = Spec("messages", Message, unique=(("channel_id", "seq"), ("channel_id", "sender_id", "client_message_id")))


class MessageView(Model):
    """A message as clients see it."""

    id: MessageId
    channel_id: ChannelId
    seq: int
    sender_id: UserId | None
    client_message_id: str | None
    content_type: ContentType
    content: str
    created_at: Timestamp


class ChannelView(Model):
    """A channel as its members see it. `lastSeq` is 0 before the first message."""

    id: ChannelId
    kind: ChannelKind
    member_ids: list[UserId]
    lobby_id: LobbyId | None
    last_message: MessageView | None
    last_seq: int
    closed_at: Timestamp | None


class HistoryPage(Model):
    """Messages in the order of their `seq`; `hasMore` tells of more in the direction that was asked for."""

    messages: list[MessageView]
    has_more: bool


def message_view(message: Message) -> MessageView:
    """The message as clients see it."""
    return MessageView.model_validate(message.model_dump(exclude={"version"}))
