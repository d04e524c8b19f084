"""Groups: channels that players make, and bring one another into."""

from collections.abc import Sequence

from domain.chat import group_rules as rules
from domain.chat.channels import Channels
from domain.chat.commands import CreateGroup, SetChannelRole, ToChannel, ToMember, UpdateChannel
from domain.chat.contacts import Contacts
from domain.chat.model import Channel
from domain.chat.reads import Reads
from domain.core.clock import Clock
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.ids import IdFactory, UserId
from domain.users.users import Users

GROUPS_MAX = 50
"""Most open groups of one owner. Requests at the same moment may go past it by their number."""


class GroupLimit(AppError):
    """You own as many groups as one can; leave one first."""

    code, status = "GROUP_LIMIT", 409

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, details={"limit": GROUPS_MAX})


class Groups:
    """The use cases of groups. Those who are not in one get `NotFound`."""

    def __init__(
        self, *, channels: Channels, reads: Reads, contacts: Contacts, users: Users, clock: Clock, new_id: IdFactory
    ) -> None:
        self._channels, self._reads, self._contacts, self._users = channels, reads, contacts, users
        self._clock, self._new_id = clock, new_id

    async def create(self, user: UserId, command: CreateGroup) -> Channel:
        """A new group of the user, its owner, and the others; raises `GroupLimit` and what adding each would."""
        others = [other for other in dict.fromkeys(command.user_ids) if other != user]
        if await self._channels.count_owned(user) >= GROUPS_MAX:
            raise GroupLimit
        await self._may_come(user, others, [user])
        return await self._channels.open(
            Channel(
                id=self._new_id(),
                kind="group",
                name=command.name,
                owner_id=user,
                member_ids=(user, *others),
                created_at=self._clock.now(),
            )
        )

    async def add(self, user: UserId, command: ToMember) -> Channel:
        """The owner or an admin takes somebody in, who must be a friend of theirs or have played with them.

        Raises `GroupFull`, and `Forbidden` also where somebody in the group and the new one are at odds.
        """
        channel = await self._channels.of(user, command.channel_id)
        rules.moderated(channel, user)
        if command.user_id not in channel.member_ids:
            await self._may_come(user, [command.user_id], channel.member_ids)
        return await self._channels.change(
            user, channel.channel_id, lambda channel: rules.added(channel, user, command)
        )

    async def remove(self, user: UserId, command: ToMember) -> Channel:
        """The owner removes anybody else, an admin those who are no moderators."""
        return await self._channels.change(
            user, command.channel_id, lambda channel: rules.removed(channel, user, command)
        )

    async def leave(self, user: UserId, command: ToChannel) -> Channel:
        """The user leaves. An admin, else the longest-standing member becomes owner; a group without members closes.

        A direct channel stays the two's: it is hidden from the user until something is said in it.
        """
        channel = await self._channels.of(user, command.channel_id)
        if channel.kind == "direct":
            await self._reads.hide(user, channel)
            return channel
        now = self._clock.now()
        return await self._channels.change(user, command.channel_id, lambda channel: rules.left(channel, user, now))

    async def update(self, user: UserId, command: UpdateChannel) -> Channel:
        """A moderator renames a group, or sets the slow mode of a group or a lobby's channel."""
        now = self._clock.now()
        return await self._channels.change(
            user, command.channel_id, lambda channel: rules.updated(channel, user, command, now)
        )

    async def set_role(self, user: UserId, command: SetChannelRole) -> Channel:
        """The owner makes a member an admin, or an ordinary member again."""
        return await self._channels.change(
            user, command.channel_id, lambda channel: rules.with_role(channel, user, command)
        )

    async def transfer(self, user: UserId, command: ToMember) -> Channel:
        """The owner hands the group over, and stays as an admin; raises `GroupLimit` for who owns enough of them."""
        channel = await self._channels.of(user, command.channel_id)
        is_news = rules.transferred(channel, user, command).channel != channel
        if is_news and await self._channels.count_owned(command.user_id) >= GROUPS_MAX:
            raise GroupLimit("The player owns as many groups as one can.")
        return await self._channels.change(
            user, command.channel_id, lambda channel: rules.transferred(channel, user, command)
        )

    async def _may_come(self, user: UserId, others: Sequence[UserId], members: Sequence[UserId]) -> None:
        if len(await self._users.get_many(others)) < len(others):
            raise NotFound("There is no such user.")
        if not await self._contacts.reaches(user, others) or await self._contacts.clash(others, members):
            raise Forbidden("You cannot bring this player into a group.")
