"""Messages that wait for a moderator: nobody sees them, and they have no place in their channel yet."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from domain.chat.drafts import Check, Draft
from domain.chat.model import Channel, Message, MessageView, message_view
from domain.chat.sequencer import Sequencer
from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate, Spec
from domain.core.errors import AppError, NotFound
from domain.core.events import Event, Publisher, to, user_stream
from domain.core.ids import ChannelId, MessageId, UserId
from domain.core.index import may_lag
from domain.core.model import Document, Model, Timestamp

WAITING_LISTED = 100
KEPT = timedelta(days=7)


class MessageHeld(AppError):
    """A moderator has to see this message first; it appears when they let it pass. Sending it again changes nothing."""

    code, status = "MESSAGE_HELD", 409


class HeldMessage(Document):
    """A message that waits. The id is the message's."""

    channel_id: ChannelId
    sender_id: UserId
    client_message_id: str
    message: Message
    expires_at: Timestamp


HELD = Spec(
    "held_messages",
    HeldMessage,
    unique=(("channel_id", "sender_id", "client_message_id"),),
    indexes=(("sender_id",),),
    expires="expires_at",
)


class HeldView(Model):
    """A message that waits, as moderators see it; its `seq` is 0."""

    message: MessageView
    expires_at: Timestamp


class MessageWaits(Event):
    """A message waits for a moderator of the channel."""

    wire_name: ClassVar[str] = "message_held"
    durable: ClassVar[bool] = False

    channel_id: ChannelId
    message_id: MessageId


class Held:
    """The messages that wait."""

    def __init__(self, *, database: Database, sequencer: Sequencer, publisher: Publisher, clock: Clock) -> None:
        self._held, self._sequencer = database.collection(HELD), sequencer
        self._publisher, self._clock = publisher, clock

    async def keep(self, channel: Channel, message: Message) -> None:
        """Lets a message wait, and tells the channel's moderators. A retry waits once."""
        if message.sender_id is None or message.client_message_id is None:
            return
        held = HeldMessage(
            id=message.id,
            channel_id=message.channel_id,
            sender_id=message.sender_id,
            client_message_id=message.client_message_id,
            message=message,
            expires_at=self._clock.now() + KEPT,
        )
        try:
            await self._held.insert(held)
        except Duplicate:
            return
        news = MessageWaits(channel_id=message.channel_id, message_id=MessageId(message.id))
        moderators = [user for user in (channel.owner_id, *channel.admin_ids) if user]
        with may_lag():  # they find it in the list as well
            await self._publisher.publish(*(to(user_stream("chat", user), news) for user in moderators))

    async def waiting(self, channel_id: ChannelId) -> list[HeldView]:
        """The messages of a channel that wait, the oldest first."""
        found = await self._held.find({"channel_id": channel_id}, limit=WAITING_LISTED)
        return [HeldView(message=message_view(one.message), expires_at=one.expires_at) for one in found]

    async def review(
        self, channel: Channel, message_id: MessageId, *, approved: bool, checks: Sequence[Check] = ()
    ) -> None:
        """Gives a message its place in the channel, or drops it; raises `NotFound` and what the checks raise.

        A crash in between leaves it waiting; approved again, it is still one message.
        """
        held = await self._held.get(message_id)
        if held is None or held.channel_id != channel.id:
            raise NotFound
        if approved:
            draft = Draft(held.message)
            for check in checks:
                draft = await check(channel, draft)
            await self._sequencer.append(draft)
        await self._held.delete(message_id)
