"""`/chat`: channels and their messages."""

from collections.abc import Sequence
from typing import ClassVar

from domain.chat.chat import Chat
from domain.chat.commands import History, Send
from domain.chat.events import ChannelUpdated, MessageSent
from domain.chat.media import MediaReviewed
from domain.chat.model import ChannelView, HistoryPage, MessageView
from domain.core.model import Empty
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.hub import Hub
from realtime.snapshot import snapshot


class ChatNamespace(Namespace):
    """Talking. A member of a channel receives its events without asking; nobody else can."""

    name = "chat"
    sends: ClassVar = {"chat:<channelId>": (MessageSent, ChannelUpdated, MediaReviewed)}

    def __init__(self, chat: Chat, hub: Hub) -> None:
        self._chat, self._hub = chat, hub

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        return await self._chat.streams_of(user.id)

    @on("send", Send)
    async def send(self, user: SessionUser, command: Send) -> MessageView:
        """Says something; acked when it is stored for good. A retry with the same clientMessageId is one message."""
        return await self._chat.send(user.id, command)

    @on("history", History, cost=2)
    async def history(self, user: SessionUser, command: History) -> HistoryPage:
        """A page of a channel's messages: the newest, or those before or after a seq."""
        return await self._chat.history(user.id, command)

    @on("channels", Empty, cost=2)
    async def channels(self, user: SessionUser, command: Empty) -> Reply[list[ChannelView]]:
        """The channels the player is a member of."""
        return await snapshot(self._hub, await self._chat.streams_of(user.id), self._chat.channels(user.id))
