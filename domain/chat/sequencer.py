"""Gives messages their place in a channel: durable, gapless and in order, with no transaction per message.

Each process writes a channel's waiting messages in one batch, from the last `seq` plus one, together with those of
other channels (`inserts.py`); a draft that brings other writes along is a commit of its own. The unique key
`(channelId, seq)` decides between processes: the loser reads the last `seq` again and retries. The unique key
`(channelId, senderId, clientMessageId)` finds a client's retry, which gets the first message back; a system message,
which has no sender, is found by its id.

Who has just written knows the last `seq`, and who lost must ask for it first: while the channel never rests, one
process would always win. So after some batches in a row it pauses for as long as others need.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, takewhile

from domain.chat.drafts import Draft
from domain.chat.events import MessageSent, chat_stream
from domain.chat.inserts import Inserts
from domain.chat.metrics import UNWATCHED, ChatMetrics
from domain.chat.model import MESSAGES, Message, message_view
from domain.core.collection import Database, Duplicate, Insert, StorageConflict
from domain.core.errors import Conflict
from domain.core.events import Outgoing, Publisher, to
from domain.core.ids import ChannelId

BATCH = 100
ROUNDS_WITHOUT_PROGRESS = 50
REMEMBERED_CHANNELS = 10_000

BATCHES_IN_A_ROW = 5
PAUSE = 4
"""So many times what the last batch took: to lose, to read the last `seq` and to write take three."""


@dataclass(frozen=True, slots=True)
class Appended:
    """A message in its place. again: an earlier try had put it there."""

    message: Message
    again: bool


Outcome = Appended | StorageConflict
"""Of one draft: stored now or before, or refused by a write it brought along."""


@dataclass(slots=True)
class _Waiting:
    draft: Draft
    written: asyncio.Future[Appended]


@dataclass(slots=True)
class _Line:
    """The messages of one channel that wait in this process, and the task that writes them.

    in_a_row: so many batches were written since another process was met, or let in.
    """

    waiting: deque[_Waiting] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    in_a_row: int = 0


class Sequencer:
    """Appends messages to channels. One per process."""

    def __init__(self, database: Database, publisher: Publisher, metrics: ChatMetrics = UNWATCHED) -> None:
        self._database, self._publisher, self._metrics = database, publisher, metrics
        self._messages, self._inserts = database.collection(MESSAGES), Inserts(database)
        self._lines: dict[ChannelId, _Line] = {}
        self._last_seq: dict[ChannelId, int] = {}

    async def append(self, draft: Draft) -> Appended:
        """Stores and publishes `draft` with the next `seq`; a retry gets the first message, published again.

        Raises `StorageConflict` when one of the draft's other writes was refused, and `Unavailable` when it cannot be
        stored or published; the client may then retry with the same `clientMessageId`.
        """
        channel = draft.message.channel_id
        line = self._lines.setdefault(channel, _Line())
        entry = _Waiting(draft, asyncio.get_running_loop().create_future())
        line.waiting.append(entry)
        if line.task is None:
            line.task = asyncio.create_task(self._drain(channel, line), name=f"chat:{channel}")
        return await entry.written

    async def again(self, message: Message) -> Message | None:
        """What an earlier try of `message` has stored, published again; None when there was none."""
        first = await self._first(message)
        if first is not None:
            await self._publisher.publish(_announcement(first), again=True)
        return first

    async def _drain(self, channel: ChannelId, line: _Line) -> None:
        try:
            while line.waiting:
                began = time.monotonic()
                await self._write([line.waiting.popleft() for _ in range(min(BATCH, len(line.waiting)))])
                line.in_a_row += 1
                if line.waiting and line.in_a_row >= BATCHES_IN_A_ROW:
                    line.in_a_row = 0
                    await asyncio.sleep(PAUSE * (time.monotonic() - began))
        finally:
            del self._lines[channel]
            for entry in line.waiting:  # only when the process is stopping
                entry.written.cancel()

    async def _write(self, batch: list[_Waiting]) -> None:
        channel = batch[0].draft.message.channel_id
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = await self._store(channel, [entry.draft for entry in batch])
            await self._publish([outcome for outcome in outcomes if isinstance(outcome, Appended)])
        except Exception as error:
            self._last_seq.pop(channel, None)
            outcomes = [error] * len(batch)
        for entry, outcome in zip(batch, outcomes, strict=True):
            if entry.written.done():
                continue
            if isinstance(outcome, Appended):
                entry.written.set_result(outcome)
            else:
                entry.written.set_exception(outcome)

    async def _publish(self, appended: Sequence[Appended]) -> None:
        """In their order. Those of an earlier try may have been published already."""
        for again, run in groupby(appended, key=lambda one: one.again):
            await self._publisher.publish(*(_announcement(one.message) for one in run), again=again)

    async def _store(self, channel: ChannelId, drafts: Sequence[Draft]) -> list[Outcome]:
        """What becomes of the drafts, in their order."""
        outcomes: list[Outcome] = []
        rounds = 0
        while len(outcomes) < len(drafts):
            last = await self._last(channel)
            batch = _together(drafts[len(outcomes) :], last)
            try:
                await self._insert(batch)
                done = len(batch)
            except Duplicate as duplicate:
                if duplicate.collection != MESSAGES.name:
                    outcomes.append(duplicate)
                    continue
                done = duplicate.index
                self._lines[channel].in_a_row = 0
                first, newest = await asyncio.gather(self._first(batch[done].message), self._newest(channel))
                rounds = 0 if done or first else rounds + 1
                if rounds > ROUNDS_WITHOUT_PROGRESS:
                    raise Conflict from duplicate
            except StorageConflict as conflict:
                outcomes.append(conflict)
                continue
            else:
                first, newest = None, last + len(batch)
            for draft in batch[:done]:
                self._metrics.stored(draft.message.content_type)
                outcomes.append(Appended(draft.message, again=False))
            if first:
                outcomes.append(Appended(first, again=True))
            self._remember(channel, newest)
        return outcomes

    async def _insert(self, batch: Sequence[Draft]) -> None:
        """Raises `Duplicate` with the index of the draft that is one; or what a draft's other writes raise."""
        if batch[0].also:
            await self._database.commit(Insert(MESSAGES, batch[0].message), *batch[0].also)
        else:
            await self._inserts.insert([draft.message for draft in batch])

    async def _first(self, message: Message) -> Message | None:
        """The message an earlier try has stored."""
        if message.client_message_id is None:
            return await self._messages.get(message.id)
        return await self._messages.find_one(
            {
                "channel_id": message.channel_id,
                "sender_id": message.sender_id,
                "client_message_id": message.client_message_id,
            }
        )

    async def _last(self, channel: ChannelId) -> int:
        if channel not in self._last_seq:
            self._remember(channel, await self._newest(channel))
        return self._last_seq[channel]

    async def _newest(self, channel: ChannelId) -> int:
        newest = await self._messages.find_one({"channel_id": channel}, sort="-seq")
        return newest.seq if newest else 0

    def _remember(self, channel: ChannelId, seq: int) -> None:
        if len(self._last_seq) >= REMEMBERED_CHANNELS:
            self._last_seq.clear()
        self._last_seq[channel] = seq


def _together(drafts: Sequence[Draft], last: int) -> list[Draft]:
    """Those of the first drafts that are written at once, each with its place behind `last`."""
    alone = drafts[:1] if drafts[0].also else takewhile(lambda draft: not draft.also, drafts)
    return [draft.changed(seq=last + n) for n, draft in enumerate(alone, start=1)]


def _announcement(message: Message) -> Outgoing:
    sent = MessageSent(**message_view(message).model_dump())
    return to(chat_stream(message.channel_id), sent, id=message.id)
