"""The catalogue: reading it, from memory for a second and for as long as the database is away."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.core.cache import Cache
from domain.core.cached import Cached, CachedReads
from domain.core.clock import Clock
from domain.core.collection import After, Database, Filter
from domain.core.errors import NotFound
from domain.core.ids import GameId
from domain.core.paging import Page, after, cursor_of
from domain.games.commands import GameQuery, Sort
from domain.games.model import GAMES, Game
from domain.users.words import having

TTL_S = 1.0
"""So late at most the other instances see a change."""

PAGE_TTL_S = 60.0
PAGE = 500
CATALOGUE_TAG = "games"
"""The tag of every answer that was made from the catalogue."""

_PAGE_KIND = TypeAdapter(tuple[Game, ...])
_FIELDS: Mapping[Sort, str] = {"popularity": "popularity", "name": "name_key"}
_ORDERS: Mapping[Sort, str] = {"popularity": "-popularity", "name": "name_key"}
_ANY_NAME = re.compile(r"[^\x00-\x1f]{1,160}")


class Games:
    """Reads of the catalogue. Single games come from this process's memory, pages also from the cache of all."""

    def __init__(self, database: Database, clock: Clock, cache: Cache) -> None:
        self._collection, self._cache = database.collection(GAMES), cache
        self._games = CachedReads(self._collection, clock, ttl_s=TTL_S)

    async def get(self, game_id: GameId) -> Game | None:
        """The game, if the catalogue has it."""
        return (await self._games.get(game_id)).value

    async def read(self, game_id: GameId) -> Cached[Game]:
        """The game, for somebody who asks for it by name; raises `NotFound`."""
        found = await self._games.get(game_id)
        if found.value is None:
            raise NotFound("There is no such game.")
        return Cached(found.value, found.stale)

    async def all(self) -> tuple[Game, ...]:
        """The whole catalogue, by id."""
        games: tuple[Game, ...] = ()
        while True:
            behind = (games[-1].id, games[-1].id) if games else None
            page = (await self._games.find({}, limit=PAGE, after=behind)).value
            games += page
            if len(page) < PAGE:
                return games

    async def search(self, query: GameQuery) -> Cached[Page[Game]]:
        """A page of what the catalogue has of the kind that is asked for, the most popular or the first by name first.

        Raises `ValidationFailed` for a cursor of another list.
        """
        text = query.sort == "name"
        start = after(query.cursor, str, text=_ANY_NAME) if text else after(query.cursor, float)
        wanted = _filter(query)
        if wanted is None:
            return Cached(Page([], None))
        found = await self._page(query, wanted, start)
        games = list(found.value[: query.limit])
        more = len(found.value) > len(games)
        next_cursor = cursor_of(getattr(games[-1], _FIELDS[query.sort]), games[-1].id) if more else None
        return Cached(Page(games, next_cursor), found.stale)

    async def changed(self) -> None:
        """The catalogue was changed: nobody is shown the old one any more, elsewhere after `TTL_S`."""
        self._games.forget()
        await self._cache.invalidate(CATALOGUE_TAG)

    async def _page(self, query: GameQuery, wanted: Filter, start: After | None) -> Cached[tuple[Game, ...]]:
        async def load() -> tuple[Game, ...]:
            order = _ORDERS[query.sort]
            return tuple(await self._collection.find(wanted, sort=order, limit=query.limit + 1, after=start))

        key = f"games:{query.wire_json().decode()}"
        return await self._games.read(
            key, lambda: self._cache.get_or(key, load, kind=_PAGE_KIND, tags=[CATALOGUE_TAG], ttl_s=PAGE_TTL_S)
        )


def _filter(query: GameQuery) -> Filter | None:
    """What is asked for; None for a query without a word in it, which nothing has."""
    asked = {"genres": query.genre, "platforms": query.platform, "mode_names": query.mode}
    wanted: dict[str, Any] = {field: value for field, value in asked.items() if value is not None}
    if query.query is None:
        return wanted
    words = having(query.query)
    return None if words is None else {**wanted, **words}
