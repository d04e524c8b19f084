"""What was said stands in one order without gaps, and nobody has read what was not said."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence

from domain.chat.model import MARKERS, MESSAGES, Channel, Message
from domain.core.collection import Collection, Database
from maoga.audit.inspection import Wrong

CHANNELS_AT_ONCE = 10
COUNTED_AT_ONCE = 100_000
"""Messages of one count, which reads the index alone."""

MARKERS_TOLD = 20


async def wrong_messages(database: Database, channels: Sequence[Channel]) -> Wrong:
    """The messages of a channel have every place from the first to the last one, and a lobby's begin at 1."""
    messages = database.collection(MESSAGES)
    ids = [channel.id for channel in channels]
    last = await messages.find_first_of("channel_id", ids, sort="-seq")
    first = await messages.find_first_of("channel_id", ids, sort="seq")
    talked = [channel for channel in channels if channel.id in first and channel.id in last]
    wrong: dict[str, list[str]] = {}
    for start in range(0, len(talked), CHANNELS_AT_ONCE):
        some = talked[start : start + CHANNELS_AT_ONCE]
        gaps = await asyncio.gather(*(_gaps(messages, first[one.id], last[one.id]) for one in some))
        wrong |= {one.id: [*_beginning(one, first[one.id]), *found] for one, found in zip(some, gaps, strict=True)}
    return wrong


def _beginning(channel: Channel, first: Message) -> Iterator[str]:
    """Old messages go from the front of other channels; a lobby's stay as long as it is open."""
    if channel.kind == "lobby" and channel.closed_at is None and first.seq != 1:
        yield f"its first message is number {first.seq}"


async def _gaps(messages: Collection[Message], first: Message, last: Message) -> list[str]:
    gaps = []
    for start in range(first.seq, last.seq + 1, COUNTED_AT_ONCE):
        end = min(start + COUNTED_AT_ONCE - 1, last.seq)
        there = await messages.count({"channel_id": first.channel_id, "seq": {"$gte": start, "$lte": end}})
        if there != end - start + 1:
            gaps.append(f"has {there} messages from number {start} to {end}")
    return gaps


async def wrong_markers(database: Database, channels: Sequence[Channel]) -> Wrong:
    """No read marker stands behind the last message of its channel."""
    if not channels:
        return {}
    ids = [channel.id for channel in channels]
    last = await database.collection(MESSAGES).find_first_of("channel_id", ids, sort="-seq")
    ends = {id: last[id].seq if id in last else 0 for id in ids}
    beyond = {"$or": [{"channel_id": id, "seq": {"$gt": end}} for id, end in ends.items()]}
    wrong: defaultdict[str, list[str]] = defaultdict(list)
    for marker in await database.collection(MARKERS).find(beyond, limit=MARKERS_TOLD):
        said = f"{marker.user_id} has read up to {marker.seq}, and the last message is {ends[marker.channel_id]}"
        wrong[marker.channel_id].append(said)
    return wrong
