"""What Prometheus sees of the use cases and the storage. Labels come from small sets: no client can invent one."""

from loguru import logger
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.chat.metrics import ChatMetrics
from domain.chat.model import ContentType
from domain.core.cache import CacheMetrics
from domain.core.watch import StorageMetrics
from domain.games.source import Outcome as CallOutcome
from domain.games.source import SourceMetrics
from domain.jobs.metrics import JobMetrics
from domain.jobs.metrics import Outcome as JobOutcome
from domain.jobs.model import Job, JobStatus
from domain.lobbies.metrics import LobbyMetrics, Origin
from domain.lobbies.model import CloseReason, LobbyStatus
from domain.matchmaking.metrics import MatchmakingMetrics, Outcome
from domain.matchmaking.pool import PoolKey
from domain.notifications.metrics import NotificationMetrics
from domain.notifications.metrics import Outcome as NotificationOutcome
from domain.presence.activity import Active, ActivityMetrics
from maoga.watch import Watch

TICK_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
WAIT_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800)
QUALITY_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
JOB_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 600)
CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OTHER = "other"
MOST_GAMES = 100


def watch_in(registry: CollectorRegistry, storage: StorageMetrics) -> Watch:
    """The ports whose series are in the registry."""
    return Watch(
        matchmaking=MatchmakingFigures(registry),
        lobbies=LobbyFigures(registry),
        chat=ChatFigures(registry),
        notifications=NotificationFigures(registry),
        activity=ActivityFigures(registry),
        jobs=JobFigures(registry),
        cache=CacheFigures(registry),
        source=SourceFigures(registry),
        storage=storage,
    )


class Few:
    """Lets the first so many values through; each that comes later is `other`."""

    def __init__(self, most: int) -> None:
        self._most, self._known = most, set[str]()

    def __call__(self, value: str) -> str:
        """The value, or `other`."""
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


class MatchmakingFigures(MatchmakingMetrics):
    """The series of the matchmaking. Each pool is served by one worker, so that sums over all instances are right.

    Pools exist for games and modes of the catalogue only; beyond the first `MOST_GAMES` games, `other` has their sum.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tickets = Gauge(
            "maoga_pool_tickets", "Tickets waiting in the pools served here", ["game", "mode"], registry=registry
        )
        self._matches = Counter("maoga_matches", "Groups and matches by outcome", ["outcome"], registry=registry)
        self._quality = Histogram(
            "maoga_match_quality",
            "Overall quality of proposed matches, 0 to 1",
            buckets=QUALITY_BUCKETS,
            registry=registry,
        )
        self._tick_seconds = Histogram(
            "maoga_tick_seconds", "Time to serve a pool once", ["game", "mode"], buckets=TICK_BUCKETS, registry=registry
        )
        self._wait_seconds = Histogram(
            "maoga_match_wait_seconds",
            "How long tickets waited for a proposed match",
            buckets=WAIT_BUCKETS,
            registry=registry,
        )
        self._games, self._served = Few(MOST_GAMES), dict[PoolKey, int]()

    def match(self, outcome: Outcome) -> None:
        self._matches.labels(outcome).inc()

    def formed(self, quality: float) -> None:
        self._quality.observe(quality)

    def ticked(self, pool: PoolKey, tickets: int, seconds: float) -> None:
        labels = self._games(pool.game_id), pool.mode
        self._served[pool] = tickets
        self._tickets.labels(*labels).set(tickets if labels[0] != OTHER else self._others(pool.mode))
        self._tick_seconds.labels(*labels).observe(seconds)

    def left(self, pool: PoolKey) -> None:
        if self._served.pop(pool, None) is None:  # it was never served to the end
            return
        game = self._games(pool.game_id)
        if game == OTHER:
            self._tickets.labels(OTHER, pool.mode).set(self._others(pool.mode))
        else:
            self._tickets.remove(game, pool.mode)

    def waited(self, seconds: float) -> None:
        self._wait_seconds.observe(seconds)

    def _others(self, mode: str) -> int:
        counts = self._served.items()
        return sum(count for key, count in counts if key.mode == mode and self._games(key.game_id) == OTHER)


class LobbyFigures(LobbyMetrics):
    """The series of the lobbies. One worker counts them, so sums are right."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lobbies = Gauge("maoga_lobbies", "Lobbies by state", ["status"], registry=registry)
        self._created = Counter("maoga_lobbies_created", "Lobbies made, by origin", ["origin"], registry=registry)
        self._closed = Counter("maoga_lobbies_closed", "Lobbies closed, by reason", ["reason"], registry=registry)

    def created(self, origin: Origin) -> None:
        self._created.labels(origin).inc()

    def closed(self, reason: CloseReason) -> None:
        self._closed.labels(reason).inc()

    def counted(self, status: LobbyStatus, lobbies: int) -> None:
        self._lobbies.labels(status).set(lobbies)

    def uncounted(self) -> None:
        self._lobbies.clear()


class ChatFigures(ChatMetrics):
    """The series of the chat."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter("maoga_messages", "Messages stored", ["content_type"], registry=registry)

    def stored(self, content_type: ContentType) -> None:
        self._messages.labels(content_type).inc()


class NotificationFigures(NotificationMetrics):
    """The series of the notifications."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._notifications = Counter(
            "maoga_notifications", "Notifications by outcome", ["type", "outcome"], registry=registry
        )

    def notification(self, kind: str, outcome: NotificationOutcome) -> None:
        self._notifications.labels(kind, outcome).inc()


class ActivityFigures(ActivityMetrics):
    """The series of the active users. One worker counts them, so sums are right."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._users = Gauge(
            "maoga_active_users", "Different users with a socket or a request", ["window"], registry=registry
        )

    def counted(self, active: Active) -> None:
        self._users.labels("5m").set(active.five_minutes)
        self._users.labels("1d").set(active.day)

    def uncounted(self) -> None:
        self._users.clear()


class JobFigures(JobMetrics):
    """The series of the jobs, and a log line for each attempt.

    Kinds are those with a handler. One worker counts the queue, so sums are right.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Gauge("maoga_jobs", "Jobs in the queue", ["kind", "status"], registry=registry)
        self._overdue = Gauge(
            "maoga_job_overdue_seconds",
            "For how long a job has been due at most",
            ["kind"],
            registry=registry,
        )
        self._attempts = Counter("maoga_job_attempts", "Attempts by outcome", ["kind", "outcome"], registry=registry)
        self._seconds = Histogram(
            "maoga_job_seconds", "Time an attempt took", ["kind"], buckets=JOB_BUCKETS, registry=registry
        )

    def ended(self, job: Job, outcome: JobOutcome, seconds: float) -> None:
        self._attempts.labels(job.kind, outcome).inc()
        self._seconds.labels(job.kind).observe(seconds)
        fields = logger.bind(kind=job.kind, outcome=outcome, attempt=job.attempts, ms=round(seconds * 1000, 1))
        fields.info("{} job {} after {:.0f} ms", job.kind, outcome, seconds * 1000)

    def counted(self, kind: str, status: JobStatus, jobs: int) -> None:
        self._jobs.labels(kind, status).set(jobs)

    def oldest(self, kind: str, seconds: float) -> None:
        self._overdue.labels(kind).set(seconds)

    def uncounted(self) -> None:
        self._jobs.clear()
        self._overdue.clear()


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
