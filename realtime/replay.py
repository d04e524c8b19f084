"""Brings one client from a place of its own in a stream to where this process stands."""

import asyncio

from loguru import logger

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from domain.core.streams import Entry, Position, StreamLog
from realtime import packet
from realtime.engine import Engine
from realtime.hub import PAGE, Cursor, Hub

STALLED_S = 5.0
"""A replay takes as long as the client needs to read it, but no longer than this to get on with the stream."""

UNREAD_BYTES = 64 * 1024
"""After so many a replay waits until the client has read them: it never makes a slow consumer."""


class Replay(Cursor):
    """What the log has from a position on, written to one client that is kept out of the stream's room meanwhile.

    member: whether the client follows the stream at that position. The joins and leaves of its user are heeded on the
    way: what was published while it did not belong there is not for its eyes. belongs: the same where the hub stands.
    over: the client is gone, or somebody else decides about it.
    """

    __slots__ = ("_engine", "_hub", "_log", "_unread", "_user", "belongs", "member", "over", "sid", "stream")

    def __init__(
        self, engine: Engine, hub: Hub, log: StreamLog, *, sid: str, user: UserId, stream: str, position: Position
    ) -> None:
        super().__init__(position)
        self._engine, self._hub, self._log, self._user = engine, hub, log, user
        self.sid, self.stream = sid, stream
        self.member = self.belongs = True
        self.over = False
        self._unread = 0

    async def run(self) -> bool:
        """Returns True in the very step in which the client stands where the hub does.

        False when it is over, or not everything can be had any more. Raises `errors.Unavailable`.
        """
        while not self.over and not self._has_arrived():
            self.forget_held()
            page = await self._log.read(self.stream, self.position, PAGE)
            if page is None:
                return False
            if not page:  # the client has heard more than this process: from another one
                await self._wait_for_hub()
            for entry in page:
                await self._take(entry)
            while self.held:
                await self._take(self.held.popleft())
        return not self.over

    def write(self, entry: Entry) -> None:
        """Writes a packet to the client, and heeds who joins and leaves by it."""
        header, body = packet.opened(entry.packet)
        if self._user in header.join:
            self.member = True
        if self.member:
            payload = packet.durable_payload(self.stream, entry.position, body)
            self._engine.write(self.sid, packet.name_of(body), payload)
            self._unread += len(payload)
        if self._user in header.leave:
            self.member = False

    async def _wait_for_hub(self) -> None:
        try:
            async with asyncio.timeout(STALLED_S):
                await self._hub.read_on(self.stream)
        except TimeoutError:
            raise Unavailable from None

    def _has_arrived(self) -> bool:
        here, there = self.position, self._hub.position(self.stream)
        return (here.epoch, here.seq) == (there.epoch, there.seq) and (here.at == there.at or here.seq == 0)

    async def _take(self, entry: Entry) -> None:
        if self.over or not self.expects(entry.position):
            return
        self._hub.offer(self.stream, entry)  # so that the two can meet however fast the stream grows
        self.position = entry.position
        try:
            self.write(entry)
        except Exception:
            logger.exception("a packet of {} could not be replayed", self.stream)
        if self._unread > UNREAD_BYTES:
            self._unread = 0
            self.over = not await self._engine.drained(self.sid) or self.over
