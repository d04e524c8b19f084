"""`/chat`: channels and their messages."""

from collections.abc import Sequence
from typing import ClassVar

from domain.chat import commands, events
from domain.chat.cases import ChatCases
from domain.chat.held import HeldView, MessageWaits
from domain.chat.media import MediaReviewed, MediaView
from domain.chat.model import Channel, ChannelView, HistoryPage, MessageView
from domain.chat.moderation import ReviewMedia, ReviewMessage
from domain.chat.silence import Moderate
from domain.core.events import user_stream
from domain.core.model import Empty
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.hub import Hub
from realtime.snapshot import snapshot


class ChatNamespace(Namespace):
    """Talking. A member of a channel receives its events without asking; nobody else can."""

    name = "chat"
    sends: ClassVar = {
        "chat:<channelId>": (
            events.MessageSent,
            events.MessageEdited,
            events.MessageDeleted,
            events.ReactionChanged,
            events.ReadMoved,
            events.ChannelUpdated,
            events.Typing,
            MediaReviewed,
        ),
        "chat:user:<userId>": (events.ChannelMuted, events.ChannelHidden, MessageWaits),
    }

    def __init__(self, chats: ChatCases, hub: Hub) -> None:
        self._chats, self._hub = chats, hub

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        return await self._chats.talk.streams_of(user.id)

    @on("send", commands.Send)
    async def send(self, user: SessionUser, command: commands.Send) -> MessageView:
        """Says something; acked when it is stored for good. A retry with the same clientMessageId is one message."""
        return await self._chats.talk.send(user.id, command)

    @on("edit", commands.Edit)
    async def edit(self, user: SessionUser, command: commands.Edit) -> MessageView:
        """Says something else in place of a message of the player's, within 15 minutes."""
        return await self._chats.messages.edit(user.id, command)

    @on("delete", commands.ToMessage)
    async def delete(self, user: SessionUser, command: commands.ToMessage) -> MessageView:
        """Deletes a message: its sender at any time, or a moderator of the channel."""
        return await self._chats.messages.delete(user.id, command)

    @on("react", commands.React)
    async def react(self, user: SessionUser, command: commands.React) -> MessageView:
        """Reacts to a message with an emoji, or takes that back."""
        return await self._chats.messages.react(user.id, command)

    @on("typing", commands.SetTyping)
    async def typing(self, user: SessionUser, command: commands.SetTyping) -> None:
        """Lets the other members know that the player is writing; to be said again every few seconds."""
        await self._chats.typing.set(user.id, command)

    @on("mark_read", commands.MarkRead)
    async def mark_read(self, user: SessionUser, command: commands.MarkRead) -> events.ReadMoved:
        """The player has read a channel up to a seq, on all their devices; how far it is read now."""
        return await self._chats.reads.mark_read(user.id, command)

    @on("history", commands.History, cost=2)
    async def history(self, user: SessionUser, command: commands.History) -> HistoryPage:
        """A page of a channel's messages: the newest, or those before or after a seq."""
        return await self._chats.talk.history(user.id, command)

    @on("search", commands.Search, cost=4)
    async def search(self, user: SessionUser, command: commands.Search) -> HistoryPage:
        """The messages of a channel that have all the words of a query, of the last one at least the beginning."""
        return await self._chats.talk.search(user.id, command)

    @on("channels", Empty, cost=2)
    async def channels(self, user: SessionUser, command: Empty) -> Reply[list[ChannelView]]:
        """The channels the player is a member of, with what is new in them."""
        return await snapshot(self._hub, await self._streams(user), self._chats.reads.channels(user.id))

    @on("open_direct", commands.OpenDirect, cost=4)
    async def open_direct(self, user: SessionUser, command: commands.OpenDirect) -> ChannelView:
        """The channel with another player, made if need be."""
        return await self._view(user, await self._chats.directs.open(user.id, command))

    @on("create_group", commands.CreateGroup, cost=4)
    async def create_group(self, user: SessionUser, command: commands.CreateGroup) -> ChannelView:
        """Makes a group, with the player as its owner."""
        return await self._view(user, await self._chats.groups.create(user.id, command))

    @on("add_member", commands.ToMember, cost=2)
    async def add_member(self, user: SessionUser, command: commands.ToMember) -> ChannelView:
        """Takes a player into a group."""
        return await self._view(user, await self._chats.groups.add(user.id, command))

    @on("remove_member", commands.ToMember, cost=2)
    async def remove_member(self, user: SessionUser, command: commands.ToMember) -> ChannelView:
        """Removes a member from a group."""
        return await self._view(user, await self._chats.groups.remove(user.id, command))

    @on("set_channel_role", commands.SetChannelRole, cost=2)
    async def set_channel_role(self, user: SessionUser, command: commands.SetChannelRole) -> ChannelView:
        """Makes a member of the player's group an admin, or an ordinary member again."""
        return await self._view(user, await self._chats.groups.set_role(user.id, command))

    @on("transfer_channel", commands.ToMember, cost=2)
    async def transfer_channel(self, user: SessionUser, command: commands.ToMember) -> ChannelView:
        """Hands the player's group over to another member."""
        return await self._view(user, await self._chats.groups.transfer(user.id, command))

    @on("update_channel", commands.UpdateChannel, cost=2)
    async def update_channel(self, user: SessionUser, command: commands.UpdateChannel) -> ChannelView:
        """Renames a group, or sets the slow mode of a group or of the lobby the player hosts."""
        return await self._view(user, await self._chats.groups.update(user.id, command))

    @on("leave_channel", commands.ToChannel, cost=2)
    async def leave_channel(self, user: SessionUser, command: commands.ToChannel) -> None:
        """Leaves a group; or puts a direct channel away until something is said in it, with `channel_hidden`."""
        await self._chats.groups.leave(user.id, command)

    @on("mute", commands.Mute)
    async def mute(self, user: SessionUser, command: commands.Mute) -> events.ChannelMuted:
        """Wants no notifications from a channel, for some time or for good; or wants them again."""
        return await self._chats.reads.mute(user.id, command)

    @on("moderate", Moderate, cost=2)
    async def moderate(self, user: SessionUser, command: Moderate) -> ChannelView:
        """Mutes a member of a channel that the player moderates, for some time; or lets them talk again."""
        return await self._view(user, await self._chats.moderation.moderate(user.id, user.role, command))

    @on("review_media", ReviewMedia)
    async def review_media(self, user: SessionUser, command: ReviewMedia) -> MediaView:
        """Lets an image in a channel that the player moderates be seen, or takes it away."""
        return await self._chats.moderation.review_media(user.id, user.role, command)

    @on("held", commands.ToChannel, cost=2)
    async def held(self, user: SessionUser, command: commands.ToChannel) -> list[HeldView]:
        """The messages that wait for a moderator of the channel, the oldest first, at most 100."""
        return await self._chats.moderation.held(user.id, user.role, command)

    @on("review_message", ReviewMessage)
    async def review_message(self, user: SessionUser, command: ReviewMessage) -> None:
        """Lets a message that waits be seen, as the newest of its channel, or drops it."""
        await self._chats.moderation.review_message(user.id, user.role, command)

    async def _streams(self, user: SessionUser) -> list[str]:
        return [user_stream("chat", user.id), *await self._chats.talk.streams_of(user.id)]

    async def _view(self, user: SessionUser, channel: Channel) -> ChannelView:
        return await self._chats.reads.view(user.id, channel)
