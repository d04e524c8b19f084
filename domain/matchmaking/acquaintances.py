"""Acquaintances: what players have to do with one another, as it stands in the tickets they wait with.

Whom they have blocked, whom they have met or been refused by of late, and their karma. Copies, made when a ticket is
queued and renewed when something changes; a match is proposed only after a look at the blocks themselves.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database
from domain.core.ids import TicketId, UserId
from domain.core.index import may_lag
from domain.core.retries import RETRIES, pause
from domain.games.model import ModeName
from domain.lobbies.model import SEATS
from domain.matchmaking.model import MATCHES, TICKETS, Ticket, pool_entry
from domain.matchmaking.pool import PoolPlayer, TicketPool
from domain.matchmaking.recent import MATCHES_BACK, OPPONENT_S, avoided
from domain.social.blocks import Blocks
from domain.users.users import Users


@dataclass(frozen=True, slots=True)
class Known:
    """A player's karma, whom they have blocked, and whom they avoid."""

    karma: int
    blocked: tuple[UserId, ...]
    avoided: tuple[UserId, ...]


class Acquaintances:
    """What players have to do with one another."""

    def __init__(self, *, database: Database, users: Users, blocks: Blocks, pool: TicketPool, clock: Clock) -> None:
        self._users, self._blocks, self._pool, self._clock = users, blocks, pool, clock
        self._matches = database.collection(MATCHES)
        self._tickets = database.collection(TICKETS)
        self._seats = database.collection(SEATS)

    async def introduce(self, players: Sequence[PoolPlayer], mode: ModeName) -> tuple[PoolPlayer, ...]:
        """The players of a ticket, with what they have to do with others as far as it counts in that mode."""
        known = await self._known([player.user_id for player in players], mode)
        return tuple(player.model_copy(update=asdict(known[player.user_id])) for player in players)

    async def _known(self, users: Sequence[UserId], mode: ModeName) -> dict[UserId, Known]:
        now = self._clock.now()
        late: dict[str, object] = {"player_ids": {"$in": list(users)}, "formed_at": {"$gt": now - seconds(OPPONENT_S)}}
        matches, blocked, accounts = await asyncio.gather(
            self._matches.find(late, sort="-formed_at", limit=4 * MATCHES_BACK * len(users)),
            self._blocks.blocked_by(users),
            self._users.get_many(users),
        )
        return {
            user: Known(
                karma=accounts[user].karma if user in accounts else 0,
                blocked=blocked[user],
                avoided=avoided(user, mode, matches, now),
            )
            for user in users
        }

    async def at_odds(self, together: Collection[Collection[UserId]]) -> bool:
        """Whether somebody has blocked somebody else, other than those who are together already (a party, a lobby)."""
        blocks = await self._blocks.between([user for users in together for user in users])
        return any(not any(blocker in users and blocked in users for users in together) for blocker, blocked in blocks)

    async def renew_search_of(self, user: UserId, _: UserId) -> None:
        """The ticket with which the user waits says from now on whom they have blocked, if they wait."""
        seat = await self._seats.get(user)
        if seat is not None and seat.ticket_id is not None:
            await self.renew(seat.ticket_id)

    async def renew(self, *ticket_ids: TicketId) -> None:
        """Those of the tickets that wait say from now on what their players have to do with others."""
        for ticket_id in ticket_ids:
            for attempt in range(1 + RETRIES):
                await pause(attempt)
                ticket = await self._tickets.get(ticket_id)
                if ticket is None or ticket.status not in {"queued", "proposed"}:
                    break
                if await self._renewed(ticket):
                    break

    async def _renewed(self, ticket: Ticket) -> bool:
        """Whether the ticket was still as given, and is as it should be now."""
        players = await self.introduce(ticket.players, ticket.criteria.mode)
        if players == ticket.players:
            return True
        changes: Changes = {"$set": {"players": players}, "$inc": {"version": 1}}
        renewed = await self._tickets.update(ticket.id, changes, expect={"version": ticket.version})
        if renewed is not None and renewed.status == "queued":
            with may_lag():
                await self._pool.replace(pool_entry(renewed))
        return renewed is not None
