"""Acquaintances: what players have to do with one another, as it stands in the tickets they wait with.

Whom they have blocked, and whom they have met or been refused by of late. Copies, made when a ticket is queued and
renewed when something changes; a match is proposed only after a look at the blocks themselves.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.core.clock import Clock, seconds
from domain.core.collection import Database
from domain.core.ids import TicketId, UserId
from domain.core.index import may_lag
from domain.games.model import ModeName
from domain.lobbies.model import SEATS
from domain.matchmaking.model import MATCHES, TICKETS, Ticket, pool_entry
from domain.matchmaking.pool import PoolPlayer, TicketPool
from domain.matchmaking.recent import MATCHES_BACK, OPPONENT_S, avoided
from domain.social.blocks import Blocks

RETRIES = 5


@dataclass(frozen=True, slots=True)
class Known:
    """Whom one player has blocked, and whom they avoid."""

    blocked: tuple[UserId, ...]
    avoided: tuple[UserId, ...]


class Acquaintances:
    """What players have to do with one another."""

    def __init__(self, *, database: Database, blocks: Blocks, pool: TicketPool, clock: Clock) -> None:
        self._blocks, self._pool, self._clock = blocks, pool, clock
        self._matches = database.collection(MATCHES)
        self._tickets = database.collection(TICKETS)
        self._seats = database.collection(SEATS)

    async def of(self, users: Sequence[UserId], mode: ModeName) -> dict[UserId, Known]:
        """What each of the users has to do with others, as far as it counts in that mode."""
        now = self._clock.now()
        late: dict[str, object] = {"player_ids": {"$in": list(users)}, "formed_at": {"$gt": now - seconds(OPPONENT_S)}}
        matches = await self._matches.find(late, sort="-formed_at", limit=4 * MATCHES_BACK * len(users))
        blocked = await self._blocks.blocked_by(users)
        return {user: Known(blocked[user], avoided(user, mode, matches, now)) for user in users}

    async def at_odds(self, users: Collection[UserId]) -> bool:
        """Whether one of the users has blocked another."""
        return bool(await self._blocks.between(users))

    async def renew_search_of(self, user: UserId) -> None:
        """The ticket with which the user waits says from now on whom they have blocked, if they wait."""
        seat = await self._seats.get(user)
        if seat is not None and seat.ticket_id is not None:
            await self.renew(seat.ticket_id)

    async def renew(self, *ticket_ids: TicketId) -> None:
        """Those of the tickets that wait say from now on what their players have to do with others."""
        for ticket_id in ticket_ids:
            for _ in range(RETRIES):
                ticket = await self._tickets.get(ticket_id)
                if ticket is None or ticket.status not in {"queued", "proposed"}:
                    break
                if await self._renewed(ticket):
                    break

    async def _renewed(self, ticket: Ticket) -> bool:
        """Whether the ticket was still as given, and is as it should be now."""
        known = await self.of([player.user_id for player in ticket.players], ticket.criteria.mode)
        players = introduced(ticket.players, known)
        if players == ticket.players:
            return True
        changes = {"$set": {"players": players}, "$inc": {"version": 1}}
        renewed = await self._tickets.update(ticket.id, changes, expect={"version": ticket.version})
        if renewed is not None and renewed.status == "queued":
            with may_lag():
                await self._pool.remove([TicketId(ticket.id)])
                await self._pool.add(pool_entry(renewed))
        return renewed is not None


def introduced(players: Sequence[PoolPlayer], known: dict[UserId, Known]) -> tuple[PoolPlayer, ...]:
    """The players, with what they have to do with others."""
    return tuple(
        player.model_copy(update={"blocked": known[player.user_id].blocked, "avoided": known[player.user_id].avoided})
        for player in players
    )
