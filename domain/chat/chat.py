"""The chat: who may talk and read where, and the use cases."""

from domain.chat.commands import History, Send
from domain.chat.events import chat_stream
from domain.chat.model import (
    CHANNELS,
    MESSAGES,
    Channel,
    ChannelView,
    HistoryPage,
    Message,
    MessageView,
    message_view,
)
from domain.chat.sequencer import Sequencer
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.errors import AppError, NotFound
from domain.core.events import Publisher
from domain.core.ids import ChannelId, IdFactory, UserId

CHANNELS_PER_USER = 200


class ChannelClosed(AppError):
    """This channel is closed; it can still be read."""

    code, status = "CHANNEL_CLOSED", 409


class Chat:
    """The use cases of the chat."""

    def __init__(self, database: Database, publisher: Publisher, clock: Clock, new_id: IdFactory) -> None:
        self._channels = database.collection(CHANNELS)
        self._messages = database.collection(MESSAGES)
        self._sequencer = Sequencer(database, publisher)
        self._clock, self._new_id = clock, new_id

    async def send(self, user: UserId, command: Send) -> MessageView:
        """Stores a message for good, tells the channel, and returns it with its `seq`."""
        channel = await self.channel_of(user, command.channel_id)
        draft = Message(
            id=self._new_id(),
            channel_id=command.channel_id,
            seq=0,
            sender_id=user,
            client_message_id=command.client_message_id,
            content_type=command.content_type,
            content=command.content,
            created_at=self._clock.now(),
        )
        if channel.closed_at:
            earlier = await self._sequencer.first(draft)
            if earlier is None:
                raise ChannelClosed
            return message_view(earlier)
        return message_view(await self._sequencer.append(draft))

    async def history(self, user: UserId, command: History) -> HistoryPage:
        """A page of a channel's messages."""
        await self.channel_of(user, command.channel_id)
        wanted: dict[str, object] = {"channel_id": command.channel_id}
        if command.after is not None:
            wanted["seq"] = {"$gt": command.after}
        elif command.before is not None:
            wanted["seq"] = {"$lt": command.before}
        forward = command.after is not None
        found = await self._messages.find(wanted, sort="seq" if forward else "-seq", limit=command.limit + 1)
        page = found[: command.limit]
        return HistoryPage(
            messages=[message_view(message) for message in (page if forward else reversed(page))],
            has_more=len(found) > command.limit,
        )

    async def channels(self, user: UserId) -> list[ChannelView]:
        """The channels the user is a member of, newest first."""
        return [await self._view(channel) for channel in await self._channels_of(user)]

    async def streams_of(self, user: UserId) -> list[str]:
        """The streams of the user's channels."""
        return [chat_stream(ChannelId(channel.id)) for channel in await self._channels_of(user)]

    async def _view(self, channel: Channel) -> ChannelView:
        newest = await self._messages.find_one({"channel_id": channel.id}, sort="-seq")
        return ChannelView(
            id=ChannelId(channel.id),
            kind=channel.kind,
            member_ids=list(channel.member_ids),
            lobby_id=channel.lobby_id,
            last_message=message_view(newest) if newest else None,
            last_seq=newest.seq if newest else 0,
            closed_at=channel.closed_at,
        )

    async def _channels_of(self, user: UserId) -> list[Channel]:
        return await self._channels.find({"member_ids": user}, sort="-id", limit=CHANNELS_PER_USER)

    async def channel_of(self, user: UserId, channel_id: ChannelId) -> Channel:
        """The channel, for a member; raises `NotFound`."""
        channel = await self._channels.get(channel_id)
        if channel is None or user not in channel.member_ids:
            raise NotFound
        return channel
