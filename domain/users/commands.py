"""What users ask of their own accounts, and of others' names."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.core.ids import GameId
from domain.core.model import ID_SHAPE, Command, Text
from domain.core.paging import PageQuery
from domain.core.tags import Languages, Regions, distinct
from domain.users.model import Competitiveness, Day
from domain.users.names import Bio, DisplayName, Username, cleaned, name_key

Phone = Annotated[
    str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="a telephone number in E.164, as in `+4930123456`")
]
Gender = Annotated[Text, Field(min_length=1, max_length=32), AfterValidator(cleaned)]
GameText = Annotated[Text, Field(min_length=1, max_length=64), AfterValidator(cleaned)]


class UpdateProfile(Command):
    """What changes; the rest stays. null takes a field away. phone, gender, birthYear are shown to nobody else."""

    username: Username = ""
    display_name: DisplayName = ""
    bio: Bio | None = None
    phone: Phone | None = None
    gender: Gender | None = None
    birth_year: Annotated[int, Field(ge=1900, le=2100)] | None = None


class GameLiked(Command):
    """A game the player likes; `weight` 1 to 10 says how much."""

    game_id: Annotated[GameId, ID_SHAPE]
    weight: int = Field(default=5, ge=1, le=10)


class TimeLiked(Command):
    """Hours of a day of the week, in UTC."""

    day: Day
    from_hour: int = Field(ge=0, le=23)
    to_hour: int = Field(ge=1, le=24)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_hour >= self.to_hour:
            raise ValueError("fromHour must be before toHour")
        return self


def _each_game_once(games: list[GameLiked]) -> list[GameLiked]:
    distinct([game.game_id for game in games])
    return games


class UpdatePreferences(Command):
    """What changes; the rest stays. research: searches may be recorded, without any name, for a simulation."""

    competitiveness: Competitiveness = "balanced"
    games: Annotated[list[GameLiked], AfterValidator(_each_game_once), Field(max_length=20)] = Field(
        default_factory=list
    )
    regions: Regions = Field(default_factory=list)
    languages: Languages = Field(default_factory=list)
    play_times: list[TimeLiked] = Field(default_factory=list, max_length=21)
    research: bool = False


class SetGameProfile(Command):
    """What the player is in a game, in their own words. skillLevel: 0 to 100."""

    in_game_name: GameText | None = None
    rank: GameText | None = None
    skill_level: Annotated[int, Field(ge=0, le=100)] | None = None


class AddDevice(Command):
    """Names a device that notifications can be pushed to. token: the one its push service gave it."""

    token: Annotated[str, Field(min_length=8, max_length=4096, pattern=r"^[\x21-\x7e]+$")] = Field(repr=False)
    platform: Literal["ios", "android", "web"]
    name: GameText | None = None


class UserSearch(PageQuery):
    """Whom to look for: how a username, a display name or a word of it begins, whatever its case."""

    query: Annotated[Text, Field(min_length=2, max_length=32), AfterValidator(cleaned), AfterValidator(name_key)]


class AvatarQuery(Command):
    """How large a picture is to be: no side is longer than so many pixels."""

    size: Literal["64", "256"] = "256"
