"""W3-cost: what the parts of the path of an event take that the baselines do without, each timed alone."""

import time
from collections.abc import Callable
from functools import partial
from timeit import Timer

import orjson
from orjson import Fragment
from prometheus_client import CollectorRegistry

from bench.harness.plan import Plan, Result
from realtime.auth import EVENTS, USER_SHARE
from realtime.envelope import success
from realtime.limits import TokenBucket, spend
from realtime.metrics import SUCCESS, Metrics
from realtime.namespaces.bench import Move

CALLS = 20_000
RATE_SCALE = 1000.0
"""So that the bucket never runs dry: an event is let through, as it nearly always is."""

SENT = {"t": 1_234_567_890, "k": "move", "p": [12.5, 99.25, 0.75], "d": "x" * 32}
SESSIONS = 10_000


def cost_of_features(plan: Plan) -> Result:
    """CPU microseconds per event: the least of several rounds, which is the one that nothing disturbed."""
    parts: dict[str, Callable[[], object]] = {
        "auth_context_us": _find_session(),
        "limits_us": _take_tokens(),
        "validation_us": partial(Move.parse, SENT),
        "metrics_us": _count(),
        "envelope_us": _envelop(),
    }
    return {name: round(_microseconds(part, plan.runs), 2) for name, part in parts.items()}


def _microseconds(part: Callable[[], object], rounds: int) -> float:
    least = min(Timer(part, timer=time.process_time).repeat(repeat=rounds + 2, number=CALLS))
    return least / CALLS * 1e6


def _find_session() -> Callable[[], object]:
    """The token was checked at CONNECT: an event only looks up whose connection it came over."""
    sessions = {f"connection-{n}": object() for n in range(SESSIONS)}
    return partial(sessions.get, f"connection-{SESSIONS // 2}")


def _take_tokens() -> Callable[[], object]:
    buckets = [TokenBucket(EVENTS.times(RATE_SCALE * share)) for share in (1, USER_SHARE)]
    return partial(spend, buckets, 1)


def _count() -> Callable[[], object]:
    """The outcome and the time taken, which is read twice."""
    figures = Metrics(CollectorRegistry()).figures_of("bench", "echo")

    def count() -> None:
        started = time.perf_counter()
        figures.add(SUCCESS, time.perf_counter() - started)

    return count


def _envelop() -> Callable[[], object]:
    """The model as JSON, in the envelope of the ack."""
    move = Move.parse(SENT)
    return lambda: orjson.dumps(success(Fragment(move.wire_json())))
