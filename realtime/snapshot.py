"""Acks that carry a snapshot also carry where its streams stood before it was loaded."""

from collections.abc import Awaitable, Iterable

from realtime.dispatch import D_co, Reply
from realtime.events import StreamPosition
from realtime.hub import Hub


async def snapshot(hub: Hub, streams: Iterable[str], load: Awaitable[D_co]) -> Reply[D_co]:
    """What `load` answers, with `meta.streams`. The positions are read first: no event falls between the two."""
    positions = await hub.positions(list(streams))
    places = {stream: StreamPosition.of(position).wire() for stream, position in positions.items()}
    return Reply(await load, {"streams": places})
