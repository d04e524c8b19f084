"""Limits on events, kept in process memory: a client's events all come to one process."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` tokens come back each second, up to `burst`."""

    per_s: float
    burst: float

    def times(self, factor: float) -> "Rate":
        """The rate, so many times as generous."""
        return Rate(self.per_s * factor, self.burst * factor)


class TokenBucket:
    """A token bucket: every event takes its cost out of it."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate) -> None:
        self._rate, self._tokens, self._at = rate, rate.burst, time.monotonic()

    def wait_ms(self, cost: int) -> int:
        """Milliseconds until `cost` tokens will be there; 0 when they are."""
        now = time.monotonic()
        self._tokens = min(self._rate.burst, self._tokens + (now - self._at) * self._rate.per_s)
        self._at = now
        return math.ceil(max(0.0, cost - self._tokens) / self._rate.per_s * 1000)

    def take(self, cost: int) -> None:
        """Takes `cost` tokens, which are there."""
        self._tokens -= cost


def spend(buckets: Sequence[TokenBucket], cost: int) -> int:
    """Takes `cost` from every bucket and answers 0, or takes nothing and answers the milliseconds to wait."""
    wait = max((bucket.wait_ms(cost) for bucket in buckets), default=0)
    if not wait:
        for bucket in buckets:
            bucket.take(cost)
    return wait
