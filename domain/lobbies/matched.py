"""Lobbies of players whom the matchmaking has brought together."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Duplicate, StorageConflict, Update, Write
from domain.core.ids import GameId, LobbyId, MatchId, TicketId, UserId
from domain.core.retries import RETRIES, pause
from domain.lobbies import rules
from domain.lobbies.changes import LobbyChanges, LobbyConfig
from domain.lobbies.model import LOBBIES, SEATS, Capacity, Lobby, Member
from domain.lobbies.rules import Draft
from domain.users.users import Users


@dataclass(frozen=True, slots=True)
class Place:
    """A player whose ticket was matched, and where the match puts them."""

    user_id: UserId
    ticket_id: TicketId
    team: int | None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class LobbyPlan:
    """A lobby to be made from a match. The first place is the host's."""

    match_id: MatchId
    name: str
    game_id: GameId
    mode: str
    region: str | None
    places: tuple[Place, ...]
    capacity: Capacity


class MatchedLobbies:
    """Seats the players of matches."""

    def __init__(
        self, *, database: Database, users: Users, changes: LobbyChanges, clock: Clock, config: LobbyConfig
    ) -> None:
        self._users, self._changes, self._clock, self._config = users, changes, clock, config
        self._lobbies = database.collection(LOBBIES)
        self._seats = database.collection(SEATS)

    async def create(self, plan: LobbyPlan, *also: Write) -> Lobby:
        """Makes the lobby of a match, its channel and its seats in one commit with `also`; a retry finds it.

        Raises `StorageConflict` when one of `also` or a player's seat is no longer as expected.
        """
        return await _seated(lambda: self._create(plan, also))

    async def take_in(self, lobby_id: LobbyId, places: Sequence[Place], *also: Write) -> Lobby:
        """Seats players whose tickets were matched with a lobby that stands, in one commit with `also`.

        Raises `LobbyOver`, `LobbyFull`, or `StorageConflict` when one of `also` or a player's seat is no longer as
        expected.
        """
        return await _seated(lambda: self._take_in(lobby_id, places, also))

    async def _create(self, plan: LobbyPlan, also: Sequence[Write]) -> Lobby:
        made = await self._lobbies.get(plan.match_id)
        if made is not None:
            return made
        now = self._clock.now()
        members, moves = await self._arriving(plan.match_id, plan.places, now)
        lobby = Lobby(
            id=plan.match_id,
            name=plan.name,
            game_id=plan.game_id,
            mode=plan.mode,
            region=plan.region,
            host_id=plan.places[0].user_id,
            members=members,
            capacity=plan.capacity,
            size_limit=plan.capacity.max,
            match_id=plan.match_id,
            created_at=now,
            idle_at=now + seconds(self._config.idle_s),
        )
        try:
            return await self._changes.make(lobby, *moves, *also)
        except Duplicate as duplicate:
            made = await self._lobbies.get(plan.match_id)
            if made is None:
                raise StorageConflict(duplicate.collection, duplicate.index) from duplicate
            return made

    async def _take_in(self, lobby_id: LobbyId, places: Sequence[Place], also: Sequence[Write]) -> Lobby:
        members, moves = await self._arriving(lobby_id, places, self._clock.now())

        def decide(draft: Draft, now: datetime) -> None:
            for member in members:
                rules.join(draft, member, now, self._config.countdown_s)

        return await self._changes.change(lobby_id, decide, also=(*moves, *also))

    async def _arriving(
        self, lobby_id: str, places: Sequence[Place], now: datetime
    ) -> tuple[tuple[Member, ...], list[Write]]:
        """The members that the players of the places become, and the writes that move their seats."""
        ids = [place.user_id for place in places]
        away = {user for user, seat in (await self._seats.get_many(ids)).items() if seat.grace_until}
        users = await self._users.get_many(ids)
        moves: list[Write] = [
            Update(
                SEATS,
                place.user_id,
                {"$set": {"lobby_id": lobby_id}, "$unset": {"ticket_id": True}},
                expect={"ticket_id": place.ticket_id, "grace_until": {"$exists": place.user_id in away}},
            )
            for place in places
        ]
        members = tuple(
            Member(
                user_id=place.user_id,
                username=users[place.user_id].username,
                display_name=users[place.user_id].display_name,
                team=place.team,
                role=place.role,
                connection="grace" if place.user_id in away else "connected",
                joined_at=now,
            )
            for place in places
        )
        return members, moves


async def _seated(work: Callable[[], Awaitable[Lobby]]) -> Lobby:
    """What `work` answers, tried again when a player came or went in this very moment."""
    attempt = 0
    while True:
        try:
            return await work()
        except StorageConflict as conflict:
            attempt += 1
            if conflict.collection != SEATS.name or attempt > RETRIES:
                raise
            await pause(attempt)
