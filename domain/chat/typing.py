"""Who is writing just now. Nothing of it is stored."""

from collections import OrderedDict
from datetime import datetime

from domain.chat.chat import Chat
from domain.chat.commands import SetTyping
from domain.chat.events import Typing, chat_stream
from domain.core.clock import Clock, seconds
from domain.core.events import Publisher, to
from domain.core.ids import ChannelId, UserId

EXPIRES_IN_MS = 6000
AGAIN_AFTER = seconds(2)
"""What a client says more often than that tells nobody anything new."""
REMEMBERED = 10_000


class TypingNews:
    """Tells the members of a channel who is writing."""

    def __init__(self, chat: Chat, publisher: Publisher, clock: Clock) -> None:
        self._chat, self._publisher, self._clock = chat, publisher, clock
        self._said: OrderedDict[tuple[ChannelId, UserId], tuple[bool, datetime]] = OrderedDict()

    async def set(self, user: UserId, command: SetTyping) -> None:
        """The user writes, or has stopped. Raises what sending a message to that channel would."""
        if not self._is_news((command.channel_id, user), command.is_typing):
            return
        channel = await self._chat.may_write(user, command.channel_id)
        typing = Typing(
            channel_id=channel.channel_id, user_id=user, is_typing=command.is_typing, expires_in_ms=EXPIRES_IN_MS
        )
        await self._publisher.publish(to(chat_stream(channel.channel_id), typing))

    def _is_news(self, who: tuple[ChannelId, UserId], is_typing: bool) -> bool:
        now = self._clock.now()
        said, at = self._said.get(who, (False, now - AGAIN_AFTER))
        if said == is_typing and (not is_typing or now - at < AGAIN_AFTER):
            return False
        self._said[who] = (is_typing, now)
        self._said.move_to_end(who)
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        return True
