"""Time is injected, so that a test runs an hour in a millisecond."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment in UTC, cut to milliseconds (what the wire and both databases keep)."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return to_ms(datetime.now(UTC))


def to_ms(moment: datetime) -> datetime:
    """The same moment without its microseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def seconds(count: float) -> timedelta:
    """A duration of `count` seconds."""
    return timedelta(seconds=count)


def ms_between(start: datetime, end: datetime) -> int:
    """Whole milliseconds from `start` to `end`, never negative."""
    return max(0, int((end - start) / timedelta(milliseconds=1)))
