"""What stays of somebody whose account is erased: what they said, if the server is to keep it, but not that they did.

What is done does not match any more, so that each attempt goes on where the last one ended. Where others' messages
name them, in reactions and mentions, `domain/privacy` takes them out.
"""

import asyncio
from contextlib import suppress

from domain.chat.commands import ToChannel
from domain.chat.groups import Groups
from domain.chat.held import HELD
from domain.chat.media import MEDIA, ChatMedia
from domain.chat.model import CHANNELS, MARKERS, MESSAGES, Message, emptied
from domain.core.clock import Clock
from domain.core.collection import After, Changes, Database
from domain.core.errors import NotFound
from domain.core.ids import UserId

ERASED = UserId("erased")
"""Who has sent the messages of those who are gone."""

AT_ONCE = 50


class Erasure:
    """Takes a user out of the chat. keep_content: whether what they said stays."""

    def __init__(
        self,
        *,
        database: Database,
        groups: Groups,
        media: ChatMedia,
        clock: Clock,
        keep_content: bool,
    ) -> None:
        self._database, self._groups = database, groups
        self._media, self._clock, self._keep_content = media, clock, keep_content
        self._messages = database.collection(MESSAGES)

    async def erase(self, user: UserId) -> None:
        """Erases a user. They must not be let in again. Idempotent."""
        await self._leave(user)
        await self._forget_held(user)
        while messages := await self._messages.find({"sender_id": user}, limit=AT_ONCE):
            await asyncio.gather(*(self._anonymise(message) for message in messages))
        await self._forget_uploads(user)

    async def _leave(self, user: UserId) -> None:
        """Groups are left; a direct channel stays the other's."""
        channels, markers = self._database.collection(CHANNELS), self._database.collection(MARKERS)
        last: After | None = None
        while found := await channels.find({"member_ids": user}, limit=AT_ONCE, after=last):
            for channel in found:
                await markers.delete(f"{channel.id}:{user}")
                if channel.kind == "group" and not channel.closed_at:
                    with suppress(NotFound):  # they have left it in this very moment
                        await self._groups.leave(user, ToChannel(channel_id=channel.channel_id))
            last = (found[-1].id, found[-1].id)

    async def _anonymise(self, message: Message) -> None:
        """One message, at the version read: if it has changed meanwhile, it is found again."""
        if self._keep_content:
            after = message
        else:
            if message.media_id:
                await self._media.remove(message.media_id)
            after = emptied(message, message.deleted_at or self._clock.now())
        # Without its key, for the unique one of the channel would hold two messages of nobody's for the same.
        await self._messages.replace(after.changed(sender_id=ERASED, client_message_id=None))

    async def _forget_held(self, user: UserId) -> None:
        held = self._database.collection(HELD)
        while found := await held.find({"sender_id": user}, limit=AT_ONCE):
            for one in found:
                await held.delete(one.id)

    async def _forget_uploads(self, user: UserId) -> None:
        media = self._database.collection(MEDIA)
        nobody: Changes = {"$set": {"uploader_id": ERASED, "held_for": []}, "$inc": {"version": 1}}
        while found := await media.find({"uploader_id": user}, limit=AT_ONCE):
            for one in found:
                if one.message_id is None:
                    await self._media.remove(one.id)
                await media.update(one.id, nobody)
