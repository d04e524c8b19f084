"""What members have read, on all their devices, and what is new for them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.chat.channels import Channels
from domain.chat.commands import MarkRead, Mute
from domain.chat.events import ChannelHidden, ChannelMuted, ReadMoved, chat_stream
from domain.chat.model import (
    MARKERS,
    MESSAGES,
    Channel,
    ChannelView,
    Marker,
    Message,
    marker_id,
    message_view,
)
from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate, Filter
from domain.core.errors import Conflict
from domain.core.events import Outbox, Outgoing, carry, carrying, to, user_stream
from domain.core.ids import ChannelId, UserId
from domain.core.retries import RETRIES, pause
from domain.social.blocks import Blocks

UNREAD_MAX = 99
"""Unread messages are counted up to here."""
LOOKED_AT = 1000
"""Messages that are looked at to count what is unread in all the channels of one answer; each has the same share."""
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)
"""When a mute without an end would end."""


class Reads:
    """The use cases of reading: markers, mutes, and the list of channels."""

    def __init__(self, *, database: Database, channels: Channels, blocks: Blocks, outbox: Outbox, clock: Clock) -> None:
        self._markers = database.collection(MARKERS)
        self._messages = database.collection(MESSAGES)
        self._channels, self._blocks, self._outbox, self._clock = channels, blocks, outbox, clock

    async def mark_read(self, user: UserId, command: MarkRead) -> ReadMoved:
        """The user has read up to `seq`, or to the last message if that comes before it. Markers never go back."""
        channel = await self._channels.of(user, command.channel_id)
        seq = min(command.seq, await self._last_seq(channel))
        told = ReadMoved(channel_id=channel.channel_id, user_id=user, seq=seq)
        outgoing = to(chat_stream(channel.channel_id), told)
        marker = await self._change(channel, user, outgoing, {"seq": seq}, {"seq": {"$lt": seq}})
        return told.model_copy(update={"seq": marker.seq})

    async def mute(self, user: UserId, command: Mute) -> ChannelMuted:
        """The user wants no notifications from the channel for some time, for good, or wants them again."""
        channel = await self._channels.of(user, command.channel_id)
        until = FOR_GOOD if command.until_ms is None else datetime.fromtimestamp(command.until_ms / 1000, UTC)
        muted_until = until if until > self._clock.now() else None
        told = ChannelMuted(channel_id=channel.channel_id, muted_until=muted_until)
        await self._change(channel, user, to(user_stream("chat", user), told), {"muted_until": muted_until})
        return told

    async def hide(self, user: UserId, channel: Channel) -> None:
        """The user does not want to see a channel of theirs until something is said in it."""
        seq = await self._last_seq(channel)
        told = to(user_stream("chat", user), ChannelHidden(channel_id=channel.channel_id, seq=seq))
        await self._change(channel, user, told, {"hidden_seq": seq})

    async def channels(self, user: UserId) -> list[ChannelView]:
        """The channels the user is a member of, the busy first, the closed last."""
        return await self.views(user, await self._channels.listed(user))

    async def view(self, user: UserId, channel: Channel) -> ChannelView:
        """A channel as the user sees it."""
        (view,) = await self.views(user, [channel])
        return view

    async def views(self, user: UserId, channels: Sequence[Channel]) -> list[ChannelView]:
        """Channels as the user sees them, in any number of channels by four questions to the database."""
        ids = [channel.id for channel in channels]
        newest, stored, blocked = await asyncio.gather(
            self._messages.find_first_of("channel_id", ids, sort="-seq"),
            self._markers.get_many([marker_id(id, user) for id in ids]),
            self._blocks.blocked_by([user]),
        )
        markers = {marker.channel_id: marker for marker in stored.values()}
        unread = await self._unread(newest, markers, {user, *blocked[user]})
        return [
            _view(channel, newest.get(channel.id), markers.get(channel.channel_id), unread.get(channel.id, 0))
            for channel in channels
        ]

    async def _last_seq(self, channel: Channel) -> int:
        newest = await self._messages.find_one({"channel_id": channel.id}, sort="-seq")
        return newest.seq if newest else 0

    async def _unread(
        self, newest: Mapping[str, Message], markers: Mapping[ChannelId, Marker], silent: set[UserId]
    ) -> dict[str, int]:
        """How many messages of others stand behind each marker. silent: whose do not count.

        Of many channels only the newest messages are looked at; those before them count whatever they are.
        """
        behind: dict[str, int] = {}
        for last in newest.values():
            marker = markers.get(last.channel_id)
            if (count := last.seq - (marker.seq if marker else 0)) > 0:
                behind[last.channel_id] = min(count, UNREAD_MAX)
        if not behind:
            return {}
        looked_at = LOOKED_AT // len(behind)
        recent: list[Filter] = [
            {"channel_id": id, "seq": {"$gt": newest[id].seq - min(count, looked_at)}} for id, count in behind.items()
        ]
        counts = {id: max(0, count - looked_at) for id, count in behind.items()}
        for message in await self._messages.find({"$or": recent}, limit=2 * LOOKED_AT):
            if message.sender_id is not None and message.sender_id not in silent and not message.deleted_at:
                counts[message.channel_id] = min(UNREAD_MAX, counts[message.channel_id] + 1)
        return counts

    async def _change(
        self, channel: Channel, user: UserId, told: Outgoing, fields: dict[str, Any], expect: Filter | None = None
    ) -> Marker:
        """Sets fields of the user's marker, making it if need be, unless it does not match `expect`; the marker."""
        id, now = marker_id(channel.id, user), self._clock.now()
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            changed = await self._markers.update(id, carrying([told], now, **fields), expect=expect)
            if changed is None:
                there = await self._markers.get(id)
                if there is not None and expect is not None:
                    if there.seq >= fields["seq"]:
                        return there
                    continue  # it was made in between
                changed = carry(Marker(id=id, user_id=user, channel_id=channel.channel_id, **fields), [told], now)
                try:
                    await self._markers.insert(changed)
                except Duplicate:
                    continue
            await self._outbox.flush(MARKERS, changed)
            return changed
        raise Conflict


def _view(channel: Channel, newest: Message | None, marker: Marker | None, unread: int) -> ChannelView:
    return ChannelView(
        id=channel.channel_id,
        kind=channel.kind,
        name=channel.name,
        member_ids=list(channel.member_ids),
        owner_id=channel.owner_id,
        admin_ids=list(channel.admin_ids),
        lobby_id=channel.lobby_id,
        slow_mode_ms=channel.slow_mode_ms or 0,
        silenced=channel.silenced or {},
        last_message=message_view(newest) if newest else None,
        last_seq=newest.seq if newest else 0,
        read_seq=marker.seq if marker else 0,
        unread=unread,
        muted_until=marker.muted_until if marker else None,
        hidden_seq=marker.hidden_seq if marker else None,
        created_at=channel.created_at,
        closed_at=channel.closed_at,
    )
