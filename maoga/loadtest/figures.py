"""What a load test has measured."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import ceil, log
from typing import Any

STEP = 1.02
LEAST_MS = 0.01

EXPECTED = frozenset({"MATCH_OVER", "LOBBY_STARTED"})
"""Refusals that players meet who do nothing wrong: another was faster."""


class Times:
    """Times in milliseconds, kept to 2 %, so that an hour of them takes no memory to speak of."""

    def __init__(self) -> None:
        self.count = 0
        self.max_ms = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, ms: float) -> None:
        """One more."""
        self.count += 1
        self.max_ms = max(self.max_ms, ms)
        self._buckets[max(0, ceil(log(max(ms, LEAST_MS) / LEAST_MS, STEP)))] += 1

    def percentile(self, share: float) -> float | None:
        """What `share` of all times do not exceed, at most 2 % more than the least such time; None without any."""
        wanted = max(1, ceil(share * self.count))
        below = 0
        for bucket in sorted(self._buckets):
            below += self._buckets[bucket]
            if below >= wanted:
                return min(self.max_ms, LEAST_MS * STEP**bucket)
        return None

    def wire(self) -> dict[str, float | None]:
        """As JSON."""
        spread = {name: self.percentile(share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
        found = {**spread, "max": self.max_ms if self.count else None}
        return {name: None if ms is None else round(ms, 2) for name, ms in found.items()}


@dataclass(slots=True)
class Calls:
    """What was asked, and how it was answered. times: until the answer, whichever. errors: by code."""

    times: Times = field(default_factory=Times)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, ms: float, code: str | None = None) -> None:
        """An answer came; code: of a refusal."""
        self.times.add(ms)
        if code:
            self.errors[code] += 1

    @property
    def failed(self) -> int:
        """Answers that a player who keeps to the rules should not get."""
        return sum(count for code, count in self.errors.items() if code not in EXPECTED)

    def wire(self, seconds: float) -> dict[str, Any]:
        """As JSON. seconds: in which it was asked."""
        count = self.times.count
        return {
            "count": count,
            "perSecond": round(count / seconds, 2) if seconds else 0.0,
            "errors": dict(self.errors),
            "ms": self.times.wire(),
        }


@dataclass(slots=True)
class Figures:
    """Counts, and times in milliseconds.

    entered: players who have an account. delayed: those whom the limit per address made wait for it. connects: every
    attempt. acks: by event, `/namespace event`; rest: by route. delivery: from a message's sending until another player
    has it. match: from a search until its player is in a lobby; matches, started: ids of lobbies. disconnects: by
    reason. acked: messages; checked: of these, those looked for in the channel's history; lost: those not there;
    unseen: messages in the history of which a player there was not told. gone: players who could not go on, by code.
    faults: of this program. seconds: of play.
    """

    entered: int = 0
    delayed: int = 0
    connects: Calls = field(default_factory=Calls)
    acks: defaultdict[str, Calls] = field(default_factory=lambda: defaultdict(Calls))
    rest: defaultdict[str, Calls] = field(default_factory=lambda: defaultdict(Calls))
    delivery: Times = field(default_factory=Times)
    match: Times = field(default_factory=Times)
    matches: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    disconnects: Counter[str] = field(default_factory=Counter)
    acked: int = 0
    checked: int = 0
    lost: int = 0
    unseen: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def error_rate(self) -> float:
        """The part of all connects, acks and REST answers that are failures."""
        calls = [self.connects, *self.acks.values(), *self.rest.values()]
        total = sum(each.times.count for each in calls)
        return sum(each.failed for each in calls) / total if total else 0.0

    def slowest_p99(self) -> tuple[str, float] | None:
        """What has the highest p99 of all acks and deliveries, and that in milliseconds."""
        times = {**{name: calls.times for name, calls in self.acks.items()}, "delivery of a message": self.delivery}
        found = [(p99, name) for name, each in times.items() if (p99 := each.percentile(0.99)) is not None]
        return max(found)[::-1] if found else None

    def wire(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "seconds": round(self.seconds, 1),
            "players": {"entered": self.entered, "delayed": self.delayed, "gone": dict(self.gone)},
            "connects": self.connects.wire(self.seconds),
            "acks": {name: calls.wire(self.seconds) for name, calls in sorted(self.acks.items())},
            "rest": {name: calls.wire(self.seconds) for name, calls in sorted(self.rest.items())},
            "errorRate": round(self.error_rate, 5),
            "delivery": {"count": self.delivery.count, "ms": self.delivery.wire()},
            "matches": {"count": len(self.matches), "started": len(self.started), "ms": self.match.wire()},
            "disconnects": dict(self.disconnects),
            "messages": {"acked": self.acked, "checked": self.checked, "lost": self.lost, "unseen": self.unseen},
            "faults": dict(self.faults),
        }
