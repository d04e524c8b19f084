"""What the members of a channel are told, on the stream `chat:<channelId>`."""

from typing import ClassVar

from domain.chat.model import Channel, ChannelKind, MessageView
from domain.core.events import Event
from domain.core.ids import ChannelId, LobbyId, UserId
from domain.core.model import Timestamp


def chat_stream(channel: ChannelId) -> str:
    """The stream of one channel."""
    return f"chat:{channel}"


class MessageSent(Event, MessageView):
    """Somebody said something."""

    wire_name: ClassVar[str] = "message"


class ChannelUpdated(Event):
    """A channel was opened or closed, or its members changed."""

    wire_name: ClassVar[str] = "channel_updated"

    id: ChannelId
    kind: ChannelKind
    member_ids: list[UserId]
    lobby_id: LobbyId | None
    closed_at: Timestamp | None


def channel_updated(channel: Channel) -> ChannelUpdated:
    """The event that tells a channel's present state."""
    return ChannelUpdated(
        id=ChannelId(channel.id),
        kind=channel.kind,
        member_ids=list(channel.member_ids),
        lobby_id=channel.lobby_id,
        closed_at=channel.closed_at,
    )
