"""The use cases of ratings: reading them as they are now, and what a result makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock
from domain.core.collection import Database, Insert, Replace, Write
from domain.core.ids import GameId, UserId
from domain.games.games import Games
from domain.games.model import Game, Mode, ModeName
from domain.games.rating import RatingRules
from domain.rankings.model import RATINGS, PlayerRating, rating_id
from domain.rankings.seasons import at, season_at
from domain.rankings.skill import rated
from domain.users.model import Rating, User

MOST_RATINGS = 1000
"""Of one player, over all games and modes."""


@dataclass(frozen=True, slots=True)
class Side:
    """Who played together, a lone player or a team, and their rank: lower is better, equal ones drew."""

    players: tuple[UserId, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class RatingChange:
    """What a match does to one rating, and the write that stores it if nobody else has changed it meanwhile."""

    before: Rating
    after: PlayerRating
    write: Write


class Rankings:
    """Ratings: one per player, game and mode. Who has none yet has that of a new player."""

    def __init__(self, database: Database, games: Games, clock: Clock) -> None:
        self._ratings = database.collection(RATINGS)
        self._games, self._clock = games, clock

    async def skills_of(
        self, users: Sequence[UserId], games: Sequence[GameId], mode: ModeName
    ) -> dict[UserId, dict[GameId, Rating]]:
        """Each player's rating in each of the games, as they play that mode.

        A mode that is not rated goes by the rated mode of the game in which the player was last seen.
        """
        found = {game_id: await self._games.get(game_id) for game_id in games}
        modes = {game_id: _rated_modes(game, mode) for game_id, game in found.items()}
        ids = [rating_id(user, game, mode.mode) for user in users for game in games for mode in modes[game]]
        stored = await self._ratings.get_many(ids)
        now = self._clock.now()
        return {user: {game: _latest(stored, user, game, modes[game], now) for game in games} for user in users}

    async def last_played(self, user: User) -> dict[GameId, Rating]:
        """The user's rating in each game that they have a profile and a rating in, of the mode last played."""
        ratings: dict[GameId, Rating] = {}
        if user.game_profiles:
            stored = await self._ratings.find({"user_id": user.id}, limit=MOST_RATINGS)
            now = self._clock.now()
            for rating in sorted(stored, key=lambda rating: rating.played_at):
                ratings[rating.game_id] = at(rating, await self._rules_of(rating), now).rating
        return ratings

    async def changes(self, game: GameId, mode: Mode, sides: Sequence[Side]) -> list[RatingChange]:
        """What a match with that outcome makes of its players' ratings, to be written in one commit with it."""
        users = [user for side in sides for user in side.players]
        stored = await self._ratings.get_many([rating_id(user, game, mode.mode) for user in users])
        now = self._clock.now()
        before = {
            user: at(stored.get(rating_id(user, game, mode.mode)) or _new(user, game, mode, now), mode.rating, now)
            for user in users
        }
        after = rated([[before[user].rating for user in side.players] for side in sides], [side.rank for side in sides])
        drawn = len({side.rank for side in sides}) == 1
        first = min(side.rank for side in sides)
        return [
            _change(before[user], rating, mode, won=side.rank == first and not drawn, known=before[user].id in stored)
            for side, ratings in zip(sides, after, strict=True)
            for user, rating in zip(side.players, ratings, strict=True)
        ]

    async def _rules_of(self, rating: PlayerRating) -> RatingRules:
        game = await self._games.get(rating.game_id)
        mode = game.mode(rating.mode) if game else None
        return mode.rating if mode else RatingRules()


def _rated_modes(game: Game | None, wanted: ModeName) -> list[Mode]:
    rated_modes = [mode for mode in game.modes if mode.rated] if game else []
    return [mode for mode in rated_modes if mode.mode == wanted] or rated_modes


def _latest(
    stored: dict[str, PlayerRating], user: UserId, game: GameId, modes: Sequence[Mode], now: datetime
) -> Rating:
    found = [(rating, mode) for mode in modes if (rating := stored.get(rating_id(user, game, mode.mode))) is not None]
    if not found:
        return Rating()
    rating, mode = max(found, key=lambda pair: pair[0].played_at)
    return at(rating, mode.rating, now).rating


def _new(user: UserId, game: GameId, mode: Mode, now: datetime) -> PlayerRating:
    return PlayerRating(
        id=rating_id(user, game, mode.mode),
        user_id=user,
        game_id=game,
        mode=mode.mode,
        season=season_at(mode.rating, now),
        played_at=now,
        updated_at=now,
    )


def _change(before: PlayerRating, rating: Rating, mode: Mode, *, won: bool, known: bool) -> RatingChange:
    matches = before.matches + 1
    after = before.changed(
        mu=rating.mu,
        sigma=rating.sigma,
        matches=matches,
        wins=before.wins + won,
        played_at=before.updated_at,
        listed=matches >= mode.rating.listed_from,
    )
    write: Write = Replace(RATINGS, after) if known else Insert(RATINGS, after)
    return RatingChange(before.rating, after, write)
