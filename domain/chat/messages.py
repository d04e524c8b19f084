"""What is done with messages once they stand: edited, deleted, reacted to."""

from collections.abc import Callable
from datetime import datetime

from domain.chat.channels import Channels
from domain.chat.chat import Chat
from domain.chat.commands import Edit, React, ToMessage
from domain.chat.drafts import Draft
from domain.chat.events import MessageDeleted, MessageEdited, ReactionChanged, chat_stream
from domain.chat.media import removal
from domain.chat.model import MESSAGES, Channel, Message, MessageView, emptied, message_view
from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Replace, StorageConflict
from domain.core.errors import AppError, Conflict, Forbidden, NotFound
from domain.core.events import Event, Outbox, carry, to
from domain.core.ids import MessageId, UserId
from domain.core.retries import RETRIES, pause

EDITABLE = seconds(900)
"""A message can be edited for so long after it was sent."""
REACTIONS_MAX = 20
"""Different emoji on one message."""


class EditTooLate(AppError):
    """A message can be edited for `editableMs` after it was sent."""

    code, status = "EDIT_TOO_LATE", 409

    def __init__(self) -> None:
        super().__init__(details={"editableMs": int(EDITABLE.total_seconds() * 1000)})


class MessageGone(AppError):
    """The message was deleted."""

    code, status = "MESSAGE_DELETED", 409


class ReactionLimit(AppError):
    """The message has as many different reactions as it can have."""

    code, status = "REACTION_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": REACTIONS_MAX})


Change = tuple[Message, Event]
Decision = Callable[[Message], Change | None]


class Messages:
    """The use cases of messages that stand. Those who are not in their channel get `NotFound`."""

    def __init__(self, *, database: Database, channels: Channels, chat: Chat, outbox: Outbox, clock: Clock) -> None:
        self._database, self._messages = database, database.collection(MESSAGES)
        self._channels, self._chat, self._outbox, self._clock = channels, chat, outbox, clock

    async def edit(self, user: UserId, command: Edit) -> MessageView:
        """Says something else; nobody is notified of whom it names. Raises `EditTooLate` and what sending raises."""
        channel, message = await self._found(user, command.message_id)
        _editable(message, user, self._clock.now())
        await self._chat.may_write(user, channel.channel_id)
        wished = message.changed(content=command.content, edited_at=self._clock.now())
        passed = (await self._chat.admit(channel, Draft(wished))).message

        def decide(message: Message) -> Change | None:
            now = self._clock.now()
            _editable(message, user, now)
            if message.content == passed.content:
                return None
            new = {name: getattr(passed, name) for name in ("content", "mentions", "words")}
            after = message.changed(**new, edited_at=now)
            return after, MessageEdited(**message_view(after).model_dump())

        return message_view(await self._change(message, decide))

    async def delete(self, user: UserId, command: ToMessage) -> MessageView:
        """Takes a message back: its sender at any time, or a moderator of the channel. Its place stays."""
        channel, message = await self._found(user, command.message_id)
        if user != message.sender_id and not channel.moderated_by(user):
            raise Forbidden("Only the sender and the moderators of the channel may delete a message.")
        return message_view(await self._change(message, lambda message: _deleted(message, user, self._clock.now())))

    async def react(self, user: UserId, command: React) -> MessageView:
        """Reacts with an emoji, or takes that back; once more changes nothing. Raises `ReactionLimit`."""
        channel, message = await self._found(user, command.message_id)
        await self._chat.may_write(user, channel.channel_id)
        return message_view(await self._change(message, lambda message: _reacted(message, user, command)))

    async def _found(self, user: UserId, id: MessageId) -> tuple[Channel, Message]:
        message = await self._messages.get(id)
        if message is None:
            raise NotFound
        return await self._channels.of(user, message.channel_id), message

    async def _change(self, message: Message, decide: Decision) -> Message:
        """Lets `decide` change the message at the version read, and tells of it; raises `Conflict` after some tries."""
        for attempt in range(1 + 2 * RETRIES):  # a whole group may react at once
            if attempt:
                await pause(min(attempt, RETRIES))
                message = await self._messages.get(message.id) or message
            change = decide(message)
            if change is None:
                return message
            after, event = change
            after = carry(after, [to(chat_stream(message.channel_id), event)], self._clock.now())
            stored = await self._replace(message, after)
            if stored is not None:
                await self._outbox.flush(MESSAGES, stored)
                return stored
        raise Conflict

    async def _replace(self, before: Message, after: Message) -> Message | None:
        """Stores `after` at the version read; the image that it shows no more goes in the same commit."""
        if before.media_id is None or after.media_id:
            return await self._messages.replace(after)
        try:
            await self._database.commit(Replace(MESSAGES, after), removal(before.media_id, self._clock.now()))
        except StorageConflict:
            return None
        return after.changed(version=after.version + 1)


def _editable(message: Message, user: UserId, now: datetime) -> None:
    if message.sender_id != user:
        raise Forbidden("Only its sender may edit a message.")
    if message.deleted_at:
        raise MessageGone
    if message.content_type not in {"text", "emoji"}:
        raise Forbidden("Only text can be edited.")
    if now - message.created_at > EDITABLE:
        raise EditTooLate


def _deleted(message: Message, user: UserId, now: datetime) -> Change | None:
    if message.deleted_at:
        return None
    return emptied(message, now), MessageDeleted(
        channel_id=message.channel_id,
        message_id=MessageId(message.id),
        seq=message.seq,
        by_user_id=user,
        deleted_at=now,
    )


def _reacted(message: Message, user: UserId, command: React) -> Change | None:
    who = message.reactions.get(command.emoji, ())
    if message.deleted_at:
        raise MessageGone
    if (user in who) == command.on:
        return None
    if not who and len(message.reactions) >= REACTIONS_MAX:
        raise ReactionLimit
    who = (*who, user) if command.on else tuple(one for one in who if one != user)
    others = {emoji: users for emoji, users in message.reactions.items() if emoji != command.emoji}
    reactions = {**message.reactions, command.emoji: who} if who else others
    return message.changed(reactions=reactions), ReactionChanged(
        channel_id=message.channel_id,
        message_id=MessageId(message.id),
        seq=message.seq,
        user_id=user,
        emoji=command.emoji,
        on=command.on,
    )
