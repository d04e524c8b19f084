"""What is asked of the catalogue."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from domain.core.ids import GameId
from domain.core.model import Command, Text
from domain.core.paging import PageQuery
from domain.games.model import Mode, ModeName
from domain.games.rules import Name

Sort = Literal["popularity", "name"]

Tag = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""A genre or platform, as in `battle-royale`."""

SLUG = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
ExternalId = Annotated[Text, Field(min_length=1, max_length=64)]
Title = Annotated[Text, Field(min_length=1, max_length=120)]


class GameQuery(PageQuery):
    """Which games: those that have all of this. query: words of the name or another name, the last as far as typed."""

    query: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    genre: Tag | None = None
    platform: Tag | None = None
    mode: ModeName | None = None
    sort: Sort = "popularity"


class TrendingQuery(Command):
    """How many of the games that are played most now."""

    limit: int = Field(default=10, ge=1, le=50)


class FetchGames(Command):
    """Asks for games that the catalogue may not have yet."""

    query: Annotated[Text, Field(min_length=2, max_length=100)]


class GameFields(Command):
    """All that those who keep the catalogue say of a game."""

    name: Title
    aliases: Annotated[list[Title], Field(max_length=20)] = Field(default_factory=list)
    summary: Annotated[Text, Field(max_length=2000)] | None = None
    cover_url: Annotated[str, Field(max_length=500, pattern=r"^https://[!-~]+$")] | None = None
    genres: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    platforms: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    release_date: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")] | None = None
    rating: Annotated[float, Field(ge=0, le=100)] | None = None
    popularity: Annotated[float, Field(ge=0, le=100)] = 0.0
    modes: Annotated[list[Mode], Field(max_length=4)] = Field(default_factory=list)
    external_ids: Annotated[dict[Name, ExternalId], Field(max_length=10)] = Field(default_factory=dict)

    @field_validator("modes")
    @classmethod
    def _each_mode_once(cls, modes: list[Mode]) -> list[Mode]:
        if len({mode.mode for mode in modes}) < len(modes):
            raise ValueError("must name each mode once")
        return modes


class AddGame(GameFields):
    """Adds a game under an id of its own, a slug."""

    id: Annotated[GameId, SLUG]


class ReplaceGame(GameFields):
    """Says anew all of a game. version: the one this was made from; without it the last word counts."""

    version: Annotated[int, Field(ge=1)] | None = None
