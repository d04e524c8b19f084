"""A pool's matcher as its owner works with it, wherever it runs: here, a slice at a time, or in a child process."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from domain.core.ids import TicketId
from domain.games.model import Mode
from domain.matchmaking.pairing.matcher import Explanation, Group, Matcher
from domain.matchmaking.pool import Change, PoolKey


class PoolMatcher(Protocol):
    """As `Matcher`, but each method may take its time, and raises `MatcherLost` when the matcher is gone."""

    async def apply(self, changes: Sequence[Change]) -> None:
        """Tickets wait, or wait no more."""
        ...

    async def free(self, ticket_ids: Sequence[TicketId]) -> None:
        """Tickets of groups that came to nothing wait again."""
        ...

    def groups(self, now: datetime) -> AsyncGenerator[Group, None]:
        """The groups that can be formed now."""
        ...

    async def explain(self, ticket_ids: Sequence[TicketId], now: datetime) -> dict[TicketId, Explanation]:
        """Why tickets wait."""
        ...

    async def stretch(self, now: datetime) -> float:
        """How much slower than at best tickets relax."""
        ...

    async def close(self) -> None:
        """Lets go of the pool."""
        ...


class MatcherLost(Exception):
    """The process of a matcher has ended. Make another one and tell it everything."""


OpenMatcher = Callable[[PoolKey, Mode], Awaitable[PoolMatcher]]


class InlineMatcher(PoolMatcher):
    """A matcher in this process. The loop goes on at least every 10 ms."""

    def __init__(self, key: PoolKey, mode: Mode) -> None:
        self._matcher = Matcher(key, mode)

    async def apply(self, changes: Sequence[Change]) -> None:
        self._matcher.put(change.entry for change in changes if change.entry)
        self._matcher.drop(change.ticket_id for change in changes if not change.entry)

    async def free(self, ticket_ids: Sequence[TicketId]) -> None:
        self._matcher.free(ticket_ids)

    async def groups(self, now: datetime) -> AsyncGenerator[Group, None]:
        for group in self._matcher.groups(now):
            if group is None:
                await asyncio.sleep(0)
            else:
                yield group

    async def explain(self, ticket_ids: Sequence[TicketId], now: datetime) -> dict[TicketId, Explanation]:
        return self._matcher.explain(ticket_ids, now)

    async def stretch(self, now: datetime) -> float:
        return self._matcher.stretch(now)

    async def close(self) -> None:
        pass


async def open_inline(key: PoolKey, mode: Mode) -> PoolMatcher:
    """A matcher in this process."""
    return InlineMatcher(key, mode)
