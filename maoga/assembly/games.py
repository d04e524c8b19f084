"""Puts the use cases of the catalogue together."""

from dataclasses import dataclass

from domain.audit.audit import Audit
from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.limits import RateLimits
from domain.games.catalogue import Catalogue
from domain.games.games import Games
from domain.games.imports import SYNC, SYNC_ATTEMPTS, SYNC_TIMEOUT_S, GameImports
from domain.games.source import GameSource, SourceMetrics
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.trending import Trending
from maoga.settings import Settings
from storage.outbound.igdb import Igdb, IgdbConfig
from storage.redis.client import Client
from storage.redis.rate_limits import RedisRateLimits


@dataclass(frozen=True, slots=True)
class CatalogueCases:
    """All that has to do with the catalogue but reading single games."""

    catalogue: Catalogue
    imports: GameImports
    trending: Trending


def build_catalogue(
    settings: Settings,
    *,
    database: Database,
    redis: Client,
    games: Games,
    cache: Cache,
    limits: RateLimits,
    pool: TicketPool,
    jobs: Jobs,
    runner: JobRunner,
    audit: Audit,
    clock: Clock,
    metrics: SourceMetrics,
) -> CatalogueCases:
    """The use cases on open storage; their jobs are known to the runner."""
    imports = GameImports(
        database=database,
        games=games,
        source=_source(settings, redis, metrics),
        cache=cache,
        limits=limits,
        jobs=jobs,
        audit=audit,
        clock=clock,
    )
    runner.handle(SYNC, imports.sync, max_attempts=SYNC_ATTEMPTS, timeout_s=SYNC_TIMEOUT_S)
    return CatalogueCases(
        catalogue=Catalogue(database, games, audit),
        imports=imports,
        trending=Trending(database, games, pool, cache),
    )


def _source(settings: Settings, redis: Client, metrics: SourceMetrics) -> GameSource | None:
    if settings.igdb_client_id is None:
        return None
    config = IgdbConfig(
        client_id=settings.igdb_client_id,
        client_secret=settings.igdb_client_secret.get_secret_value(),
        api_url=settings.igdb_url.rstrip("/"),
        token_url=settings.igdb_token_url,
    )
    return Igdb(config, RedisRateLimits(redis), metrics)  # IGDB's limit is the same however ours are scaled
