"""Gives messages their place in a channel: durable, gapless and in order, with no transaction per message.

Each process writes a channel's waiting messages in one batch, from the last `seq` plus one, together with those of
other channels (`inserts.py`); a draft that brings other writes along is a commit of its own. The unique key
`(channelId, seq)` decides between processes: the loser reads the last `seq` again and retries. The unique key
`(channelId, senderId, clientMessageId)` finds a client's retry, which gets the first message back; a system message,
which has no sender, is found by its id.

Who has just written knows the last `seq`, and who lost must ask for it first: while the channel hardly rests, one
process would always win. So each second of a row of batches it pauses for as long as others need.
"""

import asyncio
import time
from collections import defaultdict, deque
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

ROW_S = 1.0
LONG_S = 1.0
"""Where even the quickest batch takes so long there are no pauses: nobody is in time there."""
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
    """The messages of one channel that wait in this process, and the task that writes them."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Row:
    """The batches of one channel that were written without meeting another process, or leaving it the time to come in.

    began, ended: the row, and the last batch, by `time.monotonic`. took_s: to write the quickest one.
    """

    began: float = field(default_factory=time.monotonic)
    ended: float = 0
    took_s: float = LONG_S

    def begin(self, at: float) -> None:
        """Another process was met, or is let in until then."""
        self.began, self.took_s = at, LONG_S

    def add(self, took_s: float) -> None:
        """One more was written just now."""
        self.ended, self.took_s = time.monotonic(), min(self.took_s, took_s)

    def pause_s(self) -> float:
        """How long to wait before the next one; the row begins anew where others had their time, or have it now."""
        now = time.monotonic()
        left_s = max(0.0, self.ended + PAUSE * self.took_s - now) if self.took_s < LONG_S else 0.0
        if left_s and now - self.began < ROW_S:
            return 0
        self.begin(now + left_s)
        return left_s


class Sequencer:
    """Appends messages to channels. One per process."""

    def __init__(self, database: Database, publisher: Publisher, metrics: ChatMetrics = UNWATCHED) -> None:
        self._database, self._publisher, self._metrics = database, publisher, metrics
        self._messages, self._inserts = database.collection(MESSAGES), Inserts(database)
        self._lines: dict[ChannelId, _Line] = {}
        self._last_seq: dict[ChannelId, int] = {}
        self._rows: defaultdict[ChannelId, _Row] = defaultdict(_Row)

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
                if pause_s := self._rows[channel].pause_s():
                    await asyncio.sleep(pause_s)
                await self._write([line.waiting.popleft() for _ in range(min(BATCH, len(line.waiting)))])
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
            began = time.monotonic()
            try:
                await self._insert(batch)
                self._rows[channel].add(time.monotonic() - began)
                done = len(batch)
            except Duplicate as duplicate:
                if duplicate.collection != MESSAGES.name:
                    outcomes.append(duplicate)
                    continue
                done = duplicate.index
                self._rows[channel].begin(time.monotonic())
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
            self._rows.clear()
        self._last_seq[channel] = seq


def _together(drafts: Sequence[Draft], last: int) -> list[Draft]:
    """Those of the first drafts that are written at once, each with its place behind `last`."""
    alone = drafts[:1] if drafts[0].also else takewhile(lambda draft: not draft.also, drafts)
    return [draft.changed(seq=last + n) for n, draft in enumerate(alone, start=1)]


def _announcement(message: Message) -> Outgoing:
    sent = MessageSent(**message_view(message).model_dump())
    return to(chat_stream(message.channel_id), sent, id=message.id)
