"""The catalogue: games and the modes they are played in."""

from typing import Annotated, Literal, Self
from unicodedata import combining, normalize

from pydantic import Field, model_validator

from domain.core.collection import Spec
from domain.core.ids import GameId
from domain.core.model import Document, Model
from domain.games.rating import RatingRules
from domain.games.rules import Entry, Name, RuleSet
from domain.users.names import name_key
from domain.users.words import words_of

ModeName = Literal["casual", "competitive", "ranked", "custom"]
RATED: frozenset[ModeName] = frozenset({"competitive", "ranked"})
"""Modes whose results change ratings when teams play in them, unless the catalogue says otherwise."""

MOST_PLAYERS = 100
"""Of a match."""

Count = Annotated[int, Field(ge=1, le=MOST_PLAYERS)]


class GroupSize(Entry):
    """How many players a match may have when it is one group."""

    min: Count
    max: Count

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class Teams(Entry):
    """Teams of a match, of 100 players together at most; `roles` says how many of each a team needs, of its `size`."""

    count: Count
    size: Count
    roles: Annotated[dict[Name, Count], Field(max_length=16)] | None = None

    @model_validator(mode="after")
    def _all_fit(self) -> Self:
        if self.count * self.size > MOST_PLAYERS:
            raise ValueError(f"count times size must not exceed {MOST_PLAYERS}")
        if self.roles and sum(self.roles.values()) > self.size:
            raise ValueError("roles must fit into size")
        return self


def _opposed(teams: Teams | None) -> bool:
    return teams is not None and teams.count > 1


class Mode(Entry):
    """A way to play a game: in teams, or else as one group. matching: how its players are found.

    enabled: whether new games of it may begin. What has begun goes on; who waits for one is told, and waits no more.
    rated: whether results change ratings; by default in competitive and ranked, where teams play against one another. A
    group without teams may be a squad that plays together: only the catalogue knows that it is each for themselves.
    reported_by: whose word of a match's end counts. rating: how ratings live on. replace_leavers: whether the lobby of
    a match asks for another player by itself when it loses one.
    """

    mode: ModeName
    enabled: bool = True
    group_size: GroupSize | None = None
    teams: Teams | None = None
    matching: RuleSet = RuleSet()
    rated: bool = Field(default_factory=lambda given: given["mode"] in RATED and _opposed(given["teams"]))
    reported_by: Literal["anyone", "server"] = "anyone"
    replace_leavers: bool = False
    rating: RatingRules = RatingRules()


class Game(Document):
    """A game of the catalogue; its id is a slug.

    aliases: other names it is found by. rating: of its critics and players, 0 to 100. popularity: 0 to 100, higher is
    listed first. externalIds: by source, as `igdb`. curated: whether somebody here answers for it, so that an import
    only fills in what is missing.

    igdb_id, name_key, words and mode_names follow from the rest; it is found and sorted by them.
    """

    name: str
    aliases: tuple[str, ...] = ()
    summary: str | None = None
    cover_url: str | None = None
    genres: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    release_date: str | None = None
    rating: float | None = None
    popularity: float = 0.0
    modes: tuple[Mode, ...]
    external_ids: dict[str, str] | None = None
    curated: bool = True
    igdb_id: str | None = Field(default_factory=lambda given: (given["external_ids"] or {}).get("igdb"))
    name_key: str = Field(default_factory=lambda given: name_key(given["name"]))
    words: tuple[str, ...] = Field(default_factory=lambda given: _found_by(given["name"], *given["aliases"]))
    mode_names: tuple[ModeName, ...] = Field(
        default_factory=lambda given: tuple(mode.mode for mode in given["modes"] if mode.enabled)
    )

    def mode(self, name: ModeName) -> Mode | None:
        """How the game is played in that mode, if it has it, be it enabled or not."""
        return next((mode for mode in self.modes if mode.mode == name), None)

    def playable(self, name: ModeName) -> Mode | None:
        """How the game is played in that mode, if new games of it may begin."""
        mode = self.mode(name)
        return mode if mode and mode.enabled else None


def _found_by(*names: str) -> tuple[str, ...]:
    """The words of the names, with and without their accents."""
    plain = ("".join(c for c in normalize("NFKD", name) if not combining(c)) for name in names)
    return words_of(" ".join([*names, *plain]))


GAMES = Spec(
    name="games",
    model=Game,
    unique=(("igdb_id",),),
    indexes=(
        *(("popularity",), ("name_key",)),
        *(("words", "popularity"), ("genres", "popularity"), ("platforms", "popularity"), ("mode_names", "popularity")),
    ),
)


class GameView(Model):
    """A game of the catalogue as everybody sees it, with the modes it can be played in now."""

    id: GameId
    name: str
    aliases: tuple[str, ...]
    summary: str | None
    cover_url: str | None
    genres: tuple[str, ...]
    platforms: tuple[str, ...]
    release_date: str | None
    rating: float | None
    popularity: float
    modes: tuple[Mode, ...]
    external_ids: dict[str, str] | None


class CatalogueEntry(GameView):
    """A game as those see it who keep the catalogue: all its modes, and its version, which a change may name."""

    curated: bool
    version: int


def game_view(game: Game) -> GameView:
    """The game as everybody sees it."""
    shown = {name: getattr(game, name) for name in GameView.model_fields}
    return GameView(**{**shown, "modes": tuple(mode for mode in game.modes if mode.enabled)})


def catalogue_entry(game: Game) -> CatalogueEntry:
    """The game as those see it who keep the catalogue."""
    return CatalogueEntry(**{name: getattr(game, name) for name in CatalogueEntry.model_fields})
