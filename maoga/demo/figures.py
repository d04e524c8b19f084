"""What a demo measured, and what went wrong."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from typing import Any

ERRORS_KEPT = 20


@dataclass(slots=True)
class Figures:
    """Counts, times in milliseconds, and errors by code.

    matches, lobbies: ids of the confirmed and the started. repeated: calls that a client made again, as the server or a
    lost connection asked it to, by the reason's code. late: proposals that were over before a player had accepted.
    """

    players: int
    started: int = 0
    alone: int = 0
    late: int = 0
    matches: set[str] = field(default_factory=set)
    lobbies: set[str] = field(default_factory=set)
    sent: int = 0
    received: int = 0
    match_ms: list[float] = field(default_factory=list)
    delivery_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    repeated: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    error_texts: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing went wrong and everybody played."""
        return not self.errors and self.started == self.players

    def error(self, code: str, text: str) -> None:
        """Something went wrong."""
        self.errors[code] += 1
        if len(self.error_texts) < ERRORS_KEPT:
            self.error_texts.append(f"{code}: {text}")

    def wire(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "players": self.players,
            "started": self.started,
            "alone": self.alone,
            "late": self.late,
            "matches": len(self.matches),
            "lobbiesStarted": len(self.lobbies),
            "messagesSent": self.sent,
            "messagesReceived": self.received,
            "timeToMatchMs": _spread(self.match_ms),
            "deliveryMs": _spread(self.delivery_ms),
            "seconds": round(self.seconds, 1),
            "repeated": dict(self.repeated),
            "errors": dict(self.errors),
            "errorTexts": self.error_texts,
        }


def percentile(values: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None without values."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)] if values else None


def _spread(values: list[float]) -> dict[str, float | None]:
    spread = {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}
    return {name: None if value is None else round(value, 1) for name, value in spread.items()}
