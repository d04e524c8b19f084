"""What moderators do: mute members, and say which images and held messages may be seen.

A channel's moderators are its owner (of a lobby, the host) and its admins; the server's moderate every channel.
"""

from typing import Annotated

from domain.chat.channels import Changed, Channels
from domain.chat.chat import Chat
from domain.chat.commands import ToChannel
from domain.chat.held import Held, HeldView
from domain.chat.media import ChatMedia, MediaView
from domain.chat.model import Channel
from domain.chat.silence import Moderate, silenced
from domain.core.clock import Clock
from domain.core.errors import Forbidden
from domain.core.ids import ChannelId, MediaId, MessageId, UserId
from domain.core.model import ID_SHAPE, Command
from domain.users.model import Role
from domain.users.permissions import may


class ReviewMedia(Command):
    """Says whether an image may be seen."""

    media_id: Annotated[MediaId, ID_SHAPE]
    approved: bool


class ReviewMessage(ToChannel):
    """Says whether a message that waits may be seen."""

    message_id: Annotated[MessageId, ID_SHAPE]
    approved: bool


class Moderation:
    """The use cases of moderators. Who does not know of a channel gets `NotFound`, who may not do it `Forbidden`."""

    def __init__(self, *, channels: Channels, chat: Chat, media: ChatMedia, held: Held, clock: Clock) -> None:
        self._channels, self._chat, self._media, self._held, self._clock = channels, chat, media, held, clock

    async def moderate(self, user: UserId, role: Role, command: Moderate) -> Channel:
        """Mutes somebody in a channel, or lets them talk again; the channel as it is then."""
        staff = may(role, "chat:moderate")

        def decide(channel: Channel) -> Changed:
            return silenced(channel, user, command, self._clock.now(), staff=staff)

        return await self._channels.change(None if staff else user, command.channel_id, decide)

    async def review_media(self, user: UserId, role: Role, command: ReviewMedia) -> MediaView:
        """Lets an image be seen, or takes it away."""
        media = await self._media.find(command.media_id)
        await self._moderated(user, role, media.channel_id)
        return await self._media.review(command.media_id, approved=command.approved)

    async def held(self, user: UserId, role: Role, command: ToChannel) -> list[HeldView]:
        """The messages of a channel that wait for a moderator, the oldest first."""
        await self._moderated(user, role, command.channel_id)
        return await self._held.waiting(command.channel_id)

    async def review_message(self, user: UserId, role: Role, command: ReviewMessage) -> None:
        """Lets a message that waits be seen, as the channel's newest, or drops it. Doing it twice is one message."""
        channel = await self._moderated(user, role, command.channel_id)
        if command.approved:
            message = await self._held.approve(command.channel_id, command.message_id)
            await self._chat.pass_on(channel, message)
        await self._held.done(command.channel_id, command.message_id, approved=command.approved)

    async def _moderated(self, user: UserId, role: Role, channel_id: ChannelId) -> Channel:
        if may(role, "chat:moderate"):
            return await self._channels.existing(channel_id)
        channel = await self._channels.of(user, channel_id)
        if not channel.moderated_by(user):
            raise Forbidden("Only the moderators of the channel may do this.")
        return channel
