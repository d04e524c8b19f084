"""A tick over a pool in memory, with a ready check in which everybody accepts at once."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.core.clock import seconds
from domain.core.ids import GameId, MatchId, TicketId
from domain.core.leases import Leases
from domain.games.model import Game, Mode
from domain.matchmaking.board import PoolState
from domain.matchmaking.matching import OpenMatcher
from domain.matchmaking.model import Match
from domain.matchmaking.ownership import Ownership
from domain.matchmaking.pairing.matcher import Explanation, Group
from domain.matchmaking.pool import PoolKey, TicketPool
from domain.matchmaking.tick import Tick
from storage.memory.leases import SoleLeases
from storage.memory.tickets import MemoryTicketPool
from tests.support.clock import ManualClock

CHESS = PoolKey(GameId("chess"), "casual")
TICKET_MAX_S = 600


class World:
    """What the tick of a worker meets.

    games: the catalogue. spoiled: tickets that somebody else is always quicker with. proposed: the groups, in order.
    shown: what players were told, in order, with the moment. expired: tickets that waited too long.
    cancelled: those for which there was no game. elsewhere: tickets that have another one. reported: failures.
    on_propose: what else happens at each proposal.
    """

    def __init__(
        self,
        *modes: Mode,
        pool: TicketPool | None = None,
        clock: ManualClock | None = None,
        leases: Leases | None = None,
        open_large: OpenMatcher | None = None,
    ) -> None:
        self.pool, self.clock = pool or MemoryTicketPool(), clock or ManualClock()
        self.games = {CHESS.game_id: Game(id="chess", name="Chess", modes=modes or (Mode(mode="casual"),))}
        self.spoiled: set[TicketId] = set()
        self.proposed: list[Group] = []
        self.shown: list[tuple[datetime, TicketId, Explanation, PoolState]] = []
        self.expired: list[TicketId] = []
        self.cancelled: list[TicketId] = []
        self.elsewhere: set[TicketId] = set()
        self.reported: list[Exception] = []
        self.on_propose: Callable[[], None] = lambda: None
        self.ownership = Ownership(leases or SoleLeases(), self.clock)
        self.tick = Tick(
            pool=self.pool,
            games=self,
            expiry=self,
            proposals=self,
            board=self,
            ownership=self.ownership,
            clock=self.clock,
            report=lambda _, error: self.reported.append(error),
            open_large=open_large,
        )

    async def get(self, game_id: GameId) -> Game | None:
        return self.games.get(game_id)

    async def propose(self, pool: PoolKey, group: Group) -> Match | None:
        self.on_propose()
        match_id = MatchId(f"m{len(self.proposed)}-{group.ticket_ids[0]}")
        if self.spoiled & set(group.ticket_ids) or not await self.pool.claim(
            match_id, group.ticket_ids, self.clock.now()
        ):
            return None
        await self.pool.settle(match_id)
        self.proposed.append(group)
        return a_match(match_id, pool, group, self.clock.now())

    def expiry_limit(self) -> datetime:
        return self.clock.now() - seconds(TICKET_MAX_S)

    async def expire(self, ticket_id: TicketId) -> None:
        self.expired.append(ticket_id)
        await self.pool.remove([ticket_id])

    async def cancel_unplayable(self, ticket_id: TicketId) -> bool:
        if ticket_id in self.elsewhere:
            return False
        self.cancelled.append(ticket_id)
        await self.pool.remove([ticket_id])
        return True

    async def show_waiting(self, explained: Mapping[TicketId, Explanation], state: PoolState) -> None:
        self.shown += [(self.clock.now(), id, explanation, state) for id, explanation in explained.items()]

    def times_shown(self) -> Counter[TicketId]:
        """How often the players of each ticket were told."""
        return Counter(ticket_id for _, ticket_id, _, _ in self.shown)

    async def run(self, *, until_s: float, every_s: float = 1) -> None:
        """Ticks over a stretch of time."""
        for _ in range(round(until_s / every_s)):
            await self.tick.run()
            self.clock.advance(every_s)


def a_match(match_id: MatchId, pool: PoolKey, group: Group, now: datetime, **changes: Any) -> Match:
    """The match of a group."""
    ordinary: dict[str, Any] = {
        "id": match_id,
        "game_id": pool.game_id,
        "mode": pool.mode,
        "teams": group.teams,
        "players": group.players,
        "player_ids": tuple(player.user_id for player in group.players),
        "min_players": group.min_size,
        "quality": group.quality,
        "accept_by": now,
        "formed_at": now,
    }
    return Match(**{**ordinary, **changes})
