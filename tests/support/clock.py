"""A clock that stands still until a test moves it."""

from datetime import datetime

from domain.core.clock import SystemClock, seconds, to_ms


class ManualClock:
    """A `domain.core.clock.Clock` moved by hand.

    It starts at the present, because MongoDB's own removal of expired documents goes by the machine's clock.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = to_ms(start) if start else SystemClock().now()

    def now(self) -> datetime:
        return self._now

    def advance(self, count: float) -> None:
        """Moves the clock on by `count` seconds."""
        self._now = to_ms(self._now + seconds(count))
