"""Shows players their tickets: the view, and `ticket_updated`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.core.clock import Clock, ms_between, seconds
from domain.core.collection import Database
from domain.core.events import Publisher, to, user_stream
from domain.core.ids import TicketId, UserId
from domain.core.index import may_lag
from domain.games.games import Games
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.estimates import Estimate
from domain.matchmaking.events import TicketUpdated
from domain.matchmaking.model import TICKETS, Ticket, TicketView, WaitRange
from domain.matchmaking.pairing.explaining import Explanation, by_itself
from domain.matchmaking.pool import PoolKey, PoolStatistics, TicketPool, mean_rating


@dataclass(frozen=True, slots=True)
class PoolState:
    """What players are told of their pool: how many tickets wait there, and what its owner has learned."""

    size: int = 0
    statistics: PoolStatistics = field(default_factory=PoolStatistics)


class Listener(Protocol):
    """Is told whose tickets have changed."""

    async def __call__(self, *users: UserId) -> None: ...


STATISTICS_S = 1.0
"""What the owner of a pool has learned is some kilobytes, and is read no more often than this."""


class TicketBoard:
    """Tells the players of tickets how these stand."""

    def __init__(
        self, *, database: Database, games: Games, pool: TicketPool, publisher: Publisher, clock: Clock
    ) -> None:
        self._tickets = database.collection(TICKETS)
        self._games, self._pool, self._publisher, self._clock = games, pool, publisher, clock
        self._statistics: dict[PoolKey, tuple[datetime, PoolStatistics]] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Lets a feature know that tickets have changed."""
        self._listeners.append(listener)

    async def view(self, ticket: Ticket) -> TicketView:
        """The ticket as its players see it now; of its pool nothing is known while the index is unavailable."""
        pool, state = first_pool(ticket.criteria), PoolState()
        with may_lag():
            if ticket.status == "queued":
                state = PoolState(await self._pool.size(pool), await self._learned(pool))
        game = await self._games.get(pool.game_id)
        mode = game.mode(pool.mode) if game else None
        if mode is None:
            return self._view(ticket, state, NOTHING)
        now, stretch = self._clock.now(), state.statistics.stretch
        return self._view(ticket, state, by_itself(ticket.criteria, ticket.queued_at, mode, now=now, stretch=stretch))

    async def show(self, ticket_ids: Sequence[TicketId]) -> None:
        """Sends `ticket_updated` for each of the tickets, to all of its players."""
        tickets = (await self._tickets.get_many(ticket_ids)).values()
        await self._send([await self.view(ticket) for ticket in tickets])
        users = {user for ticket in tickets for user in ticket.player_ids}
        for listener in self._listeners:
            await listener(*users)

    async def show_waiting(self, explained: Mapping[TicketId, Explanation], state: PoolState) -> None:
        """Sends `ticket_updated` for those of the tickets that wait; the pool forgets the others, which have ended."""
        tickets = (await self._tickets.get_many([*explained])).values()
        waiting = {TicketId(ticket.id): ticket for ticket in tickets if ticket.status == "queued"}
        await self._send([self._view(ticket, state, explained[id]) for id, ticket in waiting.items()])
        ended = set(explained) - set(waiting)
        if ended:
            await self._pool.remove(sorted(ended))

    async def _learned(self, pool: PoolKey) -> PoolStatistics:
        now = self._clock.now()
        read_at, statistics = self._statistics.get(pool, (None, PoolStatistics()))
        if read_at is None or now - read_at >= seconds(STATISTICS_S):
            statistics = await self._pool.statistics(pool)
            self._statistics[pool] = now, statistics
        return statistics

    async def _send(self, views: Sequence[TicketView]) -> None:
        with may_lag():  # transient: the next one comes within seconds
            await self._publisher.publish(
                *(
                    to(user_stream("matchmaking", user), TicketUpdated(**view.model_dump()))
                    for view in views
                    for user in view.party_ids
                )
            )

    def _view(self, ticket: Ticket, state: PoolState, why: Explanation) -> TicketView:
        now = self._clock.now()
        waiting = ticket.status == "queued"
        estimate = _estimate(ticket, state, now) if waiting else None
        return TicketView(
            id=TicketId(ticket.id),
            user_id=ticket.user_id,
            party_ids=list(ticket.player_ids),
            criteria=ticket.criteria,
            status=ticket.status,
            relaxation_level=why.level,
            waited_ms=ms_between(ticket.queued_at, now),
            pool_size=state.size,
            relaxed=why.relaxed,
            blockers=why.blockers,
            next_relaxation_at=why.next_relaxation_at if waiting else None,
            estimated_wait_ms=estimate.middle_ms if estimate else None,
            estimated_wait_range=WaitRange(from_ms=estimate.low_ms, to_ms=estimate.high_ms) if estimate else None,
            match_id=ticket.match_id,
            accept_by=ticket.accept_by if ticket.status == "proposed" else None,
            lobby_id=ticket.lobby_id,
            created_at=ticket.created_at,
        )


NOTHING = Explanation(level=0, relaxed=(), next_relaxation_at=None, blockers=())


def _estimate(ticket: Ticket, state: PoolState, now: datetime) -> Estimate | None:
    rating = mean_rating(ticket.players, first_pool(ticket.criteria).game_id)
    waited_ms = ms_between(ticket.queued_at, now)
    return state.statistics.waits.estimate(rating=rating, players=len(ticket.players), waited_ms=waited_ms)


def first_pool(criteria: Criteria) -> PoolKey:
    """The pool a ticket's size figure and updates come from: that of its first game."""
    return PoolKey(criteria.games[0].game_id, criteria.mode)
