"""The user as stored, and as shown to others (`PublicUser`) and to themselves (`Me`)."""

from typing import Literal, Self, get_args

from pydantic import Field

from domain.core.collection import Spec
from domain.core.ids import GameId, UserId
from domain.core.model import Document, Kept, Model, Timestamp

Role = Literal["user", "moderator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the one that may do least to the one that may do most."""

Status = Literal["active", "suspended", "banned", "deleted"]

DEFAULT_MU = 1500.0
DEFAULT_SIGMA = 500.0


class Rating(Kept):
    """How strong a player is in one game, in rating points.

    mu: the estimate. sigma: its standard deviation. ordinal: the strength the player has very likely reached, what
    leaderboards sort by: mu - 3 sigma (the TrueSkill rank of Herbrich et al., 2006).
    """

    mu: float = DEFAULT_MU
    sigma: float = DEFAULT_SIGMA
    ordinal: float = DEFAULT_MU - 3 * DEFAULT_SIGMA

    @classmethod
    def of(cls, mu: float, sigma: float) -> Self:
        """The rating with that estimate and deviation."""
        return cls(mu=mu, sigma=sigma, ordinal=mu - 3 * sigma)


class GameProfile(Kept):
    """What a player is in one game."""

    game_id: GameId
    in_game_name: str | None = None
    rank: str | None = None
    skill_level: int | None = None
    updated_at: Timestamp


class PreferredGame(Kept):
    """A game a player likes; `weight` 1 to 10 says how much."""

    game_id: GameId
    weight: int


class Preferences(Kept):
    """What a player likes to play, where and with whom.

    research: whether searches may be recorded, without any name, to be replayed under other rules.
    """

    competitiveness: Literal["casual", "balanced", "competitive"] = "balanced"
    games: tuple[PreferredGame, ...] = ()
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    research: bool = False


class User(Document):
    """An account. A guest has neither email nor password; the `_key` fields are what uniqueness goes by.

    identities: the providers by which the user may log in (domain/auth/external.py has who they are there).
    """

    email: str | None = None
    email_key: str | None = None
    email_verified: bool = False
    username: str
    username_key: str
    display_name: str
    password_hash: str | None = Field(default=None, repr=False)
    guest: bool = False
    roles: tuple[Role, ...] = ("user",)
    identities: tuple[str, ...] = ()
    status: Status = "active"
    karma: int = 0
    preferences: Preferences = Preferences()
    game_profiles: tuple[GameProfile, ...] = ()
    created_at: Timestamp

    @property
    def role(self) -> Role:
        """The role that may do most."""
        return max(self.roles, key=ROLES.index)


USERS = Spec(name="users", model=User, unique=(("email_key",), ("username_key",)))


class PublicUser(Model):
    """A user as everybody sees them."""

    id: UserId
    username: str
    display_name: str
    karma: int
    created_at: Timestamp


class GameProfileView(GameProfile):
    """What a player is in one game, with their rating in the mode they played last."""

    rating: Rating


class Me(PublicUser):
    """A user as they see themselves."""

    email: str | None
    email_verified: bool
    guest: bool
    roles: tuple[Role, ...]
    identities: tuple[str, ...]
    status: Status
    preferences: Preferences
    game_profiles: tuple[GameProfileView, ...]
