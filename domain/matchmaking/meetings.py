"""Who has played with whom: what opens the door to a talk."""

from domain.core.clock import Clock, seconds
from domain.core.collection import Database
from domain.core.ids import UserId
from domain.lobbies.model import SEATS
from domain.matchmaking.model import MATCHES

RECENT = seconds(14 * 24 * 3600)
"""A match so long ago still counts."""


class Meetings:
    """The port `domain.chat.contacts.Encounters`, read from seats and matches."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._seats, self._matches = database.collection(SEATS), database.collection(MATCHES)
        self._clock = clock

    async def met(self, one: UserId, other: UserId) -> bool:
        """Whether the two sit in one lobby, or were in a match together lately."""
        lobbies = [seat.lobby_id for seat in (await self._seats.get_many([one, other])).values()]
        if len(lobbies) == 2 and lobbies[0] is not None and lobbies[0] == lobbies[1]:
            return True
        both = {"player_ids": one, "$or": [{"player_ids": other}], "formed_at": {"$gt": self._clock.now() - RECENT}}
        played = {**both, "status": {"$in": ["confirmed", "reported"]}}  # to be proposed one another is no acquaintance
        return await self._matches.find_one(played, sort="-formed_at") is not None
