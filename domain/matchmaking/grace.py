"""Grace: a player's disconnect costs the ticket or the seat only when they stay away.

The deadline stands in the player's `Seat`. Whoever comes back in time, on any instance, finds everything as it was.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock, seconds
from domain.core.collection import After, Changes, Database, Filter, Update
from domain.core.deadlines import Deadlines
from domain.core.errors import Conflict, NotFound
from domain.core.ids import UserId
from domain.core.index import may_lag
from domain.core.isolation import Report, isolated
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import SEATS, Seat
from domain.lobbies.rules import NotInLobby
from domain.matchmaking.matchmaking import Matchmaking
from domain.presence.presence import Presence

PAGE = 500
PLACES_AT_ONCE = 20

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
        report: Report,
        config: GraceConfig,
    ) -> None:
        self._seats = database.collection(SEATS)
        self._lobbies, self._matchmaking, self._presence = lobbies, matchmaking, presence
        self._deadlines, self._clock, self._report, self._config = deadlines, clock, report, config
        self._missed: dict[UserId, datetime] = {}

    async def gone(self, *users: UserId) -> None:
        """The users' last connections are gone: their grace begins. Idempotent."""
        await self._move(users, self._clock.now() + seconds(self._config.grace_s))

    async def back(self, *users: UserId) -> None:
        """The users are connected again: their grace ends. Idempotent."""
        await self._move(users, None)

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
        returned: list[UserId] = []
        async for user, seat, online in self._seated():
            if seat.grace_until is not None:
                if online:
                    returned.append(user)
            elif not online:
                missed[user] = self._missed.get(user, now)
        self._missed = missed
        await self.back(*returned)
        await self.gone(*(user for user, since in missed.items() if now - since >= seconds(SURE_AFTER_S)))

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

    async def _move(self, users: Sequence[UserId], until: datetime | None) -> None:
        """Begins the grace of the users who have a place, or ends it (None). Most have none."""
        for start in range(0, len(users), PAGE):
            places: defaultdict[str, list[Seat]] = defaultdict(list)
            for seat in (await self._seats.get_many(users[start : start + PAGE])).values():
                if (seat.grace_until is None) == (until is not None):
                    places[seat.lobby_id or seat.id].append(seat)
            groups = list(places.values())
            for first in range(0, len(groups), PLACES_AT_ONCE):
                await asyncio.gather(
                    *(
                        isolated(self._report, f"grace of seat {seats[0].id}", self._move_seats(seats, until))
                        for seats in groups[first : first + PLACES_AT_ONCE]
                    )
                )

    async def _move_seats(self, seats: Sequence[Seat], until: datetime | None) -> None:
        """Changes the seats of one lobby, and what it says of its members' connections, in one commit; or one seat."""
        users, lobby_id = [UserId(seat.id) for seat in seats], seats[0].lobby_id
        changes: Changes = {"$set": {"grace_until": until}} if until else {"$unset": {"grace_until": True}}
        expect: Filter = {"grace_until": {"$exists": until is None}}
        if lobby_id is None:
            if not await self._seats.update(users[0], changes, expect={"lobby_id": {"$exists": False}, **expect}):
                return
        else:
            on_seats = [Update(SEATS, user, changes, expect={"lobby_id": lobby_id, **expect}) for user in users]
            try:
                await self._lobbies.set_connection(users, lobby_id, "grace" if until else "connected", *on_seats)
            except (Conflict, NotFound, NotInLobby):  # somebody left, or was quicker; the next sweep looks again
                for seat in seats if len(seats) > 1 else ():
                    await self._move_seats([seat], until)
                return
        if until:
            with may_lag():
                for user in users:
                    await self._deadlines.set("grace", user, until)
