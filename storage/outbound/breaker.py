"""A circuit breaker: who has failed again and again is left alone for a while."""

from collections.abc import Callable
from time import monotonic

FAILURES = 5
OPEN_S = 30.0


class Breaker:
    """Counts failures in a row. After `FAILURES` it is open for `OPEN_S`; then one call may try, and decides."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._failures, self._closed_at = 0, 0.0

    def allows(self) -> bool:
        """Whether a call may be made now. Each must be followed by `succeeded` or `failed`."""
        if self._failures < FAILURES:
            return True
        if self._now() < self._closed_at:
            return False
        self._closed_at = self._now() + OPEN_S  # for all others, until this one has decided
        return True

    def succeeded(self) -> None:
        """The call was answered."""
        self._failures = 0

    def failed(self) -> None:
        """The call was not answered, or not in earnest."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._closed_at = self._now() + OPEN_S
