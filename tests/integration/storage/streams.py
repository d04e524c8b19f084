"""What the tests of both stream logs share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.core.streams import Delivery, Position, StreamLog
from tests.support.wait import eventually

LOBBY, CHAT, USER = "lobby:1", "chat:1", "chat:user:ann"


class Heard:
    """A receiver that writes down what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[Delivery | str] = []

    def deliver(self, delivery: Delivery) -> None:
        self.told.append(delivery)

    def interrupted(self) -> None:
        self.told.append("interrupted")

    def resumed(self) -> None:
        self.told.append("resumed")

    @property
    def packets(self) -> list[bytes]:
        """The packets alone."""
        return [one.packet for one in self.told if isinstance(one, Delivery)]

    async def until(self, packet: bytes) -> list[Delivery | str]:
        """What was told up to and with `packet`."""
        await eventually(lambda: packet in self.packets)
        return self.told


@asynccontextmanager
async def running(log: StreamLog, *streams: str) -> AsyncIterator[Heard]:
    """What a receiver hears, from live subscriptions to `streams` on."""
    heard = Heard()
    task = asyncio.create_task(log.run(heard))
    try:
        async with asyncio.timeout(10):
            await log.ready()
            await log.follow(streams)
        yield heard
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


async def fill(log: StreamLog, stream: str, count: int) -> list[Position]:
    """The positions of `count` packets `b"1"`, `b"2"`, ... appended to a fresh stream, after that of its start."""
    start = (await log.positions([stream]))[stream]
    return [start, *[await log.append(stream, b"%d" % n, id=str(n)) for n in range(1, count + 1)]]


async def replay(log: StreamLog, stream: str, after: Position, limit: int = 1000) -> list[bytes] | None:
    """The packets that `read` finds."""
    entries = await log.read(stream, after, limit)
    return None if entries is None else [entry.packet for entry in entries]
