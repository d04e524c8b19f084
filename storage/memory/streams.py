"""Streams inside this process, for `memory://`: there are no other instances to reach."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from secrets import token_hex
from typing import NoReturn

from domain.core.clock import Clock
from domain.core.streams import Delivery, Entry, Position, Receiver, StreamLog

HEAD_TTL_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Logged:
    """An entry, the id of its event, and the moment of the position before it."""

    id: str
    before: int
    entry: Entry


class MemoryStreams(StreamLog):
    """Heads and logs in dicts, kept in the order of their last use, so that the stale ones are found at the front.

    size: most entries in a stream's log; age_s: seconds after which an entry may go.
    """

    def __init__(self, clock: Clock, *, size: int, age_s: float) -> None:
        self._clock, self._size, self._age_ms = clock, size, int(age_s * 1000)
        self._heads: OrderedDict[str, Position] = OrderedDict()
        self._logs: OrderedDict[str, deque[_Logged]] = OrderedDict()
        self._followed: set[str] = set()
        self._receiver: Receiver | None = None
        self._running = asyncio.Event()

    async def append(self, stream: str, packet: bytes, *, id: str, again: bool = False) -> Position:
        entry = self._logged(stream, id) if again else None
        if entry is None:
            entry = self._log(stream, packet, id)
        self._carry(Delivery(stream, entry.position, entry.packet))
        return entry.position

    async def notify(self, stream: str, packet: bytes) -> None:
        self._carry(Delivery(stream, None, packet))

    def cast(self, stream: str, packet: bytes) -> None:
        """Nothing: there are no other instances."""

    async def control(self, packet: bytes) -> None:
        self._carry(Delivery(None, None, packet))

    async def positions(self, streams: Sequence[str]) -> dict[str, Position]:
        return {stream: self._head(stream) for stream in streams}

    async def read(self, stream: str, after: Position, limit: int) -> Sequence[Entry] | None:
        head = self._heads.get(stream)
        if head is None or head.epoch != after.epoch or head.seq < after.seq:
            return None
        if head.seq == after.seq:
            return [] if after.seq == 0 or after.at == head.at else None
        log = self._logs.get(stream)
        skip = after.seq + 1 - log[0].entry.position.seq if log else -1
        if log is None or skip < 0 or (after.seq > 0 and log[skip].before != after.at):
            return None
        return [logged.entry for logged in islice(log, skip, skip + limit)]

    async def follow(self, streams: Iterable[str]) -> None:
        self._followed.update(streams)

    def unfollow(self, streams: Iterable[str]) -> None:
        self._followed.difference_update(streams)

    async def run(self, receiver: Receiver) -> NoReturn:
        self._receiver = receiver
        self._running.set()
        try:
            await asyncio.Future[NoReturn]()
        finally:
            self._running.clear()
            self._receiver = None

    async def ready(self) -> None:
        await self._running.wait()

    def _head(self, stream: str) -> Position:
        head = self._heads.get(stream)
        if head is None:
            head = self._heads[stream] = Position(token_hex(8), 0, self._now())
            self._logs.pop(stream, None)
        self._heads.move_to_end(stream)
        return head

    def _log(self, stream: str, packet: bytes, id: str) -> Entry:
        head, now = self._head(stream), self._now()
        entry = Entry(Position(head.epoch, head.seq + 1, now), packet)
        self._heads[stream] = entry.position
        log = self._logs.setdefault(stream, deque(maxlen=self._size))
        log.append(_Logged(id, head.at, entry))
        self._logs.move_to_end(stream)
        self._trim(log, now)
        return entry

    def _trim(self, log: deque[_Logged], now: int) -> None:
        """Drops what is too old: of this log, and whole logs and heads that nobody has used since."""
        while log[0].entry.position.at < now - self._age_ms:
            log.popleft()
        while next(iter(self._logs.values()))[-1].entry.position.at < now - self._age_ms:
            self._logs.popitem(last=False)
        while next(iter(self._heads.values())).at < now - HEAD_TTL_MS:
            self._heads.popitem(last=False)

    def _logged(self, stream: str, id: str) -> Entry | None:
        return next((logged.entry for logged in reversed(self._logs.get(stream, ())) if logged.id == id), None)

    def _carry(self, delivery: Delivery) -> None:
        """Delivers in a turn of its own: the receiver is never called from inside of what it does itself."""
        if self._is_wanted(delivery):
            asyncio.get_running_loop().call_soon(self._deliver, delivery)

    def _deliver(self, delivery: Delivery) -> None:
        if self._receiver and self._is_wanted(delivery):  # still
            self._receiver.deliver(delivery)

    def _is_wanted(self, delivery: Delivery) -> bool:
        return delivery.stream is None or delivery.stream in self._followed

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
