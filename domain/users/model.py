"""The user as stored, and as shown to others (`PublicUser`)."""

from typing import Literal, Self, get_args

from pydantic import Field

from domain.core.collection import Spec
from domain.core.ids import GameId, MediaId, UserId
from domain.core.model import Document, Kept, Model, Timestamp

Role = Literal["user", "moderator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the one that may do least to the one that may do most."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Competitiveness = Literal["casual", "balanced", "competitive"]
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


class PlayTime(Kept):
    """Hours of a day of the week in which a player likes to play, in UTC."""

    day: Day
    from_hour: int
    to_hour: int


class Preferences(Kept):
    """What a player likes to play, where, when and with whom.

    research: whether searches may be recorded, without any name, to be replayed under other rules.
    """

    competitiveness: Competitiveness = "balanced"
    games: tuple[PreferredGame, ...] = ()
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    play_times: tuple[PlayTime, ...] = ()
    research: bool = False


class User(Document):
    """An account. A guest has neither email nor password; the `_key` fields are what uniqueness goes by.

    search_keys: what others find the user by, see `search_keys_of`. phone, gender, birth_year: for the user's own eyes.
    erase_at: when a deleted account is erased; until then its user may have it back.
    former_hashes: of the passwords before this one. epoch: raised to end all sessions and mailed links of before.
    identities: the providers by which the user may log in (domain/auth/external.py has who they are there).
    status_until: when a suspension or a ban is over, which may then still stand in `status` for some seconds.
    returns_as: what a deleted account's sanctions come to, which is its status once it is back.
    muted_until: by the server's moderators, in every channel.
    """

    email: str | None = None
    email_key: str | None = None
    email_verified: bool = False
    username: str
    username_key: str
    display_name: str
    search_keys: tuple[str, ...] = ()
    bio: str | None = None
    avatar_id: MediaId | None = None
    phone: str | None = None
    gender: str | None = None
    birth_year: int | None = None
    password_hash: str | None = Field(default=None, repr=False)
    former_hashes: tuple[str, ...] = Field(default=(), repr=False)
    epoch: int = 0
    guest: bool = False
    roles: tuple[Role, ...] = ("user",)
    identities: tuple[str, ...] = ()
    status: Status = "active"
    status_until: Timestamp | None = None
    returns_as: Status = "active"
    muted_until: Timestamp | None = None
    karma: int = 0
    preferences: Preferences = Preferences()
    game_profiles: tuple[GameProfile, ...] = ()
    created_at: Timestamp
    deleted_at: Timestamp | None = None
    erase_at: Timestamp | None = None

    @property
    def avatar_url(self) -> str | None:
        """Where the user's picture is to be had."""
        return f"/api/v1/avatars/{self.avatar_id}" if self.avatar_id else None

    @property
    def role(self) -> Role:
        """The role that may do most."""
        return max(self.roles, key=ROLES.index)


USERS = Spec(
    name="users",
    model=User,
    unique=(("email_key",), ("username_key",)),
    indexes=(("status", "guest", "search_keys"), ("status", "erase_at"), ("roles",)),
    sealed=("phone", "gender", "birth_year"),
)


def user_tag(user: str) -> str:
    """The tag of cached answers in which the user's public profile stands: who changes it invalidates that tag."""
    return f"user:{user}"


class PublicUser(Model):
    """A user as others see them. avatarUrl, bio: missing where there is none, or the user shows it to others only."""

    id: UserId
    username: str
    display_name: str
    avatar_url: str | None
    bio: str | None
    karma: int
    created_at: Timestamp
