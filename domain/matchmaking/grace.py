"""Grace: a player's disconnect costs the ticket, the lobby or the party only when they stay away.

The deadline stands in the player's `Seat` and `PartySeat`. Whoever comes back in time, on any instance, finds
everything as it was.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from domain.core.clock import Clock, seconds
from domain.core.collection import After, Changes, Collection, Database, Filter, Update
from domain.core.deadlines import Deadlines
from domain.core.errors import Conflict, NotFound
from domain.core.ids import UserId
from domain.core.index import may_lag
from domain.core.isolation import Report, isolated
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import SEATS, Connection, Seat
from domain.lobbies.rules import NotInLobby
from domain.matchmaking.matchmaking import Matchmaking
from domain.parties.model import PARTY_SEATS, PartySeat
from domain.parties.parties import Parties
from domain.parties.rules import NotInParty
from domain.presence.presence import Presence

S = TypeVar("S", Seat, PartySeat)

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
        parties: Parties,
        matchmaking: Matchmaking,
        presence: Presence,
        deadlines: Deadlines,
        clock: Clock,
        report: Report,
        config: GraceConfig,
    ) -> None:
        self._seats = database.collection(SEATS)
        self._party_seats = database.collection(PARTY_SEATS)
        self._lobbies, self._parties, self._matchmaking, self._presence = lobbies, parties, matchmaking, presence
        self._deadlines, self._clock, self._report, self._config = deadlines, clock, report, config
        self._missed: dict[UserId, datetime] = {}

    async def gone(self, *users: UserId) -> None:
        """The users' last connections are gone: their grace begins. Idempotent."""
        await self._move(users, self._clock.now() + seconds(self._config.grace_s))

    async def back(self, *users: UserId) -> None:
        """The users are connected again: their grace ends. Idempotent."""
        await self._move(users, None)

    async def elapse(self, user: UserId) -> None:
        """The grace is over: who is still away gives up the place, and leaves the party. Idempotent."""
        seat, party_seat = await self._seats.get(user), await self._party_seats.get(user)
        seat, party_seat = self._over(seat), self._over(party_seat)
        if seat is None and party_seat is None:
            return
        if await self._presence.online([user]):
            await self.back(user)
            return
        if seat is not None:
            await self._give_up(user, seat)
        if party_seat is not None:
            with suppress(Conflict, NotFound, NotInParty):  # as below
                await self._parties.expire_grace(user, party_seat.party_id)

    async def _give_up(self, user: UserId, seat: Seat) -> None:
        with suppress(Conflict, NotFound, NotInLobby):  # they came back or left in this very moment
            if seat.lobby_id is not None:
                await self._lobbies.expire_grace(user, seat.lobby_id)
            elif seat.ticket_id is not None:
                over = {"grace_until": {"$lte": self._clock.now()}}
                await self._matchmaking.withdraw(user, seat.ticket_id, "disconnected", over)

    def _over(self, seat: S | None) -> S | None:
        """The seat, if its grace is over."""
        return seat if seat and seat.grace_until and seat.grace_until <= self._clock.now() else None

    async def reconcile(self) -> None:
        """Compares all seats with who is connected: an instance that was killed told nobody of its players."""
        now = self._clock.now()
        missed: dict[UserId, datetime] = {}
        returned: list[UserId] = []
        for seats in (self._seats, self._party_seats):
            async for user, away, online in self._seated(seats):
                if away and online:
                    returned.append(user)
                elif not away and not online:
                    missed[user] = self._missed.get(user, now)
        self._missed = missed
        await self.back(*returned)
        await self.gone(*(user for user, since in missed.items() if now - since >= seconds(SURE_AFTER_S)))

    async def _seated(
        self, seats: Collection[Seat] | Collection[PartySeat]
    ) -> AsyncIterator[tuple[UserId, bool, bool]]:
        """Every user with a seat, whether their grace runs, and whether they are connected."""
        after: After | None = None
        while True:
            page = await seats.find({}, sort="id", limit=PAGE, after=after)
            online = await self._presence.online([UserId(seat.id) for seat in page])
            for seat in page:
                yield UserId(seat.id), seat.grace_until is not None, seat.id in online
            if len(page) < PAGE:
                return
            after = (page[-1].id, page[-1].id)

    async def _move(self, users: Sequence[UserId], until: datetime | None) -> None:
        """Begins the grace of the users who have a place or a party, or ends it (None). Most have neither."""
        for start in range(0, len(users), PAGE):
            page = users[start : start + PAGE]
            places: defaultdict[str, list[Seat | PartySeat]] = defaultdict(list)
            for seat in (await self._seats.get_many(page)).values():
                if (seat.grace_until is None) == (until is not None):
                    places[seat.lobby_id or seat.id].append(seat)
            for party_seat in (await self._party_seats.get_many(page)).values():
                if (party_seat.grace_until is None) == (until is not None):
                    places[party_seat.party_id].append(party_seat)
            groups = list(places.values())
            for first in range(0, len(groups), PLACES_AT_ONCE):
                await asyncio.gather(
                    *(
                        isolated(self._report, f"grace of seat {seats[0].id}", self._move_seats(seats, until))
                        for seats in groups[first : first + PLACES_AT_ONCE]
                    )
                )

    async def _move_seats(self, seats: Sequence[Seat | PartySeat], until: datetime | None) -> None:
        """Changes the seats of one lobby or party, and what it says of its members, in one commit; or one seat."""
        users, seat = [UserId(seat.id) for seat in seats], seats[0]
        connection: Connection = "grace" if until else "connected"
        changes: Changes = {"$set": {"grace_until": until}} if until else {"$unset": {"grace_until": True}}
        expect: Filter = {"grace_until": {"$exists": until is None}}
        try:
            if isinstance(seat, PartySeat):
                of_party = {"party_id": seat.party_id, **expect}
                on_party_seats = [Update(PARTY_SEATS, user, changes, expect=of_party) for user in users]
                await self._parties.set_connection(users, seat.party_id, connection, *on_party_seats)
            elif seat.lobby_id is not None:
                of_lobby = {"lobby_id": seat.lobby_id, **expect}
                on_seats = [Update(SEATS, user, changes, expect=of_lobby) for user in users]
                await self._lobbies.set_connection(users, seat.lobby_id, connection, *on_seats)
            elif not await self._seats.update(seat.id, changes, expect={"lobby_id": {"$exists": False}, **expect}):
                return
        except (
            Conflict,
            NotFound,
            NotInLobby,
            NotInParty,
        ):  # somebody left, or was quicker; the next sweep looks
            for one in seats if len(seats) > 1 else ():
                await self._move_seats([one], until)
            return
        if until:
            with may_lag():
                for user in users:
                    await self._deadlines.set("grace", user, until)
