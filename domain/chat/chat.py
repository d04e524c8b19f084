"""The chat: the use cases of talking and reading."""

from collections.abc import Sequence

from domain.chat.channels import Channels
from domain.chat.commands import History, Search, Send
from domain.chat.contacts import Contacts
from domain.chat.drafts import Check, Draft
from domain.chat.events import chat_stream
from domain.chat.mentions import Mentions
from domain.chat.model import MESSAGES, Channel, HistoryPage, Message, MessageView, System, message_view
from domain.chat.mutes import Mutes
from domain.chat.notes import Note, keyed
from domain.chat.pace import Pace
from domain.chat.sequencer import Sequencer
from domain.chat.silence import may_talk
from domain.core.clock import Clock
from domain.core.collection import Database, Filter
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.ids import ChannelId, IdFactory, UserId
from domain.core.index import may_lag
from domain.notifications.notifications import Notifications
from domain.users.words import having, words_of


class ChannelClosed(AppError):
    """This channel is closed; it can still be read."""

    code, status = "CHANNEL_CLOSED", 409


class Chat:
    """Talking in channels, and reading them."""

    def __init__(
        self,
        *,
        database: Database,
        channels: Channels,
        sequencer: Sequencer,
        contacts: Contacts,
        mentions: Mentions,
        notifications: Notifications,
        pace: Pace,
        clock: Clock,
        new_id: IdFactory,
        checks: Sequence[Check] = (),
    ) -> None:
        """checks: what every message must pass, in this order. More may be added before the first message."""
        self._messages = database.collection(MESSAGES)
        self._channels, self._sequencer, self._contacts = channels, sequencer, contacts
        self._mentions, self._notifications, self._pace = mentions, notifications, pace
        self._mutes = Mutes(database, clock)
        self._clock, self._new_id, self.checks = clock, new_id, list(checks)

    async def send(self, user: UserId, command: Send) -> MessageView:
        """Stores a message for good, tells the channel, and returns it with its `seq`.

        Raises `NotFound`, `ChannelClosed`, `Muted`, `Forbidden` between people at odds, `RateLimited`, `SlowMode`, and
        what the checks raise; but what an earlier try has stored is answered whatever has changed since.
        """
        channel = await self._channels.of(user, command.channel_id)
        draft = self._draft(user, command)
        try:
            await self._may_write(user, channel)
            draft = await self.admit(channel, draft)
            await self._pace.take(channel, user)
        except AppError:
            if first := await self._sequencer.again(draft.message):
                return message_view(first)
            raise
        return message_view(await self._say(channel, draft))

    async def pass_on(self, channel: Channel, message: Message) -> MessageView:
        """Says what a moderator has let pass, in its sender's name; once, however often it is called.

        Raises `NotFound` for who is in the channel no more, and `Forbidden` between people at odds by now.
        """
        sender = message.sender_id
        if sender not in channel.member_ids:
            raise NotFound("The sender has left the channel.")
        if channel.kind == "direct" and await self._contacts.at_odds(sender, channel.member_ids):
            raise Forbidden("The two have nothing to say to each other any more.")
        return message_view(await self._say(channel, await self.admit(channel, Draft(message))))

    async def _say(self, channel: Channel, draft: Draft) -> Message:
        news = await self._mentions.news(channel, draft.message)
        with may_lag():  # first, so that those who do not follow a quiet channel hear what is said in it
            await self._channels.touch(channel)
        appended = await self._sequencer.append(Draft(draft.message, (*draft.also, *news)))
        if news and not appended.again:
            await self._notifications.tell(news)
        return appended.message

    async def admit(self, channel: Channel, draft: Draft) -> Draft:
        """The draft as the checks let it pass, with what is found in its text; for an edited message, too."""
        if draft.message.reply_to_id is not None:
            answered = await self._messages.get(draft.message.reply_to_id)
            if answered is None or answered.channel_id != channel.id:
                raise NotFound("There is no such message to reply to.")
        for check in self.checks:
            draft = await check(channel, draft)
        named = await self._mentions.named(channel, draft.message)
        return draft.changed(mentions=named, words=words_of(draft.message.content))

    async def announce(self, channel_id: ChannelId, key: str, system: System) -> None:
        """Lets the system say something in a channel; saying it again with the same `key` is one message."""
        note = Note(id=keyed(channel_id, key), system=system, at=self._clock.now())
        await self._sequencer.append(note.draft(channel_id))

    async def history(self, user: UserId, command: History) -> HistoryPage:
        """A page of a channel's messages."""
        await self._channels.of(user, command.channel_id)
        wanted: dict[str, object] = {"channel_id": command.channel_id}
        if command.after is not None:
            wanted["seq"] = {"$gt": command.after}
        elif command.before is not None:
            wanted["seq"] = {"$lt": command.before}
        return await self._page(wanted, command.limit, forward=command.after is not None)

    async def search(self, user: UserId, command: Search) -> HistoryPage:
        """The newest messages of a channel that have the words, or those before a `seq`."""
        await self._channels.of(user, command.channel_id)
        words = having(command.query)
        if words is None:
            return HistoryPage(messages=[], has_more=False)
        before = {"seq": {"$lt": command.before}} if command.before is not None else {}
        return await self._page({"channel_id": command.channel_id, **before, **words}, command.limit, forward=False)

    async def streams_of(self, user: UserId) -> list[str]:
        """The streams of the user's channels."""
        return [chat_stream(channel.channel_id) for channel in await self._channels.open_of(user)]

    async def may_write(self, user: UserId, channel_id: ChannelId) -> Channel:
        """The channel; raises `NotFound`, `ChannelClosed`, `Muted`, or `Forbidden` between people at odds."""
        channel = await self._channels.of(user, channel_id)
        await self._may_write(user, channel)
        return channel

    async def _may_write(self, user: UserId, channel: Channel) -> None:
        if channel.closed_at:
            raise ChannelClosed
        may_talk(channel, user, self._clock.now())
        await self._mutes.check(user)
        if channel.kind == "direct" and await self._contacts.at_odds(user, channel.member_ids):
            raise Forbidden("You cannot write to this player.")

    def _draft(self, user: UserId, command: Send) -> Draft:
        return Draft(
            Message(
                id=self._new_id(),
                channel_id=command.channel_id,
                seq=0,
                sender_id=user,
                client_message_id=command.client_message_id,
                content_type=command.content_type,
                content=command.content,
                media_id=command.media_id,
                reply_to_id=command.reply_to_id,
                created_at=self._clock.now(),
            )
        )

    async def _page(self, wanted: Filter, limit: int, *, forward: bool) -> HistoryPage:
        found = await self._messages.find(wanted, sort="seq" if forward else "-seq", limit=limit + 1)
        page = found[:limit]
        return HistoryPage(
            messages=[message_view(message) for message in (page if forward else reversed(page))],
            has_more=len(found) > limit,
        )
