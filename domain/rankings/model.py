"""Ratings, as stored: one per player, game and mode."""

from domain.core.collection import Spec
from domain.core.ids import GameId, UserId
from domain.core.model import Document, Timestamp
from domain.games.model import ModeName
from domain.users.model import DEFAULT_MU, DEFAULT_SIGMA, Rating


class PlayerRating(Document):
    """How strong a player is in a mode of a game, as of `updated_at`, in rating points (see `users.model.Rating`).

    season: the name of the season it stands in, empty without one. matches, wins: rated ones of that season. played_at:
    the last rated match, from which decay counts. listed: the player has enough matches for the leaderboard, and was
    active when last looked at.
    """

    user_id: UserId
    game_id: GameId
    mode: ModeName
    season: str = ""
    mu: float = DEFAULT_MU
    sigma: float = DEFAULT_SIGMA
    matches: int = 0
    wins: int = 0
    played_at: Timestamp
    updated_at: Timestamp
    listed: bool = False

    @property
    def rating(self) -> Rating:
        """As it is shown."""
        return Rating.of(self.mu, self.sigma)


RATINGS = Spec(
    "ratings",
    PlayerRating,
    indexes=(("user_id",), ("game_id", "mode", "season", "listed"), ("updated_at",)),
)


def rating_id(user: UserId, game: GameId, mode: ModeName) -> str:
    """The id of that player's rating: every process makes the same, so a first match creates it only once."""
    return f"{user}:{game}:{mode}"
