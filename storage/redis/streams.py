"""Streams over Redis: a head (epoch, seq, at) per stream, and one channel that carries every packet."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from redis import exceptions
from redis.asyncio.client import PubSub

from domain.core.streams import Delivery, Gap, Position, StreamLog
from storage.redis.client import OUTAGES, Client, jitter, load_script

HEAD_TTL_S = 86_400
CHUNK = 500
QUIET_S = 5.0
"""After this long without a packet the subscription is asked whether it still lives."""


class Streams(StreamLog):
    """Numbers and carries packets; `listen` has one consumer.

    A message is `<stream> <epoch> <seq> <at>`, a newline, and the packet; `<stream>` alone for a transient packet,
    nothing for one of control. So stream names have no spaces. An append whose answer was lost runs again: the packet
    then goes out twice, under two numbers. Pub/sub ignores database numbers, hence the one in the channel's name.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._channel = f"maoga:{redis.connection_pool.connection_kwargs.get('db', 0)}:streams"
        self._append = load_script(redis, "stream_append")
        self._heads = load_script(redis, "stream_heads")
        self._subscribed = asyncio.Event()

    async def append(self, stream: str, packet: bytes, *, durable: bool) -> Position | None:
        if not durable:
            await self._publish(stream, packet)
            return None
        args = (uuid4().hex, HEAD_TTL_S, self._channel, stream, packet)
        return _position(await self._append(keys=[_key(stream)], args=args))

    async def control(self, packet: bytes) -> None:
        await self._publish("", packet)

    async def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        found: dict[str, Position] = {}
        for start in range(0, len(streams), CHUNK):
            chunk = streams[start : start + CHUNK]
            heads = await self._heads(keys=[*map(_key, chunk)], args=(uuid4().hex, HEAD_TTL_S))
            found.update(zip(chunk, map(_position, heads), strict=True))
        return found

    async def listen(self) -> AsyncIterator[Delivery | Gap]:
        failures, resumed = 0, False
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._subscribe(pubsub)
                    failures = 0
                    if resumed:
                        yield Gap()
                    resumed = True
                    while True:
                        yield _delivery(await self._next(pubsub))
            except (*OUTAGES, TimeoutError):
                failures += 1
            finally:
                self._subscribed.clear()
            await asyncio.sleep(jitter(failures))

    async def ready(self) -> None:
        await self._subscribed.wait()

    async def _subscribe(self, pubsub: PubSub) -> None:
        async with asyncio.timeout(self._redis.timeout_s):
            await pubsub.subscribe(self._channel)
            await pubsub.get_message(timeout=None)
        self._subscribed.set()

    async def _next(self, pubsub: PubSub) -> bytes:
        """The next message; raises one of `OUTAGES` or `TimeoutError` when the subscription is lost or dead."""
        while True:
            message = await pubsub.get_message(timeout=QUIET_S)
            if message is None:
                async with asyncio.timeout(self._redis.timeout_s):
                    await pubsub.ping()
                    message = await pubsub.get_message(timeout=None)
            if message["type"] == "subscribe":  # redis-py replaced the connection without a word
                raise exceptions.ConnectionError("the subscription was lost")
            if message["type"] == "message":
                return bytes(message["data"])

    async def _publish(self, stream: str, packet: bytes) -> None:
        await self._redis.publish(self._channel, b"%b\n%b" % (stream.encode(), packet))


def _key(stream: str) -> str:
    return f"maoga:stream:{{{stream}}}"


def _position(head: list[Any]) -> Position:
    epoch, seq, at = head
    return Position(epoch.decode(), int(seq), int(at))


def _delivery(message: bytes) -> Delivery:
    header, _, packet = message.partition(b"\n")
    stream, *head = header.split(b" ")
    return Delivery(stream.decode() or None, _position(head) if head else None, packet)
