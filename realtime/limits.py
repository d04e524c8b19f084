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
    """A token bucket: everything takes its cost out of it."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate) -> None:
        self._rate, self._tokens, self._at = rate, rate.burst, time.monotonic()

    def take(self, cost: float) -> bool:
        """Takes `cost` tokens, if they are there."""
        if self.available() < cost:
            return False
        self._tokens -= cost
        return True

    def spend(self, cost: float) -> None:
        """Takes `cost` tokens, which were there just now."""
        self._tokens -= cost

    def available(self) -> float:
        """The tokens there are now."""
        now, rate = time.monotonic(), self._rate
        tokens = self._tokens + (now - self._at) * rate.per_s
        self._at = now
        self._tokens = tokens if tokens < rate.burst else rate.burst
        return self._tokens

    def wait_ms(self, cost: float) -> int:
        """Milliseconds until `cost` tokens will be there; 0 when they are."""
        return math.ceil(max(0.0, cost - self.available()) / self._rate.per_s * 1000)


def spend(buckets: Sequence[TokenBucket], cost: float) -> int:
    """Takes `cost` from every bucket and answers 0, or takes nothing and answers the milliseconds to wait."""
    for bucket in buckets:
        if bucket.available() < cost:
            return max(bucket.wait_ms(cost) for bucket in buckets)
    for bucket in buckets:
        bucket.spend(cost)
    return 0
