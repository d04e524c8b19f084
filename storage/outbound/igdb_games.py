"""Games in IGDB's shape (https://api-docs.igdb.com, `games`), read into ours. Pure."""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.games.source import FoundGame

FIELDS = (
    "name,slug,summary,alternative_names.name,cover.image_id,genres.slug,platforms.slug,first_release_date,"
    "total_rating,total_rating_count,game_modes.slug,multiplayer_modes.onlinemax,multiplayer_modes.onlinecoopmax"
)
COVER_URL = "https://images.igdb.com/igdb/image/upload/t_cover_big/{}.jpg"

PLAYED_TOGETHER = frozenset({"multiplayer", "co-operative", "massively-multiplayer-online-mmo", "battle-royale"})
MOST_UNKNOWN = 10
"""How many play together where IGDB says only that they do."""

TAGS = {
    "role-playing-rpg": "rpg",
    "real-time-strategy-rts": "rts",
    "turn-based-strategy-tbs": "tbs",
    "sport": "sports",
    "hack-and-slash-beat-em-up": "beat-em-up",
    "card-and-board-game": "card",
    "win": "pc",
    "linux": "linux",
    "mac": "mac",
    "ps4--1": "playstation",
    "ps5": "playstation",
    "ps3": "playstation",
    "xboxone": "xbox",
    "series-x-s": "xbox",
    "xbox360": "xbox",
    "switch": "switch",
    "switch-2": "switch",
    "android": "android",
    "ios": "ios",
}
"""Our words for some of theirs; the others stay as they are."""

_IMAGE = re.compile(r"[A-Za-z0-9_]{1,64}")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")


class _Said(BaseModel):
    """What IGDB says; whatever else it says is passed over."""

    model_config = ConfigDict(extra="ignore")


class _Named(_Said):
    name: str = ""


class _Tagged(_Said):
    slug: str = ""


class _Cover(_Said):
    image_id: str = ""


class _Multiplayer(_Said):
    onlinemax: int = 0
    onlinecoopmax: int = 0


class _Game(_Said):
    id: int
    name: str
    slug: str
    summary: str | None = None
    alternative_names: list[_Named] = []
    cover: _Cover | None = None
    genres: list[_Tagged] = []
    platforms: list[_Tagged] = []
    first_release_date: int | None = None
    total_rating: float | None = None
    total_rating_count: int = 0
    game_modes: list[_Tagged] = []
    multiplayer_modes: list[_Multiplayer] = []


def games_of(answer: Any) -> Sequence[FoundGame]:
    """The games of an answer, without those that make no sense; raises `ValueError` when it is no list."""
    if not isinstance(answer, list):
        raise ValueError("not a list")
    return list(_readable(answer))


def _readable(items: Sequence[Any]) -> Iterator[FoundGame]:
    for item in items:
        try:
            game = _Game.model_validate(item)
        except ValidationError:
            continue
        slug, name = _slug(game.slug) or f"igdb-{game.id}", _text(game.name, 120)
        if name:
            yield _found(game, slug, name)


def _found(game: _Game, slug: str, name: str) -> FoundGame:
    names = dict.fromkeys(_text(other.name, 120) for other in game.alternative_names)
    return FoundGame(
        id=str(game.id),
        slug=slug,
        name=name,
        aliases=tuple(other for other in names if other and other != name)[:20],
        summary=_text(game.summary or "", 2000) or None,
        cover_url=COVER_URL.format(game.cover.image_id)
        if game.cover and _IMAGE.fullmatch(game.cover.image_id)
        else None,
        genres=_tags(game.genres),
        platforms=_tags(game.platforms),
        release_date=_day(game.first_release_date),
        rating=round(game.total_rating, 1) if game.total_rating and 0 <= game.total_rating <= 100 else None,
        popularity=_popularity(game.total_rating_count),
        players=_players(game),
    )


def _text(value: str, most: int) -> str:
    return _UNPRINTABLE.sub("", value).strip()[:most].rstrip()


def _slug(value: str) -> str:
    plain = normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_SLUG.sub("-", plain).strip("-")[:64].rstrip("-")


def _tags(tagged: Sequence[_Tagged]) -> tuple[str, ...]:
    """Each tag once, sorted."""
    tags = {TAGS.get(tag.slug, _slug(tag.slug)[:40].rstrip("-")) for tag in tagged}
    return tuple(sorted(tags - {""}))[:20]


def _day(unix: int | None) -> str | None:
    try:
        return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d}" if unix is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _popularity(ratings: int) -> float:
    """0 to 60, by the order of magnitude of how many have rated it; what is kept by hand stands above."""
    return round(min(60.0, 15 * math.log10(1 + max(0, ratings))), 1)


def _players(game: _Game) -> int | None:
    """The most that play together online; None where it is played alone."""
    most = max((max(one.onlinemax, one.onlinecoopmax) for one in game.multiplayer_modes), default=0)
    if most > 1:
        return most
    return MOST_UNKNOWN if PLAYED_TOGETHER & {mode.slug for mode in game.game_modes} else None
