"""Streams over Redis: for each a head, a capped log, and a channel that only those subscribe to who follow it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha1
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn, Self, TypeVar

from loguru import logger
from redis import exceptions

from domain.core.errors import Unavailable
from domain.core.streams import Delivery, Entry, Position, Receiver, StreamLog
from storage.redis.client import CANNOT_NOW, OUTAGES, REFUSALS, SCRIPTS, Client, jitter, measured
from storage.redis.link import Link, Links

T = TypeVar("T")

HEAD_TTL_MS = 86_400_000
CHUNK = 500
CONFIRMATIONS = (b"subscribe", b"ssubscribe")


@dataclass(slots=True, eq=False)
class _Channel:
    """A channel to subscribe to, and for which streams. asked: the link that was told so, confirmed: and said yes."""

    streams: set[str] = field(default_factory=set)
    asked: Link | None = None
    confirmed: Link | None = None

    @property
    def is_live(self) -> bool:
        """Whether the subscription stands."""
        return self.confirmed is not None and not self.confirmed.is_breaking


class RedisStreams(StreamLog):
    """A context manager: leaving it lets go of the connections for commands, ending `run` of those for subscriptions.

    A message is a header line and the packet. The header is `<stream> <epoch> <seq> <at>`; `<stream>` alone for a
    notice, `<stream> <sender>` for a transient packet, empty for one of control. So stream names have no spaces.

    size: entries that a log keeps (for a while a sixteenth more); age_s: seconds after which they may go.
    """

    def __init__(self, redis: Client, *, size: int, age_s: float) -> None:
        self._redis = redis
        self._limits = (HEAD_TTL_MS, size, int(age_s * 1000))
        self._sender = token_hex(4)
        self._append, self._head, self._read = map(_Script, ("stream_append", "stream_head", "stream_read"))
        sharded = "S" if redis.clustered else ""
        self._publish, self._subscribe, self._unsubscribe = (
            f"{sharded}{verb}" for verb in ("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE")
        )
        # Pub/sub ignores database numbers, hence this one in the channels' names.
        self._prefix = f"maoga:{redis.connection_pool.connection_kwargs.get('db', 0)}"
        self._control = f"{self._prefix}:control"
        self._commands = Links(redis, prepare=self._load_scripts)
        self._subscriptions = Links(redis, on_message=self._hear)
        self._channels: dict[str, _Channel] = {self._control: _Channel()}
        self._followed: set[str] = set()
        self._receiver: Receiver | None = None
        self._begun, self._live = asyncio.Event(), asyncio.Event()  # subscribed for the first time; and at present

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._commands.close()

    async def append(self, stream: str, packet: bytes, *, id: str, again: bool = False) -> Position:
        head, log, channel = self._names(stream)

        def call(failures: int) -> tuple[Any, ...]:
            repeats = int(again or failures > 0)
            args = (self._publish, channel, stream, packet, id, repeats, token_hex(8), *self._limits)
            return self._append.call((head, log), args)

        return _position(await self._command(head, call))

    async def notify(self, stream: str, packet: bytes) -> None:
        channel = self._names(stream)[2]
        await self._command(channel, lambda _: (self._publish, channel, b"%b\n%b" % (stream.encode(), packet)))

    def cast(self, stream: str, packet: bytes) -> None:
        channel = self._names(stream)[2]
        with suppress(*OUTAGES):
            if link := self._commands.at_hand(channel):
                header = f"{stream} {self._sender}\n".encode()
                link.cast(self._publish, channel, header + packet)

    async def control(self, packet: bytes) -> None:
        await self._command(self._control, lambda _: (self._publish, self._control, b"\n" + packet))

    async def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        found: dict[str, Position] = {}
        for start in range(0, len(streams), CHUNK):
            chunk = streams[start : start + CHUNK]
            found.update(zip(chunk, await asyncio.gather(*map(self._position, chunk)), strict=True))
        return found

    async def read(self, stream: str, after: Position, limit: int) -> Sequence[Entry] | None:
        head, log, _ = self._names(stream)
        command = self._read.call((head, log), (after.epoch, after.seq, after.at, limit))
        found = await self._command(head, lambda _: command)
        return None if found is None else [*_entries(after.epoch, found)]

    async def follow(self, streams: Iterable[str]) -> None:
        """As the port says. After `Unavailable` too they are followed as soon as Redis is back, until unfollowed."""
        names = set()
        for stream in streams:
            name = self._names(stream)[2]
            self._channels.setdefault(name, _Channel()).streams.add(stream)
            self._followed.add(stream)
            names.add(name)

        async def attempt(_: int) -> None:
            await self._begun.wait()
            await self._subscribe_to(names)

        await self._through_outages(attempt)

    def unfollow(self, streams: Iterable[str]) -> None:
        for stream in self._followed.intersection(streams):
            self._followed.remove(stream)
            name = self._names(stream)[2]
            channel = self._channels[name]
            channel.streams.remove(stream)
            if not channel.streams:
                del self._channels[name]
                if channel.asked:
                    with suppress(exceptions.ConnectionError):
                        channel.asked.call(self._unsubscribe, name)

    async def run(self, receiver: Receiver) -> NoReturn:
        self._receiver = receiver
        failures = 0
        try:
            while True:
                self._subscriptions.any_lost.clear()
                try:
                    await self._subscribe_to([*self._channels])
                except OUTAGES as error:
                    logger.debug("cannot subscribe: {}", error)
                    failures += 1
                    await asyncio.sleep(jitter(failures))
                    with suppress(*OUTAGES):
                        await self._redis.relearn()
                    continue
                failures = 0
                self._live.set()
                if self._begun.is_set():
                    receiver.resumed()
                self._begun.set()
                await self._subscriptions.any_lost.wait()
                self._live.clear()
                logger.warning("a subscription to Redis was lost")
                receiver.interrupted()
        finally:
            self._begun.clear()
            self._live.clear()
            self._receiver = None
            await self._subscriptions.close()

    async def ready(self) -> None:
        await self._live.wait()

    async def _subscribe_to(self, names: Iterable[str]) -> None:
        """Returns when the subscriptions to those of these channels that are still wanted are confirmed."""
        sent = []
        for name in names:
            link = await self._subscriptions.to(name)
            channel = self._channels.get(name)
            if channel and not channel.is_live:
                channel.asked = link
                sent.append((channel, link, link.call(self._subscribe, name)))
        for channel, link, answer in sent:
            if (await answer)[0] not in CONFIRMATIONS:  # a channel was taken from us: its slot has moved
                link.abort()
                raise exceptions.ConnectionError("the subscription was lost")
            channel.confirmed = link

    def _hear(self, message: bytes) -> None:
        """Hands a message to the receiver. One that nobody understands must not cost the subscription."""
        try:
            header, _, packet = message.partition(b"\n")
            stream, *more = header.decode().split(" ")
            if stream == "":
                self._deliver(Delivery(None, None, packet))
            elif stream in self._followed and more != [self._sender]:
                self._deliver(Delivery(stream, _position(more) if len(more) == 3 else None, packet))
        except Exception:
            logger.exception("a message could not be delivered")

    def _deliver(self, delivery: Delivery) -> None:
        if self._receiver:
            self._receiver.deliver(delivery)

    async def _position(self, stream: str) -> Position:
        head, log, _ = self._names(stream)
        command = self._head.call((head, log), (token_hex(8), HEAD_TTL_MS))
        return _position(await self._command(head, lambda _: command))

    async def _command(self, key: str, command: Callable[[int], tuple[Any, ...]]) -> Any:
        """The answer to the command that is made for so many failures before it, from the node that serves `key`."""

        async def attempt(failures: int) -> Any:
            link, words = await self._commands.to(key), command(failures)
            async with measured(self._redis.metrics, *words[:2]):
                return await link.call(*words)

        return await self._through_outages(attempt)

    async def _through_outages(self, attempt: Callable[[int], Awaitable[T]]) -> T:
        """Tries until the deadline, telling `attempt` how often it has failed; raises `Unavailable`."""
        outage: Exception | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._redis.timeout_s):
                for failures in count():
                    try:
                        return await attempt(failures)
                    except REFUSALS:
                        raise
                    except (*OUTAGES, exceptions.NoScriptError) as error:
                        outage = error
                    except exceptions.ResponseError as error:
                        if not str(error).startswith(CANNOT_NOW):
                            raise
                        outage = error
                    await asyncio.sleep(jitter(failures))
                    with suppress(*OUTAGES):  # for the next attempt: the node may have moved, died or frozen
                        await self._redis.relearn()
        raise Unavailable("The server's Redis does not answer in time.") from outage

    async def _load_scripts(self, link: Link) -> None:
        for script in (self._append, self._head, self._read):
            await link.call("SCRIPT", "LOAD", script.text)

    def _names(self, stream: str) -> tuple[str, str, str]:
        """The keys of a stream's head and log, and its channel. One user's streams share tag and channel."""
        namespace, _, rest = stream.partition(":")
        tag = f"{{{rest if rest.startswith('user:') else stream}}}"
        head = f"maoga:stream:{tag}:{namespace}"
        return head, f"{head}:log", f"{self._prefix}:{tag}"


class _Script:
    """A Lua script, which is called by its hash."""

    def __init__(self, name: str) -> None:
        self.text = (Path(__file__).parent / "lua" / f"{name}.lua").read_text()
        self._hash = sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        SCRIPTS[self._hash] = name

    def call(self, keys: tuple[str, ...], args: Iterable[Any]) -> tuple[Any, ...]:
        """The command that runs it."""
        return ("EVALSHA", self._hash, len(keys), *keys, *args)


def _position(words: Sequence[Any]) -> Position:
    epoch, seq, at = words
    return Position(epoch if isinstance(epoch, str) else epoch.decode(), int(seq), int(at))


def _entries(epoch: str, found: Sequence[bytes]) -> Iterable[Entry]:
    for place, packet in zip(found[::2], found[1::2], strict=True):
        seq, _, at = place.partition(b"-")
        yield Entry(Position(epoch, int(seq), int(at)), packet)
