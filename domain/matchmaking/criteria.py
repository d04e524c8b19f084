"""What a player looks for: the criteria of a ticket, the same over Socket.IO and REST."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from domain.core.ids import GameId, UserId
from domain.core.model import ID_SHAPE, Command
from domain.games.model import ModeName

Preference = Literal["strict", "preferred", "any"]

Region = Annotated[str, Field(min_length=2, max_length=16, pattern=r"^[A-Za-z0-9-]+$"), AfterValidator(str.upper)]
Language = Annotated[str, Field(min_length=2, max_length=16, pattern=r"^[A-Za-z0-9-]+$"), AfterValidator(str.lower)]


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


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

    Tickets meet when they share the mode and a game, agree on a group size, and, where one of them is strict, on a
    region and a language (compared without regard to case; which ones there are is the studio's choice).
    `skillPreference: similar` bounds the rating distance, wider the longer the ticket waits.
    """

    games: list[GameWish] = Field(min_length=1, max_length=5)
    mode: ModeName
    group_size: GroupSize | None = None
    regions: Annotated[list[Region], AfterValidator(_distinct)] = Field(default_factory=list, max_length=10)
    region_preference: Preference = "preferred"
    languages: Annotated[list[Language], AfterValidator(_distinct)] = Field(default_factory=list, max_length=10)
    language_preference: Preference = "any"
    skill_preference: Literal["similar", "any"] = "similar"
    party: list[UserId] = Field(default_factory=list, max_length=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({wish.game_id for wish in self.games}) < len(self.games):
            raise ValueError("games must not repeat a game")
        if self.region_preference == "strict" and not self.regions:
            raise ValueError("regionPreference strict needs at least one region")
        if self.language_preference == "strict" and not self.languages:
            raise ValueError("languagePreference strict needs at least one language")
        return self
