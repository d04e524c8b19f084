"""Direct channels: two people, one channel."""

from uuid import NAMESPACE_OID, uuid5

from domain.chat.channels import Channels
from domain.chat.commands import OpenDirect
from domain.chat.contacts import Contacts
from domain.chat.model import Channel
from domain.core.clock import Clock
from domain.core.errors import AppError, ValidationFailed
from domain.core.ids import ChannelId, UserId
from domain.users.users import Users


class DirectRefused(AppError):
    """This player can be written to by their friends and by those they have played with."""

    code, status = "DIRECT_REFUSED", 403


class Directs:
    """The use cases of direct channels."""

    def __init__(self, *, channels: Channels, contacts: Contacts, users: Users, clock: Clock) -> None:
        self._channels, self._contacts, self._users, self._clock = channels, contacts, users, clock

    async def open(self, user: UserId, command: OpenDirect) -> Channel:
        """The channel of the two, made if need be.

        Once there, it is closed by blocks alone. Raises `NotFound` for an unknown player, `ValidationFailed` for
        oneself, and `DirectRefused`: a block is not told from the wish to be left alone.
        """
        other = command.user_id
        if other == user:
            raise ValidationFailed([{"field": "userId", "message": "nobody can write to themselves"}])
        await self._users.get(other)
        channel = Channel(
            id=direct_id(user, other),
            kind="direct",
            member_ids=tuple(sorted((user, other))),
            created_at=self._clock.now(),
        )
        if there := await self._channels.find(channel.channel_id):
            refused = await self._contacts.at_odds(user, [other])
        else:
            refused = not await self._contacts.reaches(user, [other])
        if refused:
            raise DirectRefused
        return there or await self._channels.open(channel)


def direct_id(one: UserId, other: UserId) -> ChannelId:
    """The same for both: a pair has one channel."""
    return ChannelId(str(uuid5(NAMESPACE_OID, ":".join(sorted((one, other))))))
