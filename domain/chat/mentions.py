"""Mentions: members of a channel that a message names, as `@username`."""

import re
from collections.abc import Iterable

from domain.chat.model import MARKERS, Channel, Marker, Message, marker_id
from domain.core.clock import Clock
from domain.core.collection import Database, Insert
from domain.core.ids import MessageId, UserId
from domain.notifications.model import Mention, News, Notification
from domain.notifications.notifications import Notifications
from domain.social.blocks import Blocks
from domain.users.model import User
from domain.users.names import name_key
from domain.users.users import Users

MENTIONS_MAX = 10
"""A message calls so many members by name; further ones are only text."""

_MENTION = re.compile(r"(?<![\w.@-])@([\w.-]{3,24})")


class Mentions:
    """Who is named in a message, and who hears of it."""

    def __init__(
        self, database: Database, users: Users, blocks: Blocks, notifications: Notifications, clock: Clock
    ) -> None:
        self._markers = database.collection(MARKERS)
        self._users, self._blocks, self._notifications, self._clock = users, blocks, notifications, clock

    async def named(self, channel: Channel, message: Message) -> tuple[UserId, ...]:
        """The other members whom a message names, at most `MENTIONS_MAX`."""
        if message.content_type != "text" or not _MENTION.search(message.content):
            return ()
        members = await self._users.get_many([user for user in channel.member_ids if user != message.sender_id])
        return named_in(message.content, members.values())

    async def news(self, channel: Channel, message: Message) -> list[Insert[Notification]]:
        """The writes that tell those who are named. Who muted the channel, or is at odds with the sender, is not."""
        if not message.mentions or message.sender_id is None:
            return []
        sender = await self._users.get(message.sender_id)
        heard = await self._heard_by(channel, message.sender_id, message.mentions)
        mention = Mention(
            channel_id=message.channel_id,
            message_id=MessageId(message.id),
            from_user_id=message.sender_id,
            from_name=sender.display_name,
        )
        news: dict[UserId, News] = dict.fromkeys(heard, mention)
        return await self._notifications.about(news)

    async def _heard_by(self, channel: Channel, sender: UserId, named: tuple[UserId, ...]) -> list[UserId]:
        apart = await self._blocks.apart(sender, named)
        markers = await self._markers.get_many([marker_id(channel.id, user) for user in named])
        muted = {marker.user_id for marker in markers.values() if self._is_muted(marker)}
        return [user for user in named if user not in apart | muted]

    def _is_muted(self, marker: Marker) -> bool:
        return marker.muted_until is not None and marker.muted_until > self._clock.now()


def named_in(text: str, members: Iterable[User]) -> tuple[UserId, ...]:
    """Those of the members whom a text names. A full stop or a hyphen at the end may belong to the sentence. Pure."""
    by_name = {member.username_key: UserId(member.id) for member in members}
    found: dict[UserId, None] = {}
    for match in _MENTION.finditer(text):
        name = name_key(match[1])
        while name and name not in by_name and name[-1] in ".-_":
            name = name[:-1]
        if name in by_name:
            found[by_name[name]] = None
    return tuple(found)[:MENTIONS_MAX]


def unnamed(text: str, user: User, stand_in: str) -> str:
    """The text with another name wherever it mentions the user."""

    def renamed(match: re.Match[str]) -> str:
        name = match[1]
        rest = ""
        while name and name_key(name) != user.username_key and name[-1] in ".-_":
            name, rest = name[:-1], name[-1] + rest
        return f"@{stand_in}{rest}" if name_key(name) == user.username_key else match[0]

    return _MENTION.sub(renamed, text)
