"""Shows players their tickets: the view, and `ticket_updated`."""

from collections.abc import Sequence

from domain.core.clock import Clock, ms_between
from domain.core.collection import Database
from domain.core.events import Publisher, to, user_stream
from domain.core.ids import TicketId
from domain.core.index import may_lag
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.events import TicketUpdated
from domain.matchmaking.model import TICKETS, Ticket, TicketView
from domain.matchmaking.pool import PoolKey, TicketPool
from domain.matchmaking.relaxation import level_of, next_step_at


class TicketBoard:
    """Tells the players of tickets how these stand."""

    def __init__(self, *, database: Database, pool: TicketPool, publisher: Publisher, clock: Clock) -> None:
        self._tickets = database.collection(TICKETS)
        self._pool, self._publisher, self._clock = pool, publisher, clock

    async def view(self, ticket: Ticket) -> TicketView:
        """The ticket as its player sees it now; the pool's size is 0 while the index is unavailable."""
        size = 0
        with may_lag():
            size = await self._pool.size(first_pool(ticket.criteria)) if ticket.status == "queued" else 0
        return self._view(ticket, size)

    async def show(self, ticket_ids: Sequence[TicketId]) -> None:
        """Sends `ticket_updated` for each of the tickets, to all of its players."""
        tickets = (await self._tickets.get_many(ticket_ids)).values()
        await self._send([await self.view(ticket) for ticket in tickets])

    async def show_waiting(self, ticket_ids: Sequence[TicketId], pool_size: int) -> None:
        """Sends `ticket_updated` for those of the tickets that wait; the pool forgets the others, which have ended."""
        tickets = (await self._tickets.get_many(ticket_ids)).values()
        waiting = [ticket for ticket in tickets if ticket.status == "queued"]
        await self._send([self._view(ticket, pool_size) for ticket in waiting])
        ended = set(ticket_ids) - {ticket.id for ticket in waiting}
        if ended:
            await self._pool.remove(sorted(ended))

    async def _send(self, views: Sequence[TicketView]) -> None:
        with may_lag():  # transient: the next one comes within seconds
            await self._publisher.publish(
                *(
                    to(user_stream("matchmaking", user), TicketUpdated(**view.model_dump()))
                    for view in views
                    for user in view.party_ids
                )
            )

    def _view(self, ticket: Ticket, pool_size: int) -> TicketView:
        now = self._clock.now()
        waiting = ticket.status == "queued"
        return TicketView(
            id=TicketId(ticket.id),
            user_id=ticket.user_id,
            party_ids=list(ticket.player_ids),
            criteria=ticket.criteria,
            status=ticket.status,
            relaxation_level=level_of(ticket.queued_at, now),
            waited_ms=ms_between(ticket.queued_at, now),
            pool_size=pool_size,
            next_relaxation_at=next_step_at(ticket.queued_at, now) if waiting else None,
            match_id=ticket.match_id,
            accept_by=ticket.accept_by if ticket.status == "proposed" else None,
            lobby_id=ticket.lobby_id,
            created_at=ticket.created_at,
        )


def first_pool(criteria: Criteria) -> PoolKey:
    """The pool a ticket's size figure and updates come from: that of its first game."""
    return PoolKey(criteria.games[0].game_id, criteria.mode)
