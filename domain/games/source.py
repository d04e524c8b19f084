"""Where games are imported from. A port."""

from collections.abc import Sequence
from typing import Literal, Protocol

from domain.core.errors import AppError
from domain.core.model import Kept

Outcome = Literal["ok", "failed", "limited", "broken"]
"""What came of a call. limited: it had no turn in time. broken: not made at all, for the last ones have failed."""


class GameSourceUnavailable(AppError):
    """The source that games are imported from does not answer; try again later."""

    code, status, retry = "GAME_SOURCE_UNAVAILABLE", 503, True


class NoGameSource(AppError):
    """This server imports no games."""

    code, status = "NO_GAME_SOURCE", 404


class FoundGame(Kept):
    """A game as a source knows it.

    id: the source's. slug: what it is called there in addresses. players: the most that play together online, if that
    is known; missing where nobody does.
    """

    id: str
    slug: str
    name: str
    aliases: tuple[str, ...] = ()
    summary: str | None = None
    cover_url: str | None = None
    genres: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    release_date: str | None = None
    rating: float | None = None
    popularity: float = 0.0
    players: int | None = None


class GameSource(Protocol):
    """A source of games. Both calls raise `GameSourceUnavailable`."""

    async def search(self, text: str, limit: int) -> Sequence[FoundGame]:
        """Games whose names have to do with a text, the best first."""
        ...

    async def popular(self, offset: int, limit: int) -> Sequence[FoundGame]:
        """Of the games that are played together, the best known behind the first `offset`."""
        ...


class SourceMetrics:
    """What operators see of the source. A port; this one drops what it is told."""

    def called(self, outcome: Outcome, seconds: float) -> None:
        """A call came to its end after so long."""


UNWATCHED = SourceMetrics()
