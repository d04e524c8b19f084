"""The page of the metrics, made from the registry that a server has."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from maoga.figures import watch_in
from maoga.process_figures import CheckFigures, ErrorFigures, StorageFigures, registry_of
from maoga.settings import Settings
from realtime.metrics import Metrics

HEADER = """# Metrics

<!-- Generated from the code by `make docs`; do not edit. -->

Every process serves its own figures at `http://MAOGA_METRICS_HOST:MAOGA_METRICS_PORT/metrics` (port 8001 by default),
a port that players need not reach. Gateways and workers are processes with registries of their own, so Prometheus
scrapes each of them, and sums over all instances are right:

- what a process counts of itself (sockets, events, requests, commands) is added up with `sum`;
- what all instances share (`maoga_jobs`, `maoga_job_overdue_seconds`, `maoga_lobbies`, `maoga_active_users`) is counted
  every 10 seconds by one worker at a time, and the others say nothing of it. After that worker's death the figures are
  missing for up to 20 seconds;
- a pool of tickets (`maoga_pool_tickets`, `maoga_tick_seconds`) is told of by the one worker that serves it.

No client can make up a label's value. The dashboards and alerts made of these are in `deploy/grafana` and
`deploy/prometheus`; what to do about an alert says its page in [runbooks](runbooks/).
"""

LABELS = {
    "area": "kind of the cached answer, as in `profile`",
    "check": "`database`, `redis`, `subscription`, `loop`, `drain`: the checks of `/health/ready`",
    "collection": "collection of documents, as in `lobbies`; `(several)` for a commit",
    "command": "Redis command, or the name of the Lua script; `other` beyond 64",
    "content_type": "`text`, `emoji`, `gif`, `image`, `system`",
    "error": "class of the exception; `other` beyond 100",
    "event": "name of the Socket.IO event; `(unknown)` for a name that is not ours",
    "game": "id of a game in the catalogue; `other` beyond 100",
    "kind": "kind of the job; of `maoga_malformed_total`: `frame`, `packet` or `flood`",
    "level": "`INFO`, `WARNING`, `ERROR`, `CRITICAL`",
    "method": "HTTP method; `OTHER` for one that is none",
    "mode": "`casual`, `competitive`, `ranked`, `custom`",
    "namespace": "`matchmaking`, `lobby`, `chat`, `social`; `(all)` for what was refused before any, `(unknown)` for "
    "a name that is not ours",
    "operation": "what was done to documents: `find`, `get`, `update`, `commit` and the like",
    "origin": "`match` or `player`: who a lobby comes from",
    "outcome": "`success`, `accepted` or `ok`, or what went wrong: an error code of the reference or a word for it",
    "python": "version of Python",
    "reason": "why it ended, a few words out of a small set",
    "role": "`gateway`, `worker`, `all`",
    "route": "pattern of the path, as in `/api/v1/users/{id}`; `unmatched` for a path that is none",
    "status": "HTTP status; of a job: `waiting`, `running`, `done`, `dead`; of a lobby: `forming`, `ready`, "
    "`countdown`, `active`",
    "storage": "`mongodb`, `redis`",
    "transport": "`websocket`, `polling`",
    "type": "type of the notification, as in `match_found`",
    "version": "version of Maoga",
    "window": "`5m`, `1d`",
}


class Record(CollectorRegistry):
    """A registry that remembers what was registered, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.collectors: list[Collector] = []

    def register(self, collector: Collector) -> None:
        super().register(collector)
        self.collectors.append(collector)


def record() -> Record:
    """Every series that a server may have."""
    registry = Record()
    settings = Settings.model_construct(role="all")
    registry_of(settings, registry)
    Metrics(registry).watch_queues(*[lambda: 0.0] * 3)
    watch_in(registry, StorageFigures(registry, settings.slow_query_ms))
    ErrorFigures(registry)
    CheckFigures(registry)
    return registry


def metrics() -> str:
    """The page."""
    lines = [HEADER, "## Maoga's own", "", "| metric | type | labels | meaning |", "|---|---|---|---|"]
    ours = [collector for collector in record().collectors if isinstance(collector, MetricWrapperBase)]
    for metric in sorted(ours, key=name_of):
        labels = ", ".join(f"`{label}`" for label in labels_of(metric))
        lines.append(f"| `{name_of(metric)}` | {kind_of(metric)} | {labels} | {meaning_of(metric)} |")
    lines += ["", "Of a histogram there are `_bucket` (with `le`), `_sum` and `_count`.", "", "## Labels", ""]
    lines += ["| label | values |", "|---|---|", *(f"| `{label}` | {LABELS[label]} |" for label in sorted(LABELS))]
    lines += ["", "## Of every Python process", ""]
    lines += [f"- `{name}`: {meaning}" for name, meaning in sorted(_standard())]
    return "\n".join(lines) + "\n"


def name_of(metric: MetricWrapperBase) -> str:
    """The name in a query; that of a histogram without its endings."""
    return f"{metric._name}_total" if kind_of(metric) == "counter" else metric._name  # internal: no other way to ask


def labels_of(metric: MetricWrapperBase) -> tuple[str, ...]:
    """The names of its labels."""
    return tuple(metric._labelnames)  # internal: no other way to ask


def kind_of(metric: MetricWrapperBase) -> str:
    """counter, gauge or histogram."""
    return metric._type or ""  # internal: no other way to ask


def meaning_of(metric: MetricWrapperBase) -> str:
    """Its help text."""
    return metric._documentation  # internal: no other way to ask


def _standard() -> Iterator[tuple[str, str]]:
    """What prometheus-client itself tells of the process."""
    registry = record()
    for collector in registry.collectors:
        if not isinstance(collector, MetricWrapperBase):
            for family in collector.collect():
                yield f"{family.name}_total" if family.type == "counter" else family.name, family.documentation
