"""How long what was said is kept. Messages go when they are old, and channels some time after they were closed.

A job goes through the channels, some hundred at a time, and puts the next job into the queue. Each step may be done
twice, and what one run leaves the next finds. The newest message of a channel that stands is only emptied, never
removed: the channel counts on from it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.chat.held import HELD
from domain.chat.media import MEDIA, ChatMedia
from domain.chat.model import CHANNELS, MARKERS, MESSAGES, Channel, Message, emptied
from domain.core.clock import Clock
from domain.core.collection import After, Database, Duplicate, Filter, Spec
from domain.core.isolation import Report, isolated
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job

RETENTION_JOB = "chat_retention"
CHANNELS_A_JOB = 200
MESSAGES_AT_ONCE = 100
WRITES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """message_age: of messages in direct and group channels. closed_for: of channels. None: they are kept for good."""

    message_age: timedelta | None
    closed_for: timedelta | None


class Retention:
    """Removes what is older than it may be."""

    def __init__(
        self,
        *,
        database: Database,
        media: ChatMedia,
        jobs: Jobs,
        clock: Clock,
        report: Report,
        config: RetentionConfig,
    ) -> None:
        self._database, self._media, self._jobs, self._clock = database, media, jobs, clock
        self._report, self._config = report, config
        self._channels, self._messages = database.collection(CHANNELS), database.collection(MESSAGES)

    async def run(self, job: Job) -> None:
        """Goes through some channels, from the one behind `after` in the job's payload, and asks for the next job."""
        last = job.payload.get("after")
        after: After | None = (last, last) if last else None
        channels = await self._channels.find({}, limit=CHANNELS_A_JOB, after=after)
        for channel in channels:
            await isolated(self._report, f"retention of channel {channel.id}", self._go_through(channel))
        if len(channels) == CHANNELS_A_JOB:
            first = job.payload.get("run", job.id)
            payload = {"after": channels[-1].id, "run": first}
            with suppress(Duplicate):  # an earlier attempt at this job has asked for it
                await self._database.commit(
                    self._jobs.new(RETENTION_JOB, payload, key=f"{RETENTION_JOB}:{first}:{channels[-1].id}")
                )

    async def _go_through(self, channel: Channel) -> None:
        now, age, closed_for = self._clock.now(), self._config.message_age, self._config.closed_for
        if channel.closed_at and closed_for is not None and channel.closed_at < now - closed_for:
            await self._remove(channel)
        elif channel.kind != "lobby" and age is not None:
            await self._thin(channel, now - age)

    async def _remove(self, channel: Channel) -> None:
        """Everything of a channel, its own document last: until then it is found again."""
        here = {"channel_id": channel.id}
        while messages := await self._messages.find(here, sort="seq", limit=MESSAGES_AT_ONCE):
            await self._delete(messages)
        while media := await self._database.collection(MEDIA).find({**here, "removed": False}, limit=MESSAGES_AT_ONCE):
            for one in media:
                await self._media.remove(one.id)
        await self._delete_all(MARKERS, here)
        await self._delete_all(HELD, here)
        await self._channels.delete(channel.id)

    async def _thin(self, channel: Channel, before: datetime) -> None:
        """The messages of a channel from before a moment."""
        here = {"channel_id": channel.id}
        oldest = await self._messages.find_one(here, sort="seq")
        if oldest is None or oldest.created_at >= before:
            return
        newest = await self._messages.find_one(here, sort="-seq")
        while newest is not None:
            page = await self._messages.find({**here, "seq": {"$lt": newest.seq}}, sort="seq", limit=MESSAGES_AT_ONCE)
            old = [message for message in page if message.created_at < before]
            await self._delete(old)
            if not old or len(old) < len(page):
                break
        if newest and newest.created_at < before and not newest.deleted_at:
            await self._forget_images([newest])
            await self._messages.replace(emptied(newest, self._clock.now()))

    async def _delete(self, messages: Sequence[Message]) -> None:
        await self._forget_images(messages)
        for start in range(0, len(messages), WRITES_AT_ONCE):
            some = messages[start : start + WRITES_AT_ONCE]
            await asyncio.gather(*(self._messages.delete(message.id) for message in some))

    async def _forget_images(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.media_id:
                await self._media.remove(message.media_id)

    async def _delete_all(self, spec: Spec[Any], matching: Filter) -> None:
        documents = self._database.collection(spec)
        while found := await documents.find(matching, limit=MESSAGES_AT_ONCE):
            for document in found:
                await documents.delete(document.id)
