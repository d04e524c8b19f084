"""The ticket pool: a rebuildable index of the tickets that wait, and the claims on them. A port."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import NewType, Protocol

from pydantic import Field

from domain.core.ids import GameId, LobbyId, MatchId, TicketId, UserId
from domain.core.model import Kept, Timestamp
from domain.games.model import ModeName
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.estimates import Waits
from domain.users.model import DEFAULT_MU, DEFAULT_SIGMA


@dataclass(frozen=True, slots=True, order=True)
class PoolKey:
    """Tickets meet in the pool of one game and mode; a ticket for several games waits in several pools."""

    game_id: GameId
    mode: ModeName


class Skill(Kept):
    """An estimate of strength and its standard deviation, in rating points."""

    mu: float = DEFAULT_MU
    sigma: float = DEFAULT_SIGMA


class PoolPlayer(Kept):
    """A player of a waiting ticket. skills: by game, in the ticket's mode.

    blocked: whom this player has blocked. avoided: recent opponents and decliners, better not met again so soon.
    """

    user_id: UserId
    skills: dict[GameId, Skill]
    karma: int = 0
    blocked: tuple[UserId, ...] = ()
    avoided: tuple[UserId, ...] = ()


def mean_rating(players: Sequence[PoolPlayer], game_id: GameId) -> float:
    """What a ticket is worth in a game, in rating points; a player without a rating there is of the default one."""
    return fmean(player.skills[game_id].mu if game_id in player.skills else DEFAULT_MU for player in players)


class Opening(Kept):
    """What a backfill ticket offers: free places in a lobby or a running match. The ticket's players sit there already.

    teams: who plays with whom there, in the order of the teams; one tuple in a match without teams. roles: who has one.
    free: how many places there are. barred: who was kicked from the lobby, and does not come back by a search.
    """

    lobby_id: LobbyId
    teams: tuple[tuple[UserId, ...], ...]
    roles: dict[UserId, str]
    free: int
    barred: tuple[UserId, ...] = ()


class PoolEntry(Kept):
    """A waiting ticket as the matcher sees it; its first player is who asked."""

    ticket_id: TicketId
    players: tuple[PoolPlayer, ...]
    criteria: Criteria
    queued_at: Timestamp
    opening: Opening | None = None

    @property
    def pools(self) -> list[PoolKey]:
        """Where this ticket waits."""
        return [PoolKey(wish.game_id, self.criteria.mode) for wish in self.criteria.games]


@dataclass(frozen=True, slots=True)
class Claim:
    """Tickets taken out of their pools for a match that is being written."""

    match_id: MatchId
    ticket_ids: tuple[TicketId, ...]


Position = NewType("Position", str)
"""A place in the log of a pool's changes; means nothing but to the pool that gave it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A ticket waits in the pool as `entry` says, or, when there is none, waits there no more."""

    ticket_id: TicketId
    entry: PoolEntry | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed up to a position, each ticket once, as it is now."""

    position: Position
    changes: tuple[Change, ...]


class PoolStatistics(Kept):
    """What the owner of a pool has learned of it, for those who show it to players.

    stretch: how much slower than at best tickets relax. waits: how long they waited of late. blockers: by rule, the
    share of the others that it refused to the tickets explained last.
    """

    stretch: float = 1.0
    waits: Waits = Waits()
    blockers: dict[str, float] = Field(default_factory=dict)


class TicketPool(Protocol):
    """Pools and claims. A ticket is waiting, claimed by one match, or unknown.

    Every change of a pool is logged, so that who has read it once need only read on. `snapshot` and `changes` may be
    behind by what happens meanwhile; `add`, `replace` and `remove` may be cut off between two tickets. All else is
    atomic.
    """

    async def add(self, *entries: PoolEntry) -> None:
        """Lets tickets wait in their pools. A claimed or waiting ticket stays as it is."""
        ...

    async def replace(self, *entries: PoolEntry) -> None:
        """Lets tickets wait as they are now, whatever they were. A claimed one does when its claim is released."""
        ...

    async def remove(self, ticket_ids: Sequence[TicketId]) -> None:
        """Forgets waiting tickets. Claimed ones are left to their claim."""
        ...

    async def pools(self) -> list[PoolKey]:
        """The pools that have tickets, in order."""
        ...

    async def size(self, pool: PoolKey) -> int:
        """How many tickets wait in one pool."""
        ...

    def snapshot(self, pool: PoolKey) -> AsyncIterator[Changes]:
        """All tickets of one pool, some at a time, in no order.

        What happens meanwhile may be seen or not; `changes` after the position, which all parts share, tell it.
        """
        ...

    async def changes(self, pool: PoolKey, after: Position) -> Changes | None:
        """What changed after a position, some hundred tickets at most: read on until there is nothing.

        None when the log does not reach back so far, or is another one, for Redis was lost: take a snapshot.
        """
        ...

    async def claim(self, match_id: MatchId, ticket_ids: Sequence[TicketId], now: datetime) -> bool:
        """Takes all the tickets out of all their pools for a match; False, and no change, unless all are waiting."""
        ...

    async def settle(self, match_id: MatchId) -> None:
        """The match is written: forgets its claim and its tickets."""
        ...

    async def release(self, match_id: MatchId, keep: Sequence[TicketId]) -> None:
        """The match is not to be: puts the tickets in `keep` back into their pools, forgets the rest and the claim."""
        ...

    async def claims(self, before: datetime) -> list[Claim]:
        """Claims made before that moment and neither settled nor released."""
        ...

    async def unknown(self, ticket_ids: Sequence[TicketId]) -> list[TicketId]:
        """Those of the tickets that are neither waiting nor claimed (after a loss of the index)."""
        ...

    async def write_statistics(self, pool: PoolKey, statistics: PoolStatistics) -> None:
        """Keeps what is known of a pool, in place of what was."""
        ...

    async def statistics(self, pool: PoolKey) -> PoolStatistics:
        """What is known of a pool; that of a pool nobody knows is nothing in particular."""
        ...
