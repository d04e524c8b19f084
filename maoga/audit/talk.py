"""What was said stands in one order without gaps, and nobody has read what was not said."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from domain.chat.model import MARKERS, MESSAGES, Channel, Message
from domain.core.collection import Collection, Database
from maoga.audit.inspection import Wrong

COUNTED_AT_ONCE = 100_000
"""Messages of one count, which reads the index alone."""

MARKERS_TOLD = 20


async def wrong_messages(database: Database, channels: Sequence[Channel]) -> Wrong:
    """The messages of a channel have every place from the first to the last one, and a lobby's begin at 1."""
    messages = database.collection(MESSAGES)
    ids = [channel.id for channel in channels]
    last = await messages.find_first_of("channel_id", ids, sort="-seq")
    first = await messages.find_first_of("channel_id", ids, sort="seq")
    spans = {id: (first[id].seq, last[id].seq) for id in ids if id in first and id in last}
    gaps = {} if await _are_whole(messages, spans) else {id: await _gaps(messages, id, *spans[id]) for id in spans}
    return {
        channel.id: [*_beginning(channel, spans[channel.id][0]), *gaps.get(channel.id, ())]
        for channel in channels
        if channel.id in spans
    }


def _beginning(channel: Channel, first: int) -> Iterator[str]:
    """Old messages go from the front of other channels; a lobby's stay as long as it is open."""
    if channel.kind == "lobby" and channel.closed_at is None and first != 1:
        yield f"its first message is number {first}"


async def _are_whole(messages: Collection[Message], spans: Mapping[str, tuple[int, int]]) -> bool:
    """Whether there are as many messages as there are places, by one count; False when they are too many for one."""
    places = sum(last - first + 1 for first, last in spans.values())
    if places > COUNTED_AT_ONCE or not spans:
        return not spans
    within = [{"channel_id": id, "seq": {"$gte": first, "$lte": last}} for id, (first, last) in spans.items()]
    return await messages.count({"$or": within}) == places


async def _gaps(messages: Collection[Message], channel: str, first: int, last: int) -> list[str]:
    gaps = []
    for start in range(first, last + 1, COUNTED_AT_ONCE):
        end = min(start + COUNTED_AT_ONCE - 1, last)
        there = await messages.count({"channel_id": channel, "seq": {"$gte": start, "$lte": end}})
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
