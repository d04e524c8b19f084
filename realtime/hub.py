"""The streams that clients of this process follow: each packet once, in order, whatever happens to the subscription."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import NoReturn, Protocol, TypeVar

from loguru import logger

from domain.core.clock import Clock
from domain.core.errors import Unavailable
from domain.core.streams import Delivery, Entry, Position, Receiver, StreamLog
from realtime.events import to_ms

S = TypeVar("S")
T = TypeVar("T")

PAGE = 100
HELD = 1_000
LINGER_S = 30.0
RETRY_S = (0.1, 0.5)
NOWHERE = Position("", 0, 0)


class Audience(Protocol):
    """The clients of this process. Called from the event loop; must not block."""

    def durable(self, stream: str, entry: Entry) -> None:
        """The next durable packet of a followed stream."""
        ...

    def other(self, stream: str | None, packet: bytes) -> None:
        """A transient packet or a notice of a stream; or one of control, which has none."""
        ...

    def lost(self, stream: str) -> None:
        """Packets of the stream are gone for good; it goes on behind its present position."""
        ...

    def missed(self) -> None:
        """The subscription was interrupted. Durable packets are made up for, all others are not."""
        ...

    def occupied(self, stream: str) -> bool:
        """Whether anybody follows the stream."""
        ...


class Cursor:
    """A place in a stream, and a hold for what comes in while the packets before it are read from the log."""

    __slots__ = ("held", "position")

    def __init__(self, position: Position) -> None:
        self.position = position
        self.held: deque[Entry] | None = None

    def hold(self, entry: Entry) -> None:
        """Keeps what came in. When it is too much the oldest goes: the log has it."""
        if self.held is None:
            self.held = deque(maxlen=HELD)
        self.held.append(entry)

    def forget_held(self) -> None:
        """To be called before the log is read: it has all of that."""
        self.held = None

    def expects(self, position: Position) -> bool:
        """Whether `position` comes right behind this one."""
        return position.epoch == self.position.epoch and position.seq == self.position.seq + 1

    def is_past(self, position: Position) -> bool:
        """Whether `position` was reached already."""
        return position.epoch == self.position.epoch and position.seq <= self.position.seq


class Feed(Cursor):
    """A followed stream.

    position: of what was delivered last. since: the seq behind which this process has delivered everything. generation:
    of the subscription for which that is known. task: reads what is missing; meanwhile nothing is delivered but that.
    replays: cursors of single clients, which hold what is delivered here.
    """

    __slots__ = ("generation", "replays", "since", "stream", "task")

    def __init__(self, stream: str) -> None:
        super().__init__(NOWHERE)
        self.stream = stream
        self.since = 0
        self.generation = -1
        self.task: asyncio.Task[None] | None = None
        self.replays: tuple[Cursor, ...] = ()


class Hub(Receiver):
    """Follows streams for the clients of this process, and stops some time after the last of them.

    What the log delivers right behind a feed's position goes on to the audience at once. A gap, or a doubt after an
    interruption, stops the feed until what is missing has been read from the log.
    """

    def __init__(self, log: StreamLog, clock: Clock, *, linger_s: float = LINGER_S) -> None:
        """linger_s: how long a stream is followed after its last client; coming back within it costs nothing."""
        self._log, self._clock, self._linger_s = log, clock, linger_s
        self._feeds: dict[str, Feed] = {}
        self._idle: dict[str, float] = {}
        self._generation = 0
        self._resumed = asyncio.Event()
        self._audience: Audience

    async def run(self, audience: Audience) -> None:
        """Delivers for ever."""
        self._audience = audience
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._log.run(self))
                tasks.create_task(self._make_up())
                tasks.create_task(self._unfollow_idle())
        finally:
            for feed in self._feeds.values():
                if feed.task:
                    feed.task.cancel()

    # For those who follow.

    async def follow(self, streams: Iterable[str]) -> None:
        """Returns when the streams are followed, from their heads if they were not, and nothing of them is missing."""
        feeds = [self._feed(stream) for stream in streams]  # all at once, then wait for each
        for feed in feeds:
            while task := self._feed(feed.stream).task:
                await asyncio.wait([task])

    def follow_from(self, stream: str, entry: Entry) -> None:
        """Follows a stream that is not followed from one of its events on, which is delivered at once."""
        feed = self._feed(stream)
        feed.since = entry.position.seq - 1
        self._pass(feed, entry)

    def follows(self, stream: str) -> bool:
        """Whether the stream is followed, or about to be."""
        return stream in self._feeds

    def delivers(self, stream: str, position: Position) -> bool:
        """Whether that event was delivered here, or will be."""
        feed = self._feeds.get(stream)
        return feed is not None and feed.position.epoch == position.epoch and feed.since < position.seq

    def may_have_forgotten(self, position: Position) -> bool:
        """Whether that event may have been delivered here, and its stream been left and forgotten since."""
        return position.at < to_ms(self._clock.now()) - self._linger_s * 1000 / 2  # half: clocks differ

    def position(self, stream: str) -> Position:
        """How far a stream was delivered, once `follow` has returned."""
        return self._feeds[stream].position

    async def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        """How far each stream was delivered; for one that is not followed here, its head."""
        here = [(stream, feed.position) for stream in streams if (feed := self._feeds.get(stream))]
        known = {stream: position for stream, position in here if position is not NOWHERE}
        elsewhere = [stream for stream in streams if stream not in known]
        return known | await self._log.positions(elsewhere) if elsewhere else known

    async def read_on(self, stream: str) -> None:
        """Returns when what the log had of a followed stream at the time of the call has been delivered."""
        feed = self._feeds[stream]
        if feed.task is None:
            self._repair(feed)
        await self.follow([stream])

    def offer(self, stream: str, entry: Entry) -> None:
        """A packet of a followed stream as it stands in the log, which the subscription may not have brought yet."""
        feed = self._feeds[stream]
        if not feed.is_past(entry.position):
            self._receive(feed, entry)

    def watch(self, stream: str, replay: Cursor) -> None:
        """`replay` holds what is delivered of a followed stream from now on."""
        feed = self._feeds[stream]
        feed.replays += (replay,)

    def unwatch(self, stream: str, replay: Cursor) -> None:
        """It no longer does."""
        if feed := self._feeds.get(stream):
            feed.replays = tuple(other for other in feed.replays if other is not replay)

    def left(self, stream: str) -> None:
        """A client has stopped following the stream; it may have been the last."""
        self._idle[stream] = asyncio.get_running_loop().time()

    # For the log.

    def deliver(self, delivery: Delivery) -> None:
        stream, position = delivery.stream, delivery.position
        if stream is None or position is None:
            self._hand_over(self._audience.other, stream, delivery.packet)
        elif feed := self._feeds.get(stream):
            self._receive(feed, Entry(position, delivery.packet))

    def interrupted(self) -> None:
        logger.warning("the subscription was interrupted")
        self._generation += 1

    def resumed(self) -> None:
        self._generation += 1
        self._resumed.set()

    # Within.

    def _feed(self, stream: str) -> Feed:
        self._idle[stream] = asyncio.get_running_loop().time()  # until somebody comes
        return self._feeds.get(stream) or self._open(stream)

    def _open(self, stream: str) -> Feed:
        feed = self._feeds[stream] = Feed(stream)
        feed.task = asyncio.create_task(self._start(feed), name=f"follow {stream}")
        return feed

    def _receive(self, feed: Feed, entry: Entry) -> None:
        if feed.task is None and feed.generation == self._generation:
            if feed.expects(entry.position):
                self._pass(feed, entry)
                return
            if feed.is_past(entry.position):
                return
        feed.hold(entry)
        if feed.task is None:
            self._repair(feed)

    def _repair(self, feed: Feed) -> None:
        feed.task = asyncio.create_task(self._settle(feed), name=f"repair {feed.stream}")

    async def _start(self, feed: Feed) -> None:
        await _insist(partial(self._log.follow, [feed.stream]))
        await self._settle(feed)

    async def _settle(self, feed: Feed) -> None:
        """Reads on until nothing is missing."""
        while not await _insist(partial(self._read_page, feed)):
            pass
        feed.task = None

    async def _read_page(self, feed: Feed) -> bool:
        """Delivers the next page; whether the feed is live now, with nothing missing."""
        feed.forget_held()
        generation = self._generation
        page = None if feed.position is NOWHERE else await self._log.read(feed.stream, feed.position, PAGE)
        if page is None:
            await self._begin_at_head(feed)
        else:
            for entry in page:
                self._pass(feed, entry)
            if len(page) == PAGE:
                return False
        feed.generation = generation
        return generation == self._generation and self._release(feed)

    async def _begin_at_head(self, feed: Feed) -> None:
        head = (await self._log.positions([feed.stream]))[feed.stream]
        lost = feed.position is not NOWHERE
        feed.position, feed.since = head, head.seq
        if lost:
            logger.warning("events of {} are lost", feed.stream)
            self._audience.lost(feed.stream)

    def _release(self, feed: Feed) -> bool:
        """Delivers what came in meanwhile; False when it does not join on."""
        held, feed.held = feed.held or (), None
        for entry in held:
            if feed.expects(entry.position):
                self._pass(feed, entry)
            elif not feed.is_past(entry.position):
                return False
        return True

    def _pass(self, feed: Feed, entry: Entry) -> None:
        feed.position = entry.position
        for replay in feed.replays:
            replay.hold(entry)
        self._hand_over(self._audience.durable, feed.stream, entry)

    @staticmethod
    def _hand_over(take: Callable[[S, T], None], stream: S, packet: T) -> None:
        try:
            take(stream, packet)
        except Exception:  # one packet nobody understands must not take every process down
            logger.exception("a packet of {} could not be delivered", stream)

    async def _make_up(self) -> NoReturn:
        while True:
            await self._resumed.wait()
            self._resumed.clear()
            self._audience.missed()
            await _insist(self._compare_heads)

    async def _compare_heads(self) -> None:
        """A lost *last* event shows no gap. Feeds that are being read compare by themselves."""
        generation = self._generation
        doubtful = [feed for feed in self._feeds.values() if feed.task is None and feed.generation != generation]
        heads = await self._log.positions([feed.stream for feed in doubtful])
        for feed in doubtful:
            if feed.task is None and feed.position == heads[feed.stream]:
                feed.generation = generation
            elif feed.task is None and self._feeds.get(feed.stream) is feed:
                self._repair(feed)

    async def _unfollow_idle(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._linger_s / 10)
            due = [stream for stream, since in self._idle.items() if since < loop.time() - self._linger_s]
            for stream in due:
                del self._idle[stream]
            if gone := [stream for stream in due if self._drop(stream)]:
                self._log.unfollow(gone)

    def _drop(self, stream: str) -> bool:
        """Forgets a stream, unless somebody follows it."""
        feed = self._feeds.get(stream)
        if feed is None or feed.replays or self._audience.occupied(stream):
            return False
        del self._feeds[stream]
        if feed.task:
            feed.task.cancel()
        return True


async def _insist(step: Callable[[], Awaitable[T]]) -> T:
    """Tries until the carrier of the streams is there."""
    while True:
        try:
            return await step()
        except Unavailable:
            pass
        except Exception:
            logger.exception("streams cannot be read")
        await asyncio.sleep(random.uniform(*RETRY_S))
