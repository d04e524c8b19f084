"""Imports: games that the catalogue lacks come from a source, on demand or the popular ones as a job."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate
from domain.core.errors import Forbidden, RateLimited
from domain.core.ids import GameId, UserId
from domain.core.limits import Limit, RateLimits
from domain.core.model import Model
from domain.core.retries import RETRIES, pause
from domain.games.commands import FetchGames
from domain.games.games import Games
from domain.games.model import GAMES, Game, GroupSize, Mode
from domain.games.source import FoundGame, GameSource, NoGameSource
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from domain.users.model import USERS
from domain.users.names import name_key

SYNC = "games_sync"
"""The job that imports the popular games."""
SYNC_ATTEMPTS = 8
SYNC_TIMEOUT_S = 600.0
POPULAR = 500
POPULAR_AT_ONCE = 100

FETCHED = 10
FETCHED_TTL_S = 3600.0
"""The same question is not asked again for so long."""
FETCHES = Limit(10, 60.0)
"""By user, so that nobody spends the whole allowance of the source."""

LARGEST = 100

FACTS = ("aliases", "summary", "cover_url", "genres", "platforms", "release_date", "rating")
_IDS = TypeAdapter(tuple[GameId, ...])


class SyncStarted(Model):
    """The job that imports; `/admin/jobs` tells how far it is."""

    job_id: str


class GameImports:
    """Brings games from the source, if there is one, into the catalogue. What is curated here keeps what it has."""

    def __init__(
        self,
        *,
        database: Database,
        games: Games,
        source: GameSource | None,
        cache: Cache,
        limits: RateLimits,
        jobs: Jobs,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._database, self._games, self._asked, self._cache = database, games, source, cache
        self._limits, self._jobs, self._audit, self._clock = limits, jobs, audit, clock
        self._stored = database.collection(GAMES)

    async def fetch(self, user: UserId, command: FetchGames) -> list[Game]:
        """The games the source has for a text, which stand in the catalogue from now on.

        Raises `Forbidden` for guests, of whom anybody may be any number, `RateLimited`, `GameSourceUnavailable` or
        `NoGameSource`.
        """
        source = self._source()
        account = await self._database.collection(USERS).get(user)
        if account and account.guest:
            raise Forbidden("Guests may not fetch games.")
        if wait_ms := await self._limits.take(f"games_fetch:{user}", FETCHES):
            raise RateLimited(wait_ms)
        text = " ".join(name_key(command.query).split())

        async def load() -> tuple[GameId, ...]:
            return await self._take_in(await source.search(text, FETCHED))

        ids = await self._cache.get_or(f"games_fetched:{text}", load, kind=_IDS, tags=[], ttl_s=FETCHED_TTL_S)
        found = await self._stored.get_many(ids)
        return [found[id] for id in ids if id in found]

    async def start_sync(self, actor: Actor) -> SyncStarted:
        """Has the popular games imported; asking again within a minute is the same job. Raises `NoGameSource`."""
        self._source()
        key = f"{SYNC}:{self._clock.now():%FT%H:%M}"
        job = self._jobs.new(SYNC, {}, key=key)
        try:
            await self._database.commit(job, self._audit.entry("games.sync_started", actor, f"job:{job.document.id}"))
        except Duplicate:
            running = await self._database.collection(JOBS).find_one({"key": key})
            return SyncStarted(job_id=running.id if running else job.document.id)
        return SyncStarted(job_id=job.document.id)

    async def sync(self, job: Job) -> None:
        """Imports the popular games, page by page. Idempotent."""
        for offset in range(0, POPULAR, POPULAR_AT_ONCE):
            found = await self._source().popular(offset, POPULAR_AT_ONCE)
            await self._take_in(found)
            await self._jobs.progress(job, (offset + POPULAR_AT_ONCE) / POPULAR)
            if len(found) < POPULAR_AT_ONCE:
                break

    def _source(self) -> GameSource:
        if self._asked is None:
            raise NoGameSource
        return self._asked

    async def _take_in(self, found: Sequence[FoundGame]) -> tuple[GameId, ...]:
        """Brings the catalogue up to date; the ids of the games there, in their order."""
        taken = [await self._take(one) for one in found]
        if any(changed for _, changed in taken):
            await self._games.changed()
        return tuple(dict.fromkeys(id for id, _ in taken))

    async def _take(self, found: FoundGame) -> tuple[GameId, bool]:
        """The id of the game in the catalogue, and whether something has changed there."""
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            known = await self._known(found)
            try:
                if known is None:
                    game = await self._new(found)
                    await self._stored.insert(game)
                    return GameId(game.id), True
                game = _updated(known, found)
                if game == known:
                    return GameId(known.id), False
                if await self._stored.replace(game) is not None:
                    return GameId(game.id), True
            except Duplicate:
                continue  # another instance was quicker with the same game
        raise RuntimeError(f"the import of {found.slug} meets others again and again")

    async def _known(self, found: FoundGame) -> Game | None:
        """The game of the catalogue that this is: by its id there, or by name if somebody here wrote it down."""
        if game := await self._stored.find_one({"igdb_id": found.id}):
            return game
        named = await self._stored.find({"name_key": name_key(found.name)}, limit=5)
        return next((game for game in named if game.curated and game.igdb_id is None), None)

    async def _new(self, found: FoundGame) -> Game:
        taken = await self._stored.get(found.slug) is not None
        return Game(
            id=f"{found.slug[:50]}-{found.id}" if taken else found.slug,
            name=found.name,
            **{fact: getattr(found, fact) for fact in FACTS},
            popularity=found.popularity,
            modes=_modes(found),
            external_ids={"igdb": found.id},
            curated=False,
        )


def _updated(known: Game, found: FoundGame) -> Game:
    """The game with what the source says; what is curated is only filled in."""
    said: dict[str, Any] = {fact: getattr(found, fact) for fact in FACTS}
    kept = {fact: getattr(known, fact) for fact in FACTS if getattr(known, fact)} if known.curated else {}
    return Game(
        id=known.id,
        version=known.version,
        name=known.name if known.curated else found.name,
        **{**said, **kept},
        popularity=known.popularity if known.curated else found.popularity,
        modes=known.modes,
        external_ids={**(known.external_ids or {}), "igdb": found.id},
        curated=known.curated,
    )


def _modes(found: FoundGame) -> tuple[Mode, ...]:
    """How a game can be played of which no more is known than how many play together."""
    if found.players is None:
        return ()
    size = GroupSize(min=2, max=max(2, min(found.players, LARGEST)))
    return (Mode(mode="casual", group_size=size), Mode(mode="custom", group_size=size))
