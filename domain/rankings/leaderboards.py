"""The leaderboards: a rebuildable index of ratings by their ordinal. A port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.core.ids import GameId, UserId
from domain.games.model import ModeName


@dataclass(frozen=True, slots=True)
class Board:
    """Players of one game, mode and season (empty without one)."""

    game_id: GameId
    mode: ModeName
    season: str


class Leaderboards(Protocol):
    """Players of each board, the highest ordinal first; the lower id (the older account) where two are equal."""

    async def put(self, board: Board, ordinals: Mapping[UserId, float]) -> None:
        """Enters players, or moves them to another place."""
        ...

    async def remove(self, board: Board, users: Sequence[UserId]) -> None:
        """Takes players off."""
        ...

    async def page(self, board: Board, start: int, count: int) -> list[UserId]:
        """At most `count` players from that place on; the first place is 0."""
        ...

    async def place(self, board: Board, user: UserId) -> int | None:
        """The player's place, None for who is not on it."""
        ...

    async def size(self, board: Board) -> int:
        """How many players are on it."""
        ...
