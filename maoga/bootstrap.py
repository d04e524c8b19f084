"""The composition root: opens the storage, and lets go of it again."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from loguru import logger
from pydantic import SecretStr

from domain.core.clock import Clock, SystemClock
from domain.core.faults import arm
from domain.core.images import MediaStore
from domain.core.streams import StreamLog
from maoga.assembly.build import build
from maoga.backup import schedule as schedule_backups
from maoga.core import SPECS, Core
from maoga.keys import sealing
from maoga.migrate import migrator
from maoga.settings import Settings
from maoga.watch import Watch
from storage.documents.factory import open_database
from storage.documents.sqlite import DatabaseInUse
from storage.media.folder import FolderStore
from storage.media.s3 import S3Address, open_s3
from storage.memory.streams import MemoryStreams
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.streams import RedisStreams

__all__ = ["CannotStart", "Core", "open_core"]

UNWATCHED = Watch()


class CannotStart(Exception):
    """What stands in the way of a start; the text names the setting to change."""


@contextmanager
def _starting(setting: str, url: SecretStr) -> Iterator[None]:
    """Turns whatever goes wrong inside into one line that names the setting and the place, without the password."""
    try:
        yield
    except DatabaseInUse as error:
        raise CannotStart(str(error)) from error
    except Exception as error:
        place = url.get_secret_value().rpartition("@")[2].partition("?")[0]
        reason = str(error.__cause__ or error).partition("\n")[0] or type(error).__name__
        raise CannotStart(f"{setting} ({place}): {reason[:300]}") from error


@asynccontextmanager
async def open_core(
    settings: Settings,
    clock: Clock | None = None,
    watch: Watch = UNWATCHED,
) -> AsyncIterator[Core]:
    """Opens the storage and builds the use cases on it; lets go of the storage at the end."""
    arm(settings.fault_point)
    with _starting("MAOGA_REDIS_URL", settings.redis_url):
        redis = open_redis(settings.redis_url.get_secret_value(), timeout_s=settings.redis_timeout_s)
    redis.metrics = watch.storage
    watch.storage.shares("redis", redis)
    try:
        with _starting("MAOGA_REDIS_URL", settings.redis_url):
            await redis.ping()
        with _starting("MAOGA_DATABASE_URL", settings.database_url):
            await _admit(settings)
            database = await open_database(
                settings.database_url.get_secret_value(),
                SPECS,
                timeout_s=settings.database_timeout_s,
                pool_size=settings.database_pool_size,
                sealing=sealing(settings),
                metrics=watch.storage,
            )
        try:
            clock = clock or SystemClock()
            async with _open_streams(settings, clock, redis) as streams, _open_store(settings) as store:
                core = build(
                    settings,
                    clock,
                    database,
                    redis,
                    streams,
                    store=store,
                    watch=watch,
                )
                schedule_backups(core.runner, settings, clock)
                yield core
        finally:
            await database.close()
    finally:
        await redis.aclose()


async def _admit(settings: Settings) -> None:
    """Sees to it that the database suits this version; raises `CannotServe` when it does not."""
    async with migrator(settings) as migrating:
        # In staging and production a rollout migrates, before it starts servers.
        state = await migrating.admit(apply=settings.sqlite or not settings.hardened)
    if state.unknown:
        logger.warning("a newer version has migrated the database; this one can work on it meanwhile")


@asynccontextmanager
async def _open_streams(settings: Settings, clock: Clock, redis: Client) -> AsyncIterator[StreamLog]:
    size, age_s = settings.stream_log_size, settings.stream_log_age_s
    if settings.redis_in_process:
        yield MemoryStreams(clock, size=size, age_s=age_s)
        return
    async with RedisStreams(redis, size=size, age_s=age_s) as streams:
        yield streams


@asynccontextmanager
async def _open_store(settings: Settings) -> AsyncIterator[MediaStore]:
    """Where images are kept."""
    if settings.media_url is None:
        yield FolderStore(settings.images_path)
        return
    async with AsyncExitStack() as stack:
        with _starting("MAOGA_MEDIA_URL", SecretStr(settings.media_url)):
            store = await stack.enter_async_context(open_s3(S3Address.parse(settings.media_url)))
        yield store
