"""What a player looks for: the criteria of a ticket, the same over Socket.IO and REST."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from domain.core.ids import GameId, UserId
from domain.core.model import ID_SHAPE, Command, Moment
from domain.core.tags import Language, Region, distinct
from domain.games.model import ModeName
from domain.games.rules import Name, Word

Preference = Literal["strict", "preferred", "any"]


def _one_fault(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """What is neither of three kinds has one fault, not three."""
    try:
        return handler(value)
    except ValidationError:
        raise ValueError(
            "must be a number from -1e9 to 1e9, a text of 1 to 64 characters, none of them a control character, or a "
            "list of at most 32 different texts"
        ) from None


def _each_once(value: Any) -> Any:
    if isinstance(value, dict) and len({str(name).upper() for name in value}) < len(value):
        raise ValueError("must not name a region twice")
    return value


Latency = Annotated[int, Field(ge=0, le=10_000)]
Words = Annotated[list[Word], AfterValidator(distinct)]
Attribute = Annotated[
    Annotated[float, Field(ge=-1e9, le=1e9)] | Word | Annotated[Words, Field(max_length=32)],
    WrapValidator(_one_fault),
]


class GameWish(Command):
    """One game a player would play; `weight` 1 to 10 says how gladly."""

    game_id: Annotated[GameId, ID_SHAPE]
    weight: int = Field(default=5, ge=1, le=10)


class GroupSize(Command):
    """How many players a match may have, the player included."""

    min: int = Field(ge=2, le=100)
    max: int = Field(ge=2, le=100)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class Criteria(Command):
    """The criteria of a ticket.

    Tickets meet if they share the mode and a game, agree on a group size, and break no rule of each other.

    groupSize: what the mode allows, unless given. regions, languages: compared without regard to case; which ones there
    are is the studio's choice. A `strict` preference holds for ever, a `preferred` one for some seconds, `any` binds
    nobody. skillPreference: `similar` bounds the distance of ratings, more widely the longer the ticket waits. party:
    the user ids of the other members. roles: those each player of the ticket would play, any if empty. scheduledAt:
    when the search begins, at most 7 days ahead. latencyMs: as the client measured it, by region; a region that is left
    out was not measured. attributes: what the rules of the game's mode speak of, by name.
    """

    games: list[GameWish] = Field(min_length=1, max_length=5)
    mode: ModeName
    group_size: GroupSize | None = None
    regions: Annotated[list[Region], AfterValidator(distinct)] = Field(default_factory=list, max_length=10)
    region_preference: Preference = "preferred"
    languages: Annotated[list[Language], AfterValidator(distinct)] = Field(default_factory=list, max_length=10)
    language_preference: Preference = "any"
    skill_preference: Literal["similar", "any"] = "similar"
    party: Annotated[list[Annotated[UserId, ID_SHAPE]], AfterValidator(distinct)] = Field(
        default_factory=list, max_length=99
    )
    roles: Annotated[list[Name], AfterValidator(distinct)] = Field(default_factory=list, max_length=16)
    scheduled_at: Moment | None = None
    latency_ms: Annotated[dict[Region, Latency], BeforeValidator(_each_once)] = Field(
        default_factory=dict, max_length=32
    )
    attributes: dict[Name, Attribute] = Field(default_factory=dict, max_length=16)

    @field_validator("games")
    @classmethod
    def _each_game_once(cls, games: list[GameWish]) -> list[GameWish]:
        if len({wish.game_id for wish in games}) < len(games):
            raise ValueError("must not repeat a game")
        return games

    @field_validator("region_preference", "language_preference")
    @classmethod
    def _names_some(cls, preference: Preference, info: ValidationInfo) -> Preference:
        named = "regions" if info.field_name == "region_preference" else "languages"
        if preference == "strict" and not info.data.get(named, [""]):
            raise ValueError(f"strict needs at least one of {named}")
        return preference
