"""The catalogue: games and the modes they are played in."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from domain.core.collection import Spec
from domain.core.model import Document, Model
from domain.games.rating import RatingRules
from domain.games.rules import RuleSet

ModeName = Literal["casual", "competitive", "ranked", "custom"]
RATED: frozenset[ModeName] = frozenset({"competitive", "ranked"})
"""Modes whose results change ratings when teams play in them, unless the catalogue says otherwise."""

Count = Annotated[int, Field(ge=1, le=100)]


class GroupSize(Model):
    """How many players a match may have when it is one group."""

    min: Count
    max: Count

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class Teams(Model):
    """Teams of a match; `roles` says how many of each a team needs, of its `size` players."""

    count: Count
    size: Count
    roles: dict[str, Count] | None = None

    @model_validator(mode="after")
    def _roles_fit(self) -> Self:
        if self.roles and sum(self.roles.values()) > self.size:
            raise ValueError("roles must fit into size")
        return self


def _opposed(teams: Teams | None) -> bool:
    return teams is not None and teams.count > 1


class Mode(Model):
    """A way to play a game: in teams, or else as one group. matching: how its players are found.

    rated: whether results change ratings; by default in competitive and ranked, where teams play against one another. A
    group without teams may be a squad that plays together: only the catalogue knows that it is each for themselves.
    reported_by: whose word of a match's end counts. rating: how ratings live on. replace_leavers: whether the lobby of
    a match asks for another player by itself when it loses one.
    """

    mode: ModeName
    group_size: GroupSize | None = None
    teams: Teams | None = None
    matching: RuleSet = RuleSet()
    rated: bool = Field(default_factory=lambda given: given["mode"] in RATED and _opposed(given["teams"]))
    reported_by: Literal["anyone", "server"] = "anyone"
    replace_leavers: bool = False
    rating: RatingRules = RatingRules()


class Game(Document):
    """A game of the catalogue; its id is a slug. popularity: 0 to 100, higher is listed first."""

    name: str
    summary: str | None = None
    cover_url: str | None = None
    genres: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    release_date: str | None = None
    rating: float | None = None
    popularity: float = 0.0
    modes: tuple[Mode, ...]
    external_ids: dict[str, str] | None = None

    def mode(self, name: ModeName) -> Mode | None:
        """How the game is played in that mode, if it has it."""
        return next((mode for mode in self.modes if mode.mode == name), None)

    def wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"version"})


GAMES = Spec(name="games", model=Game, indexes=(("popularity",),))
