"""What players are busy with, by their seats; and what others of their company hear of it."""

from collections.abc import Sequence

from domain.core.collection import Database
from domain.core.events import Outgoing, Reviews, user_stream
from domain.core.ids import LobbyId, PartyId, UserId
from domain.core.index import may_lag
from domain.lobbies.events import LobbyStarted
from domain.lobbies.model import LOBBIES, SEATS
from domain.matchmaking.events import TicketExpired
from domain.parties.events import PartyLeft
from domain.parties.model import PARTY_SEATS
from domain.social.events import FriendRemoved, presence_stream
from domain.social.presences import Occupations, Presences
from domain.social.seen import Occupation

MOST_TOGETHER = 1000
"""More players than any lobby has."""


class SeatOccupations(Occupations):
    """A seat in a ticket is a search, one in a lobby a lobby, and in one whose game has begun a game."""

    def __init__(self, database: Database) -> None:
        self._seats = database.collection(SEATS)
        self._party_seats = database.collection(PARTY_SEATS)
        self._lobbies = database.collection(LOBBIES)

    async def of(self, users: Sequence[UserId]) -> dict[UserId, Occupation]:
        seats = await self._seats.get_many(users)
        lobby_ids = sorted({seat.lobby_id for seat in seats.values() if seat.lobby_id})
        lobbies = await self._lobbies.get_many(lobby_ids) if lobby_ids else {}
        found: dict[UserId, Occupation] = {}
        for user, seat in seats.items():
            lobby = lobbies.get(seat.lobby_id) if seat.lobby_id else None
            if lobby is not None:
                found[UserId(user)] = "in_game" if lobby.status == "active" else "in_lobby"
            elif seat.ticket_id:
                found[UserId(user)] = "queued"
        return found

    async def companions(self, user: UserId) -> set[UserId]:
        seat, party_seat = await self._seats.get(user), await self._party_seats.get(user)
        found = await self.in_lobby(seat.lobby_id) if seat and seat.lobby_id else set()
        if party_seat:
            found |= await self.in_party(party_seat.party_id)
        return found - {user}

    async def in_lobby(self, lobby_id: LobbyId) -> set[UserId]:
        """Who has a seat in the lobby."""
        return {UserId(seat.id) for seat in await self._seats.find({"lobby_id": lobby_id}, limit=MOST_TOGETHER)}

    async def in_party(self, party_id: PartyId) -> set[UserId]:
        """Who is in the party."""
        seats = await self._party_seats.find({"party_id": party_id}, limit=MOST_TOGETHER)
        return {UserId(seat.id) for seat in seats}


class Movements:
    """Hears the events that change what players are doing, or end what one may see of another.

    Those of tickets are heard from the board, for most of what it publishes changes nothing of this.
    """

    def __init__(self, occupations: SeatOccupations, presences: Presences, reviews: Reviews) -> None:
        self._occupations, self._presences, self._reviews = occupations, presences, reviews

    async def hear(self, events: Sequence[Outgoing]) -> None:
        """Has what changes with the events looked at."""
        moved: set[UserId] = set()
        parted: set[UserId] = set()
        for event in events:
            if not event.durable:
                continue
            if event.stream.startswith("lobby:"):
                moved |= {*event.join, *event.leave}
                if event.name == LobbyStarted.wire_name:
                    moved |= await self._occupations.in_lobby(_lobby_of(event))
                if event.leave:
                    parted |= {*event.leave, *await self._occupations.in_lobby(_lobby_of(event))}
            elif event.name == PartyLeft.wire_name:
                party_id = PartyId(event.data["partyId"])
                parted |= {_user_of(event), *await self._occupations.in_party(party_id)}
            elif event.name == TicketExpired.wire_name:
                moved.add(_user_of(event))
            elif event.name == FriendRemoved.wire_name:
                parted.add(_user_of(event))
        if moved:
            await self._presences.moved(*moved)
        if parted:
            await self.part(*parted)

    async def part(self, *users: UserId) -> None:
        """The users' sockets look anew at whom they may watch."""
        with may_lag():  # an instance that is cut off looks anew once it is back
            await self._reviews.review(*(user_stream("social", user) for user in users))

    async def hide(self, user: UserId) -> None:
        """The user shows themselves to others than before."""
        await self._presences.moved(user)
        with may_lag():  # as above
            await self._reviews.review(presence_stream(user))


def _lobby_of(event: Outgoing) -> LobbyId:
    return LobbyId(event.stream.partition(":")[2])


def _user_of(event: Outgoing) -> UserId:
    return UserId(event.stream.rpartition(":")[2])
