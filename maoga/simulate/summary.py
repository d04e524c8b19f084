"""What came out of a simulation, in figures."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.core.ids import TicketId
from domain.games.rules import RuleSet, Step


@dataclass(slots=True)
class Figures:
    """What is noted on the way.

    Of every match: when it was formed in s, the spread of its players' ratings, its overall quality. Of every matched
    ticket: how long it waited in s. Of every tick: when in s, how many tickets waited after it, how long it took in ms.
    """

    match_at: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    qualities: list[float] = field(default_factory=list)
    waited_at: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    tick_at: list[float] = field(default_factory=list)
    queue: list[int] = field(default_factory=list)
    tick_ms: list[float] = field(default_factory=list)
    players: int = 0
    cancelled: int = 0
    expired: int = 0


def summary(
    figures: Figures, waiting: Sequence[TicketId], rules: Iterable[RuleSet], cpu_seconds: float
) -> dict[str, Any]:
    """The last line of the output. Waits are those of matched tickets, in seconds; None where nothing was matched."""
    return {
        "type": "summary",
        "matches": len(figures.match_at),
        "matched": len(figures.waits),
        "matchedPlayers": figures.players,
        "unmatched": figures.cancelled + figures.expired + len(waiting),
        "cancelled": figures.cancelled,
        "expired": figures.expired,
        "waiting": list(waiting),
        "relaxationSteps": [{"afterS": step.after_s, "skill": step.limit} for step in loosest(rules)],
        "waitP50": percentile(figures.waits, 50),
        "waitP95": percentile(figures.waits, 95),
        "waitMax": percentile(figures.waits, 100),
        "skillSpreadMean": _mean(figures.spreads),
        "qualityMean": _mean(figures.qualities),
        "ticks": len(figures.tick_ms),
        "tickMsP50": percentile(figures.tick_ms, 50),
        "tickMsP99": percentile(figures.tick_ms, 99),
        "cpuSeconds": round(cpu_seconds, 3),
    }


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of them do not exceed; None of nothing."""
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return round(sorted(values)[max(0, int(rank) - 1)], 3)


def loosest(rules: Iterable[RuleSet]) -> list[Step]:
    """The widest skill limits that any of the rule sets allows after each time."""
    ladders = [rule.skill for rule in rules]
    times = sorted({step.after_s for ladder in ladders for step in ladder})
    return [Step(after_s=time, limit=_widest(_limit_at(ladder, time) for ladder in ladders)) for time in times]


def _limit_at(ladder: Sequence[Step], time: float) -> float | None:
    return ladder[bisect_right(ladder, time, key=lambda step: step.after_s) - 1].limit


def _widest(limits: Iterable[float | None]) -> float | None:
    widest = 0.0
    for limit in limits:
        if limit is None:
            return None
        widest = max(widest, limit)
    return widest


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
