"""Grace: a player's disconnect costs the ticket or the seat only when they stay away.

The deadline stands in the player's `Seat`. Whoever comes back in time, on any instance, finds everything as it was.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock, seconds
from domain.core.collection import After, Changes, Database, Filter, Update
from domain.core.deadlines import Deadlines
from domain.core.errors import Conflict, NotFound
from domain.core.ids import UserId
from domain.core.index import may_lag
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import SEATS, Connection, Seat
from domain.lobbies.rules import NotInLobby
from domain.matchmaking.matchmaking import Matchmaking
from domain.presence.presence import Presence

PAGE = 500

SURE_AFTER_S = 3.5
"""A player without a connection is taken for gone after so long: a restarted Redis knows all of them within 3 s."""


@dataclass(frozen=True, slots=True)
class GraceConfig:
    """grace_s: how long a player without a connection keeps their place."""

    grace_s: float = 30


class Grace:
    """What a player's coming and going does to their place."""

    def __init__(
        self,
        *,
        database: Database,
        lobbies: Lobbies,
        matchmaking: Matchmaking,
        presence: Presence,
        deadlines: Deadlines,
        clock: Clock,
        config: GraceConfig,
    ) -> None:
        self._seats = database.collection(SEATS)
        self._lobbies, self._matchmaking, self._presence = lobbies, matchmaking, presence
        self._deadlines, self._clock, self._config = deadlines, clock, config
        self._missed: dict[UserId, datetime] = {}

    async def gone(self, user: UserId) -> None:
        """The user's last connection is gone: the grace begins. Idempotent."""
        until = self._clock.now() + seconds(self._config.grace_s)
        if await self._change(user, "grace", {"$set": {"grace_until": until}}, {"grace_until": {"$exists": False}}):
            with may_lag():
                await self._deadlines.set("grace", user, until)

    async def back(self, user: UserId) -> None:
        """The user is connected again: the grace ends. Idempotent."""
        await self._change(user, "connected", {"$unset": {"grace_until": True}}, {"grace_until": {"$exists": True}})

    async def elapse(self, user: UserId) -> None:
        """The grace is over: who is still away gives up the place. Idempotent."""
        seat = await self._seats.get(user)
        if seat is None or seat.grace_until is None or seat.grace_until > self._clock.now():
            return
        if await self._presence.online([user]):
            await self.back(user)
            return
        try:
            if seat.lobby_id is not None:
                await self._lobbies.expire_grace(user, seat.lobby_id)
            elif seat.ticket_id is not None:
                over = {"grace_until": {"$lte": self._clock.now()}}
                await self._matchmaking.withdraw(user, seat.ticket_id, "disconnected", over)
        except (Conflict, NotFound, NotInLobby):
            return  # they came back or left in this very moment

    async def reconcile(self) -> None:
        """Compares all seats with who is connected: an instance that was killed told nobody of its players."""
        now = self._clock.now()
        missed: dict[UserId, datetime] = {}
        async for user, seat, online in self._seated():
            if seat.grace_until is not None:
                if online:
                    await self.back(user)
            elif not online:
                missed[user] = self._missed.get(user, now)
                if now - missed[user] >= seconds(SURE_AFTER_S):
                    await self.gone(user)
        self._missed = missed

    async def _seated(self) -> AsyncIterator[tuple[UserId, Seat, bool]]:
        """Every user with a place, and whether they are connected."""
        after: After | None = None
        while True:
            page = await self._seats.find({}, sort="id", limit=PAGE, after=after)
            online = await self._presence.online([UserId(seat.id) for seat in page])
            for seat in page:
                yield UserId(seat.id), seat, seat.id in online
            if len(page) < PAGE:
                return
            after = (page[-1].id, page[-1].id)

    async def _change(self, user: UserId, connection: Connection, changes: Changes, expect: Filter) -> bool:
        """Changes the seat, and what its lobby says of the connection with it, in one commit; whether it did."""
        seat = await self._seats.get(user)
        if seat is None or (seat.grace_until is not None) == (connection == "grace"):
            return False
        if seat.lobby_id is None:
            return (
                await self._seats.update(user, changes, expect={"lobby_id": {"$exists": False}, **expect}) is not None
            )
        on_seat = Update(SEATS, user, changes, expect={"lobby_id": seat.lobby_id, **expect})
        try:
            await self._lobbies.set_connection(user, seat.lobby_id, connection, on_seat)
        except (Conflict, NotFound, NotInLobby):
            return False  # they left, or somebody else was quicker; the next sweep looks again
        return True
