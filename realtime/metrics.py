"""What Prometheus sees of transports, matchmaking and jobs. Labels come from small sets: no client can invent one."""

import asyncio
from typing import NoReturn

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.core.cache import CacheMetrics
from domain.games.source import Outcome as CallOutcome
from domain.games.source import SourceMetrics
from domain.jobs.metrics import JobMetrics
from domain.jobs.metrics import Outcome as JobOutcome
from domain.jobs.model import JobStatus
from domain.matchmaking.metrics import MatchmakingMetrics, Outcome
from domain.matchmaking.pool import PoolKey

HANDLER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
TICK_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
WAIT_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800)
JOB_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 600)
CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LAG_EVERY_S = 0.25
SUCCESS = "success"
UNKNOWN = "(unknown)"
"""Stands for every name that is not ours."""


class Metrics:
    """The series of the realtime and REST transports, kept in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sockets = Gauge("maoga_sockets", "Clients connected now", ["namespace"], registry=registry)
        self._connects = Counter("maoga_connects", "CONNECTs by outcome", ["namespace", "outcome"], registry=registry)
        self._disconnects = Counter(
            "maoga_disconnects", "Disconnects by reason", ["namespace", "reason"], registry=registry
        )
        self._malformed = Counter(
            "maoga_malformed", "Connections closed for a frame that made no sense", ["kind"], registry=registry
        )
        self._events_in = Counter(
            "maoga_events_in", "Events from clients", ["namespace", "event", "outcome"], registry=registry
        )
        self._handler_seconds = Histogram(
            "maoga_handler_seconds",
            "Time to handle an event",
            ["namespace", "event"],
            buckets=HANDLER_BUCKETS,
            registry=registry,
        )
        self._events_out = Counter("maoga_events_out", "Events sent, once per client", ["event"], registry=registry)
        self._out: dict[str, Counter] = {}
        self._http: dict[tuple[str, str, int], Histogram] = {}
        self._http_seconds = Histogram(
            "maoga_http_seconds",
            "Time to answer an HTTP request",
            ["method", "route", "status"],
            buckets=HANDLER_BUCKETS,
            registry=registry,
        )
        self._loop_lag = Histogram(
            "maoga_loop_lag_seconds", "How late the event loop runs a timer", buckets=LAG_BUCKETS, registry=registry
        )
        self._tasks = Gauge("maoga_tasks", "asyncio tasks there are now", registry=registry)

    def connected(self, namespace: str) -> None:
        """A client was let in."""
        self._connects.labels(namespace, "accepted").inc()
        self._sockets.labels(namespace).inc()

    def connect_refused(self, namespace: str, code: str) -> None:
        """A client was refused with that error code."""
        self._connects.labels(namespace, code).inc()

    def disconnected(self, namespace: str, reason: str) -> None:
        """A client that was let in is gone."""
        self._disconnects.labels(namespace, reason).inc()
        self._sockets.labels(namespace).dec()

    def malformed(self, kind: str) -> None:
        """A connection was closed for a frame or packet that made no sense."""
        self._malformed.labels(kind).inc()

    def event_refused(self, namespace: str, code: str) -> None:
        """An event was refused before anybody looked at its name."""
        self._events_in.labels(namespace, UNKNOWN, code).inc()

    def figures_of(self, namespace: str, event: str) -> "EventFigures":
        """What is counted of one event from clients."""
        return EventFigures(self._events_in, self._handler_seconds, namespace, event)

    def event_out(self, event: str, clients: int) -> None:
        """An event was sent to so many clients."""
        counter = self._out.get(event)
        if counter is None:
            counter = self._out[event] = self._events_out.labels(event)
        counter.inc(clients)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered. route: the pattern, not the path."""
        series = self._http.get((method, route, status))
        if series is None:
            series = self._http[method, route, status] = self._http_seconds.labels(method, route, str(status))
        series.observe(seconds)

    async def watch_loop(self) -> NoReturn:
        """Measures for ever how late the event loop is, and how many tasks it has."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._loop_lag.observe(max(0.0, loop.time() - due))
            self._tasks.set(len(asyncio.all_tasks(loop)))


class EventFigures:
    """What is counted of one event from clients: finding a series by its labels costs more than counting."""

    __slots__ = ("_counters", "_events_in", "_labels", "_seconds")

    def __init__(self, events_in: Counter, seconds: Histogram, namespace: str, event: str) -> None:
        self._events_in, self._labels = events_in, (namespace, event)
        self._seconds = seconds.labels(namespace, event)
        self._counters: dict[str, Counter] = {}

    def add(self, outcome: str, seconds: float) -> None:
        """An event was handled: `outcome` is success or an error code."""
        counter = self._counters.get(outcome)
        if counter is None:
            counter = self._counters[outcome] = self._events_in.labels(*self._labels, outcome)
        counter.inc()
        self._seconds.observe(seconds)


class MatchmakingFigures(MatchmakingMetrics):
    """The series of the matchmaking. Each pool is served by one worker, so that sums over all instances are right.

    Pools exist for games and modes of the catalogue only.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tickets = Gauge(
            "maoga_pool_tickets", "Tickets waiting in the pools served here", ["game", "mode"], registry=registry
        )
        self._matches = Counter("maoga_matches", "Groups and matches by outcome", ["outcome"], registry=registry)
        self._tick_seconds = Histogram(
            "maoga_tick_seconds", "Time to serve a pool once", ["game", "mode"], buckets=TICK_BUCKETS, registry=registry
        )
        self._wait_seconds = Histogram(
            "maoga_match_wait_seconds",
            "How long tickets waited for a proposed match",
            buckets=WAIT_BUCKETS,
            registry=registry,
        )

    def match(self, outcome: Outcome) -> None:
        self._matches.labels(outcome).inc()

    def ticked(self, pool: PoolKey, tickets: int, seconds: float) -> None:
        self._tickets.labels(pool.game_id, pool.mode).set(tickets)
        self._tick_seconds.labels(pool.game_id, pool.mode).observe(seconds)

    def left(self, pool: PoolKey) -> None:
        self._tickets.remove(pool.game_id, pool.mode)

    def waited(self, seconds: float) -> None:
        self._wait_seconds.observe(seconds)


