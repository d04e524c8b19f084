"""What an examination of a live installation found, line by line."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Level = Literal["ok", "skipped", "warning", "problem"]

SKEW_S, BAD_SKEW_S = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. check: what was looked at. remedy: what to do about a warning or a problem."""

    check: str
    level: Level
    said: str
    remedy: str = ""


Check = Callable[[], AsyncIterator[Finding]]
"""Looks at one thing; it may raise, and is then told as what could not be looked at."""


def ok(check: str, said: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", said)


def warning(check: str, said: str, remedy: str) -> Finding:
    """Nothing is broken yet."""
    return Finding(check, "warning", said, remedy)


def problem(check: str, said: str, remedy: str) -> Finding:
    """Something does not work, or is unsafe."""
    return Finding(check, "problem", said, remedy)


def skewed(check: str, theirs: datetime, before: datetime, after: datetime) -> Finding:
    """How far a server's clock is from ours, as far as the time that its answer took allows to say."""
    off_s = max((theirs - after).total_seconds(), (before - theirs).total_seconds(), 0.0)
    said = f"{off_s:.1f} s from this machine's clock" if off_s else "agrees with this machine's"
    remedy = "keep the clocks of all machines by NTP: deadlines and tokens are compared between them"
    if off_s > BAD_SKEW_S:
        return problem(check, said, remedy)
    return warning(check, said, remedy) if off_s > SKEW_S else ok(check, said)


def used_up(check: str, used: float, total: float, unit: str, remedy: str) -> Finding:
    """How full something is; a warning from 80 %, a problem from 95 %."""
    share = used / total if total else 0.0
    said = f"{share:.0%} of {total:,.0f} {unit} used"
    if share >= 0.95:
        return problem(check, said, remedy)
    return warning(check, said, remedy) if share >= 0.8 else ok(check, said)


def dead_letters(counts: Mapping[str, int]) -> Finding:
    """Jobs that have been given up, by kind."""
    if not counts:
        return ok("jobs", "none has been given up")
    said = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(counts.items()))
    remedy = "`maoga jobs --dead` says why; mend the cause, then `maoga jobs requeue ID`"
    return warning("jobs", f"given up: {said}", remedy)
