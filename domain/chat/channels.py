"""Channels: who is in them, and how they change."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.chat.events import channel_updated, chat_stream
from domain.chat.model import CHANNELS, Channel, System
from domain.chat.notes import notes_of, noting
from domain.chat.sequencer import Sequencer
from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Duplicate
from domain.core.errors import Conflict, NotFound, Unavailable
from domain.core.events import REPUBLISH_AFTER_S, Outbox, carry, carrying, to
from domain.core.grouped import GroupedGets
from domain.core.ids import ChannelId, UserId
from domain.core.isolation import Report, isolated
from domain.core.retries import RETRIES, pause

OPEN_LISTED = 200
"""Channels a player hears of without asking, those where something was said last before the others."""
CLOSED_LISTED = 20
ACTIVE_EVERY = seconds(3600)
"""How exact a channel's `active_at` is: a busy one is not written for every message."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What becomes of a channel, and what the system says about it in the channel."""

    channel: Channel
    notes: tuple[System, ...] = ()


Decision = Callable[[Channel], Changed]


class Channels:
    """The channels as their members see them."""

    def __init__(self, database: Database, outbox: Outbox, sequencer: Sequencer, clock: Clock) -> None:
        self._channels = database.collection(CHANNELS)
        self._gets = GroupedGets(self._channels)  # each message asks who is in its channel
        self._outbox, self._sequencer, self._clock = outbox, sequencer, clock

    async def find(self, channel_id: ChannelId) -> Channel | None:
        """The channel, if there is one."""
        return await self._channels.get(channel_id)

    async def of(self, user: UserId, channel_id: ChannelId) -> Channel:
        """The channel, if the user is a member; raises `NotFound`."""
        channel = await self._gets.get(channel_id)
        if channel is None or user not in channel.member_ids:
            raise NotFound
        return channel

    async def existing(self, channel_id: ChannelId) -> Channel:
        """The channel; raises `NotFound`."""
        channel = await self._channels.get(channel_id)
        if channel is None:
            raise NotFound
        return channel

    async def open_of(self, user: UserId) -> list[Channel]:
        """The user's open channels, the busy first."""
        is_open = {"member_ids": user, "closed_at": {"$exists": False}}
        return await self._channels.find(is_open, sort="-active_at", limit=OPEN_LISTED)

    async def listed(self, user: UserId) -> list[Channel]:
        """The user's open channels, and the closed ones where something was said last."""
        is_closed = {"member_ids": user, "closed_at": {"$exists": True}}
        found = await asyncio.gather(
            self.open_of(user), self._channels.find(is_closed, sort="-active_at", limit=CLOSED_LISTED)
        )
        return [channel for page in found for channel in page]

    async def count_owned(self, user: UserId) -> int:
        """How many open groups the user owns."""
        return await self._channels.count({"owner_id": user, "kind": "group", "closed_at": {"$exists": False}})

    async def open(self, channel: Channel) -> Channel:
        """Stores a new channel, and lets its members follow it; one that is there already stays as it is."""
        told = to(chat_stream(channel.channel_id), channel_updated(channel), join=channel.member_ids)
        made = carry(channel, [told], self._clock.now())
        try:
            await self._channels.insert(made)
        except Duplicate:
            there = await self._channels.get(channel.id)
            if there is None:
                raise Conflict from None
            made = there
        await self.tell(made)
        return made

    async def change(self, user: UserId | None, channel_id: ChannelId, decide: Decision) -> Channel:
        """Lets `decide` change a channel the user is in, at the version read; tells its members, and who comes or goes.

        user: None for who need not be in it.
        Raises `NotFound`, and `Conflict` after some tries.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await (self.of(user, channel_id) if user else self.existing(channel_id))
            changed = decide(before)
            if changed.channel == before:
                return before
            changes = _changes(before, changed, self._clock.now())
            after = await self._channels.update(before.id, changes, expect={"version": before.version})
            if after is not None:
                await self.tell(after)
                return after
        raise Conflict

    async def touch(self, channel: Channel) -> None:
        """Notes that something is said, if that was not noted lately; members who did not follow it do from now on."""
        now = self._clock.now()
        if now - channel.active_at < ACTIVE_EVERY:
            return
        told = to(chat_stream(channel.channel_id), channel_updated(channel), join=channel.member_ids)
        after = await self._channels.update(
            channel.id, carrying([told], now, active_at=now), expect={"version": channel.version}
        )
        if after is not None:
            await self.tell(after)

    async def tell(self, channel: Channel) -> None:
        """Publishes the events that wait in a channel, and makes its notes messages. What cannot be done now a sweep
        does."""
        await self._outbox.flush(CHANNELS, channel)
        notes = notes_of(channel)
        with suppress(Unavailable, Conflict):
            for note in notes:
                await self._sequencer.append(note.draft(channel.channel_id))
            if notes or channel.noted_at:
                await self._done(channel)

    async def _done(self, channel: Channel) -> None:
        taken: Changes = {"$pull": {"notes": list(channel.notes)}} if channel.notes else {}
        cleared: Changes = {**taken, "$unset": {"noted_at": True}}
        # A writer that came in between has raised the version: its notes are its own to clear.
        if await self._channels.update(channel.id, cleared, expect={"version": channel.version}) is None and taken:
            await self._channels.update(channel.id, taken)

    async def sweep(self, report: Report, limit: int = 200) -> None:
        """Tells what crashes left untold."""
        await self._outbox.sweep(CHANNELS, report, limit)
        before = self._clock.now() - seconds(REPUBLISH_AFTER_S)
        for channel in await self._channels.find({"noted_at": {"$lt": before}}, limit=limit):
            await isolated(report, f"notes of channel {channel.id}", self.tell(channel))


def _changes(before: Channel, changed: Changed, now: datetime) -> Changes:
    """Only what differs is set: a lobby changes the members of its channel by itself."""
    after = changed.channel
    fields: dict[str, Any] = {
        name: getattr(after, name) for name in Channel.model_fields if getattr(after, name) != getattr(before, name)
    }
    told = to(
        chat_stream(before.channel_id),
        channel_updated(after),
        join=_missing(before.member_ids, after.member_ids),
        leave=_missing(after.member_ids, before.member_ids),
    )
    base, notes = carrying([told], now, **fields), noting(changed.notes, now)
    return {op: {**base.get(op, {}), **notes.get(op, {})} for op in {*base, *notes}}


def _missing(users: Sequence[UserId], others: Sequence[UserId]) -> list[UserId]:
    """Those of the others who are not among the users."""
    return [user for user in others if user not in users]
