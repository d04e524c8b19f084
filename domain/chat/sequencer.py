"""Gives messages their place in a channel: durable, gapless and in order, with no transaction per message.

Each process writes a channel's waiting messages in one batch, from the last `seq` plus one. The unique key
`(channelId, seq)` decides between processes: the loser reads the last `seq` again and retries. The unique key
`(channelId, senderId, clientMessageId)` finds a client's retry, which gets the first message back.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import groupby

from domain.chat.events import MessageSent, chat_stream
from domain.chat.model import MESSAGES, Message, message_view
from domain.core.collection import Database, Duplicate
from domain.core.errors import Conflict
from domain.core.events import Outgoing, Publisher, to
from domain.core.ids import ChannelId

BATCH = 100
ROUNDS_WITHOUT_PROGRESS = 50
REMEMBERED_CHANNELS = 10_000


@dataclass(slots=True)
class _Waiting:
    draft: Message
    written: asyncio.Future[Message]


@dataclass(slots=True)
class _Line:
    """The messages of one channel that wait in this process, and the task that writes them."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class Sequencer:
    """Appends messages to channels. One per process."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._messages = database.collection(MESSAGES)
        self._publisher = publisher
        self._lines: dict[ChannelId, _Line] = {}
        self._last_seq: dict[ChannelId, int] = {}

    async def append(self, draft: Message) -> Message:
        """Stores and publishes `draft` with the next `seq`; a retry gets the first message, published again.

        Raises `Unavailable` when either cannot be done; the client may then retry with the same `clientMessageId`.
        """
        line = self._lines.setdefault(draft.channel_id, _Line())
        entry = _Waiting(draft, asyncio.get_running_loop().create_future())
        line.waiting.append(entry)
        if line.task is None:
            line.task = asyncio.create_task(self._drain(draft.channel_id, line), name=f"chat:{draft.channel_id}")
        return await entry.written

    async def _drain(self, channel: ChannelId, line: _Line) -> None:
        try:
            while line.waiting:
                await self._write([line.waiting.popleft() for _ in range(min(BATCH, len(line.waiting)))])
        finally:
            del self._lines[channel]
            for entry in line.waiting:  # only when the process is stopping
                entry.written.cancel()

    async def _write(self, batch: list[_Waiting]) -> None:
        channel = batch[0].draft.channel_id
        try:
            drafts = [entry.draft for entry in batch]
            messages = await self._store(channel, drafts)
            await self._publish(drafts, messages)
        except Exception as error:
            self._last_seq.pop(channel, None)
            for entry in batch:
                if not entry.written.done():
                    entry.written.set_exception(error)
        else:
            for entry, message in zip(batch, messages, strict=True):
                if not entry.written.done():
                    entry.written.set_result(message)

    async def _publish(self, drafts: list[Message], messages: list[Message]) -> None:
        """In their order. A message with another id than its draft is an earlier one, maybe published already."""
        pairs = zip(drafts, messages, strict=True)
        for retried, run in groupby(pairs, key=lambda pair: pair[0].id != pair[1].id):
            await self._publisher.publish(*(_announcement(message) for _, message in run), again=retried)

    async def _store(self, channel: ChannelId, drafts: list[Message]) -> list[Message]:
        """The drafts as they are stored now, in their order; retries of earlier messages as those were."""
        stored: list[Message] = []
        rounds = 0
        while len(stored) < len(drafts):
            last = await self._last(channel)
            batch = [draft.changed(seq=last + n) for n, draft in enumerate(drafts[len(stored) :], start=1)]
            try:
                await self._messages.insert_many(batch)
                done = len(batch)
            except Duplicate as duplicate:
                done = duplicate.index
                stored.extend(batch[:done])
                first = await self.first(batch[done])
                rounds = 0 if done or first else rounds + 1
                if first:
                    stored.append(first)
                    self._remember(channel, last + done)
                else:
                    self._last_seq.pop(channel, None)
                if rounds > ROUNDS_WITHOUT_PROGRESS:
                    raise Conflict from duplicate
            else:
                stored.extend(batch)
                self._remember(channel, last + done)
        return stored

    async def first(self, draft: Message) -> Message | None:
        """The message an earlier try of this client has stored."""
        if draft.client_message_id is None:
            return None
        return await self._messages.find_one(
            {
                "channel_id": draft.channel_id,
                "sender_id": draft.sender_id,
                "client_message_id": draft.client_message_id,
            }
        )

    async def _last(self, channel: ChannelId) -> int:
        if channel not in self._last_seq:
            newest = await self._messages.find_one({"channel_id": channel}, sort="-seq")
            self._remember(channel, newest.seq if newest else 0)
        return self._last_seq[channel]

    def _remember(self, channel: ChannelId, seq: int) -> None:
        if len(self._last_seq) >= REMEMBERED_CHANNELS:
            self._last_seq.clear()
        self._last_seq[channel] = seq


def _announcement(message: Message) -> Outgoing:
    sent = MessageSent(**message_view(message).model_dump())
    return to(chat_stream(message.channel_id), sent, id=message.id)