class JobFigures(JobMetrics):
    """The series of the jobs. Kinds are those with a handler. One worker counts the queue, so sums are right."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Gauge("maoga_jobs", "Jobs in the queue", ["kind", "status"], registry=registry)
        self._attempts = Counter("maoga_job_attempts", "Attempts by outcome", ["kind", "outcome"], registry=registry)
        self._seconds = Histogram(
            "maoga_job_seconds", "Time an attempt took", ["kind"], buckets=JOB_BUCKETS, registry=registry
        )

    def ended(self, kind: str, outcome: JobOutcome, seconds: float) -> None:
        self._attempts.labels(kind, outcome).inc()
        self._seconds.labels(kind).observe(seconds)

    def counted(self, kind: str, status: JobStatus, jobs: int) -> None:
        self._jobs.labels(kind, status).set(jobs)

    def uncounted(self) -> None:
        self._jobs.clear()


class CacheFigures(CacheMetrics):
    """The series of the cache. Areas are those the code has."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._asked = Counter("maoga_cache_asked", "Answers by outcome", ["area", "outcome"], registry=registry)
        self._failed = Counter("maoga_cache_failed", "Times the cache did not answer", registry=registry)

    def hit(self, area: str) -> None:
        self._asked.labels(area, "hit").inc()

    def missed(self, area: str) -> None:
        self._asked.labels(area, "miss").inc()

    def failed(self) -> None:
        self._failed.inc()


class SourceFigures(SourceMetrics):
    """The series of the source that games are imported from."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter("maoga_game_source_calls", "Calls by outcome", ["outcome"], registry=registry)
        self._seconds = Histogram(
            "maoga_game_source_seconds", "Time a call took", buckets=CALL_BUCKETS, registry=registry
        )

    def called(self, outcome: CallOutcome, seconds: float) -> None:
        self._calls.labels(outcome).inc()
        self._seconds.observe(seconds)
