"""What Prometheus sees of the transports. Labels come from small sets: no client can invent one."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

HANDLER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
LAG_EVERY_S = 0.25
SUCCESS = "success"
UNKNOWN = "(unknown)"
"""Stands for every name that is not ours."""


class Metrics:
    """The series of the realtime and REST transports, kept in `registry`.

    lag_s: how late the event loop was when it was last looked at.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag_s = 0.0
        self._registry, self._active = registry, set[str]()
        self._sockets = Gauge("maoga_sockets", "Clients connected now", ["namespace", "transport"], registry=registry)
        self._connects = Counter("maoga_connects", "CONNECTs by outcome", ["namespace", "outcome"], registry=registry)
        self._disconnects = Counter(
            "maoga_disconnects", "Disconnects by reason", ["namespace", "reason"], registry=registry
        )
        self._malformed = Counter(
            "maoga_malformed", "Connections closed for a frame that made no sense", ["kind"], registry=registry
        )
        self._evictions = Counter("maoga_evictions", "Clients cut off for not reading", registry=registry)
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
        self._fanouts = Counter(
            "maoga_fanouts", "Events of streams that came in for clients here", ["namespace"], registry=registry
        )
        self._deliveries = Counter(
            "maoga_fanout_deliveries", "Events of streams sent, once per client", ["namespace"], registry=registry
        )
        self._fanned: dict[str, tuple[Counter, Counter]] = {}
        self._delivery_lag = Histogram(
            "maoga_delivery_lag_seconds",
            "From the publishing of a durable event, on any instance, to its writing here",
            buckets=LAG_BUCKETS,
            registry=registry,
        )
        self._resumes = Counter("maoga_resumes", "Streams resumed by outcome", ["outcome"], registry=registry)
        self._http: dict[tuple[str, str, int], Histogram] = {}
        self._http_seconds = Histogram(
            "maoga_http_seconds",
            "Time to answer an HTTP request",
            ["method", "route", "status"],
            buckets=HANDLER_BUCKETS,
            registry=registry,
        )
        self._http_in_progress = Gauge("maoga_http_in_progress", "Requests being answered now", registry=registry)
        self._loop_lag = Histogram(
            "maoga_loop_lag_seconds", "How late the event loop runs a timer", buckets=LAG_BUCKETS, registry=registry
        )
        self._tasks = Gauge("maoga_tasks", "asyncio tasks there are now", registry=registry)

    def watch_queues(self, inbox: Callable[[], float], backlog: Callable[[], float], slow: Callable[[], float]) -> None:
        """What is asked at each scrape: events that wait, bytes that wait, and clients these wait for."""
        for name, meaning, ask in (
            ("maoga_inbox_events", "Events of clients that wait to be handled", inbox),
            ("maoga_outbox_bytes", "Bytes that wait for clients that do not read", backlog),
            ("maoga_outbox_clients", "Connections that do not read", slow),
        ):
            Gauge(name, meaning, registry=self._registry).set_function(ask)

    def connected(self, namespace: str, transport: str) -> None:
        """A client was let in."""
        self._connects.labels(namespace, "accepted").inc()
        self._sockets.labels(namespace, transport).inc()

    def connect_refused(self, namespace: str, code: str) -> None:
        """A client was refused with that error code."""
        self._connects.labels(namespace, code).inc()

    def upgraded(self, namespace: str) -> None:
        """A client that polled has a WebSocket now."""
        self._sockets.labels(namespace, "polling").dec()
        self._sockets.labels(namespace, "websocket").inc()

    def disconnected(self, namespace: str, transport: str, reason: str) -> None:
        """A client that was let in is gone."""
        self._disconnects.labels(namespace, reason).inc()
        self._sockets.labels(namespace, transport).dec()

    def malformed(self, kind: str) -> None:
        """A connection was closed for a frame or packet that made no sense."""
        self._malformed.labels(kind).inc()

    def evicted(self) -> None:
        """A client was cut off, for it does not read what it is sent."""
        self._evictions.inc()

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

    def fanned_out(self, namespace: str, clients: int) -> None:
        """An event of a stream was sent to so many clients."""
        counters = self._fanned.get(namespace)
        if counters is None:
            counters = self._fanouts.labels(namespace), self._deliveries.labels(namespace)
            self._fanned[namespace] = counters
        counters[0].inc()
        counters[1].inc(clients)

    def delivered_late(self, seconds: float) -> None:
        """A durable event is written so long after it was published. Clocks that differ may make it negative."""
        self._delivery_lag.observe(max(0.0, seconds))

    def resumed(self, recovered: bool) -> None:
        """A client asked for what it had missed of a stream, and got all of it or has to begin anew."""
        self._resumes.labels("recovered" if recovered else "lost").inc()

    def began(self) -> None:
        """An HTTP request has come in."""
        self._http_in_progress.inc()

    def ended(self) -> None:
        """It is answered, or its client is gone."""
        self._http_in_progress.dec()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered. route: the pattern, not the path."""
        series = self._http.get((method, route, status))
        if series is None:
            series = self._http[method, route, status] = self._http_seconds.labels(method, route, str(status))
        series.observe(seconds)

    def active(self, user: str) -> None:
        """A user has asked for something over HTTP."""
        self._active.add(user)

    def take_active(self) -> set[str]:
        """The users who have, since this was last called."""
        active, self._active = self._active, set()
        return active

    async def watch_loop(self) -> NoReturn:
        """Measures for ever how late the event loop is, and how many tasks it has."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self.lag_s = max(0.0, loop.time() - due)
            self._loop_lag.observe(self.lag_s)
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
