"""What a party looks for together follows its members. A port: the matchmaking, which knows tickets, answers it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.core.collection import Write
from domain.core.errors import AppError
from domain.parties.model import LeaveReason, Party


class MatchPending(AppError):
    """A match is proposed to the party; join when it has been answered."""

    code, status, retry = "MATCH_PENDING", 409, True


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Following:
    """writes: to be made in the commit that changes the party. done: to be awaited after it."""

    writes: Sequence[Write] = ()
    done: Callable[[], Awaitable[None]] = _nothing


class Search(Protocol):
    """The search of a party, if it has one."""

    async def follow(self, before: Party, after: Party, reason: LeaveReason) -> Following:
        """What the change means for the search; raises `MatchPending` or another reason why nobody can join now.

        reason: why those have left who did.
        """
        ...
