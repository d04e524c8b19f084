"""What was told on a stream, as its log has it."""

from typing import Any

import orjson

from domain.core.streams import Position
from maoga.bootstrap import Core
from realtime import packet


async def told(core: Core, stream: str) -> list[tuple[str, dict[str, Any]]]:
    """The durable events of a stream from its start, as (name, data)."""
    head = (await core.streams.positions([stream]))[stream]
    entries = await core.streams.read(stream, Position(head.epoch, 0, 0), 1000)
    assert entries is not None
    return [tuple(orjson.loads(b"[%b]" % packet.opened(entry.packet)[1])) for entry in entries]
