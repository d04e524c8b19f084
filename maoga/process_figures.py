"""What Prometheus sees of the process: what it is, what it leans on, what it has room for, and its errors."""

from importlib.metadata import version
from os import sysconf
from pathlib import Path
from platform import python_version
from shutil import disk_usage
from typing import TYPE_CHECKING

from loguru import logger
from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
)

from domain.core.collection import StorageConflict
from domain.core.errors import Unavailable
from domain.core.watch import Lane, StorageMetrics
from maoga.figures import Few
from maoga.settings import Settings

if TYPE_CHECKING:
    from loguru import Message

STORAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
MOST_ERRORS, MOST_COMMANDS = 100, 64
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def registry_of(settings: Settings, registry: CollectorRegistry | None = None) -> CollectorRegistry:
    """A registry, new or given, with the figures that every process has."""
    registry = registry or CollectorRegistry()
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        registry.register(collector)
    what = {"version": version("maoga"), "python": python_version(), "role": settings.role}
    Gauge("maoga_build_info", "What runs here; always 1", [*what], registry=registry).labels(**what).set(1)
    Gauge("maoga_memory_limit_bytes", "Memory that this process may use", registry=registry).set(memory_limit())
    free = Gauge("maoga_disk_free_bytes", "Free where the server keeps its files (var_dir)", registry=registry)
    whole = Gauge("maoga_disk_bytes", "Size of the same", registry=registry)
    free.set_function(lambda: disk_usage(settings.var_dir).free if settings.var_dir.exists() else 0)
    whole.set_function(lambda: disk_usage(settings.var_dir).total if settings.var_dir.exists() else 0)
    return registry


def memory_limit() -> int:
    """Bytes that this process may use: its container's limit, or the machine's memory."""
    machine = sysconf("SC_PHYS_PAGES") * sysconf("SC_PAGE_SIZE")
    limits = [file.read_text().strip() for file in CGROUP_LIMITS if file.exists()]
    return min([machine, *(int(limit) for limit in limits if limit.isdigit())])


class ErrorFigures:
    """Counts what is logged: lines by level, and exceptions by class."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lines = Counter("maoga_log_lines", "Lines logged, by level", ["level"], registry=registry)
        self._errors = Counter("maoga_errors", "Exceptions logged, by class", ["error"], registry=registry)
        self._names = Few(MOST_ERRORS)

    def listen(self) -> int:
        """Counts from now on; what ends it when loguru's `remove` is given it."""
        return logger.add(self._count, level="INFO", format="", backtrace=False, diagnose=False)

    def _count(self, message: "Message") -> None:
        record = message.record
        self._lines.labels(record["level"].name).inc()
        if (cause := record["exception"]) is not None and cause.type is not None:
            self._errors.labels(self._names(cause.type.__name__)).inc()


class CheckFigures:
    """The series of the health checks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._up = Gauge("maoga_check_up", "Whether a health check passes (1) or not (0)", ["check"], registry=registry)

    def checked(self, check: str, passes: bool) -> None:
        """A check came out so."""
        self._up.labels(check).set(passes)


class StorageFigures(StorageMetrics):
    """The series of MongoDB (or SQLite) and Redis, and a log line for what is slow.

    slow_ms: from so long on an operation is logged; 0 for never. debug: each is, with what it asks.
    """

    def __init__(self, registry: CollectorRegistry, slow_ms: int, *, debug: bool = False) -> None:
        self._debug = debug
        self._slow_s = slow_ms / 1000 if slow_ms else float("inf")
        self._documents = Histogram(
            "maoga_database_seconds",
            "Time of operations on documents, waits and retries among it",
            ["operation", "outcome"],
            buckets=STORAGE_BUCKETS,
            registry=registry,
        )
        self._slow = Counter(
            "maoga_database_slow", "Those that were logged as slow", ["collection", "operation"], registry=registry
        )
        self._redis = Histogram(
            "maoga_redis_seconds",
            "Time of Redis commands and scripts, waits and retries among it",
            ["command", "outcome"],
            buckets=STORAGE_BUCKETS,
            registry=registry,
        )
        self._used = Gauge("maoga_connections_used", "Connections calls have now", ["storage"], registry=registry)
        self._most = Gauge("maoga_connections_most", "Connections there can be", ["storage"], registry=registry)
        self._waiting = Gauge(
            "maoga_connections_awaited", "Calls that wait for a connection", ["storage"], registry=registry
        )
        self._commands = Few(MOST_COMMANDS)
        self._series: dict[tuple[Histogram, str, str], Histogram] = {}

    def queried(
        self, collection: str, operation: str, seconds: float, question: object, failure: BaseException | None
    ) -> None:
        self._observe(self._documents, operation, seconds, failure)
        if self._debug:
            logger.debug("{} of {}: {!r} took {:.1f} ms", operation, collection, question, seconds * 1000)
        if seconds >= self._slow_s:
            self._slow.labels(collection, operation).inc()
            asked = sorted(question) if isinstance(question, dict) else None
            fields = logger.bind(collection=collection, operation=operation, ms=round(seconds * 1000, 1), asked=asked)
            fields.warning("slow query: {} of {} took {:.0f} ms", operation, collection, seconds * 1000)

    def commanded(self, command: str, seconds: float, failure: BaseException | None) -> None:
        self._observe(self._redis, self._commands(command), seconds, failure)

    def shares(self, storage: str, lane: Lane) -> None:
        self._used.labels(storage).set_function(lambda: lane.used)
        self._most.labels(storage).set_function(lambda: lane.most)
        self._waiting.labels(storage).set_function(lambda: lane.waiting)

    def _observe(self, histogram: Histogram, name: str, seconds: float, failure: BaseException | None) -> None:
        key = histogram, name, _outcome(failure)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = histogram.labels(*key[1:])
        series.observe(seconds)


def _outcome(failure: BaseException | None) -> str:
    match failure:
        case None:
            return "ok"
        case StorageConflict():
            return "conflict"
        case Unavailable():
            return "unavailable"
        case Exception():
            return "error"
        case _:
            return "cancelled"
