"""Messages that wait for a moderator: nobody sees them, and they have no place in their channel yet."""

from datetime import timedelta
from typing import ClassVar

from domain.chat.model import Channel, Message, MessageView, message_view
from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate, Spec
from domain.core.errors import AppError, NotFound
from domain.core.events import Event, Publisher, to, user_stream
from domain.core.ids import ChannelId, MessageId, UserId
from domain.core.index import may_lag
from domain.core.model import Document, Model, Timestamp

WAITING_LISTED = 100
KEPT = timedelta(days=7)
WAITING_MAX = 20
"""Messages of one sender that wait. Requests at the same moment may go past it by their number."""


class MessageHeld(AppError):
    """A moderator has to see this message first; it appears when they let it pass. Sending it again changes nothing."""

    code, status = "MESSAGE_HELD", 409


class HeldLimit(AppError):
    """As many messages of yours wait for a moderator as may."""

    code, status = "HELD_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": WAITING_MAX})


class HeldMessage(Document):
    """A message that waits, or one a moderator has seen: that stays for a while, so that a retry does not wait anew.

    The id is the message's. approved: it may be said.
    """

    channel_id: ChannelId
    sender_id: UserId
    client_message_id: str
    message: Message
    waiting: bool = True
    approved: bool = False
    expires_at: Timestamp


HELD = Spec(
    "held_messages",
    HeldMessage,
    unique=(("channel_id", "sender_id", "client_message_id"),),
    indexes=(("channel_id", "waiting"), ("sender_id",)),
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

    def __init__(self, *, database: Database, publisher: Publisher, clock: Clock) -> None:
        self._held, self._publisher, self._clock = database.collection(HELD), publisher, clock

    async def pass_or_keep(self, channel: Channel, message: Message) -> None:
        """Returns if a moderator has approved the message; else lets it wait, tells the moderators and raises
        `MessageHeld`, or `HeldLimit`. A retry waits once."""
        sender, key = message.sender_id, message.client_message_id
        if sender is None or key is None:  # the system
            return
        known = await self._held.find_one(
            {"channel_id": message.channel_id, "sender_id": sender, "client_message_id": key}
        )
        if known and known.approved:
            return
        if known is None:
            await self._keep(channel, message, sender, key)
        raise MessageHeld

    async def _keep(self, channel: Channel, message: Message, sender: UserId, key: str) -> None:
        if await self._held.count({"sender_id": sender, "waiting": True}) >= WAITING_MAX:
            raise HeldLimit
        held = HeldMessage(
            id=message.id,
            channel_id=message.channel_id,
            sender_id=sender,
            client_message_id=key,
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
        found = await self._held.find({"channel_id": channel_id, "waiting": True}, limit=WAITING_LISTED)
        return [HeldView(message=message_view(one.message), expires_at=one.expires_at) for one in found]

    async def approve(self, channel_id: ChannelId, message_id: MessageId) -> Message:
        """Lets a message pass from now on; raises `NotFound` unless it waits."""
        held = await self._held.update(
            message_id, {"$set": {"approved": True}}, expect={"channel_id": channel_id, "waiting": True}
        )
        if held is None:
            raise NotFound
        return held.message

    async def done(self, channel_id: ChannelId, message_id: MessageId, *, approved: bool) -> None:
        """Takes a message off the list, with what is the last word on it; raises `NotFound` unless it waits."""
        seen = {"$set": {"waiting": False, "approved": approved}}
        if await self._held.update(message_id, seen, expect={"channel_id": channel_id, "waiting": True}) is None:
            raise NotFound
