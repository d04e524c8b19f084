"""Admission: what must be known before a search begins: that the criteria can be met, and who the players are."""

import asyncio
from collections.abc import Sequence

from domain.core.errors import ValidationFailed
from domain.core.ids import UserId
from domain.games.games import Games
from domain.games.model import Mode
from domain.matchmaking.compatibility import group_size
from domain.matchmaking.criteria import Criteria, GroupSize
from domain.matchmaking.pool import PoolPlayer, Skill
from domain.users.users import Users


class Admission:
    """Who may begin a search, and as what."""

    def __init__(self, *, users: Users, games: Games) -> None:
        self._users, self._games = users, games

    async def check(self, criteria: Criteria, size: int) -> None:
        """Raises `ValidationFailed` unless every game knows the mode and takes the group size and `size` players."""
        found = []
        for number, wish in enumerate(criteria.games):
            game = await self._games.get(wish.game_id)
            mode = game.mode(criteria.mode) if game else None
            if game is None:
                found.append(_fault(f"games.{number}.gameId", "unknown game; see GET /api/v1/games"))
            elif mode is None:
                known = ", ".join(mode.mode for mode in game.modes)
                found.append(_fault("mode", f"{wish.game_id} has no such mode; it has: {known}"))
            elif (sizes := group_size(criteria, mode)) is None:
                found.append(_fault("groupSize", f"{wish.game_id} {criteria.mode} has no such group size"))
            elif size > (most := _most_together(mode, sizes)):
                found.append(_fault("party", f"{wish.game_id} {criteria.mode} takes parties of at most {most}"))
        if found:
            raise ValidationFailed(found)

    async def most_together(self, criteria: Criteria) -> int:
        """How many players one ticket with these criteria may have."""
        limits = [1] * len(criteria.games)
        for number, wish in enumerate(criteria.games):
            game = await self._games.get(wish.game_id)
            mode = game.mode(criteria.mode) if game else None
            if mode is not None and (sizes := group_size(criteria, mode)) is not None:
                limits[number] = _most_together(mode, sizes)
        return min(limits)

    async def players(self, user_ids: Sequence[UserId], criteria: Criteria) -> tuple[PoolPlayer, ...]:
        """The players as the matcher sees them."""
        ratings = await asyncio.gather(*map(self._users.ratings_of, user_ids))
        return tuple(
            PoolPlayer(user_id=user, skills={wish.game_id: Skill(mu=mus[wish.game_id]) for wish in criteria.games})
            for user, mus in zip(user_ids, ratings, strict=True)
        )


def _most_together(mode: Mode, sizes: GroupSize) -> int:
    """The largest party: it is on one team, or in the one group."""
    return mode.teams.size if mode.teams else sizes.max


def _fault(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
