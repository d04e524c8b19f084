"""Admission: what must be known before a search begins: that the criteria can be met, and who the players are."""

from collections.abc import Sequence

from domain.core.clock import Clock
from domain.core.errors import ValidationFailed
from domain.core.ids import UserId
from domain.games.games import Games
from domain.games.model import Mode
from domain.matchmaking.acquaintances import Acquaintances
from domain.matchmaking.criteria import Criteria, GroupSize
from domain.matchmaking.feasibility import faults_of
from domain.matchmaking.pool import PoolPlayer, Skill
from domain.matchmaking.sizes import group_size
from domain.rankings.rankings import Rankings


class Admission:
    """Who may begin a search, and as what."""

    def __init__(self, *, rankings: Rankings, games: Games, acquaintances: Acquaintances, clock: Clock) -> None:
        self._rankings, self._games, self._acquaintances, self._clock = rankings, games, acquaintances, clock

    async def check(self, criteria: Criteria, size: int) -> None:
        """Raises `ValidationFailed` with all that the catalogue cannot meet. size: of the party."""
        wished = {wish.game_id: await self._games.get(wish.game_id) for wish in criteria.games}
        games = {game_id: game for game_id, game in wished.items() if game is not None}
        found = faults_of(criteria, size, games, self._clock.now())
        if found:
            raise ValidationFailed(found)

    async def playable(self, criteria: Criteria) -> bool:
        """Whether one of the games can be played in that mode now."""
        games = [await self._games.get(wish.game_id) for wish in criteria.games]
        return any(game.playable(criteria.mode) for game in games if game)

    async def most_together(self, criteria: Criteria) -> int:
        """How many players one ticket with these criteria may have."""
        limits = [1] * len(criteria.games)
        for number, wish in enumerate(criteria.games):
            game = await self._games.get(wish.game_id)
            mode = game.playable(criteria.mode) if game else None
            if mode is not None and (sizes := group_size(criteria, mode)) is not None:
                limits[number] = _most_together(mode, sizes)
        return min(limits)

    async def players(self, user_ids: Sequence[UserId], criteria: Criteria) -> tuple[PoolPlayer, ...]:
        """The players as the matcher sees them."""
        ratings = await self._rankings.skills_of(user_ids, [wish.game_id for wish in criteria.games], criteria.mode)
        players = [
            PoolPlayer(
                user_id=user,
                skills={game: Skill(mu=rating.mu, sigma=rating.sigma) for game, rating in ratings[user].items()},
            )
            for user in user_ids
        ]
        return await self._acquaintances.introduce(players, criteria.mode)


def _most_together(mode: Mode, sizes: GroupSize) -> int:
    """The largest party: it is on one team, or in the one group."""
    return mode.teams.size if mode.teams else sizes.max
