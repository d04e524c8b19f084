"""Token buckets."""

import pytest

from realtime.limits import Rate, TokenBucket, spend


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, moved by hand."""
    moment = [100.0]
    monkeypatch.setattr("realtime.limits.time.monotonic", lambda: moment[0])
    return moment


def test_a_burst_passes_and_then_the_rate(now: list[float]) -> None:
    """Ten tokens are there; each comes back in a fifth of a second."""
    bucket = TokenBucket(Rate(per_s=5, burst=10))
    assert [spend([bucket], 1) for _ in range(12)] == [0] * 10 + [200, 200]
    now[0] += 0.2
    assert [spend([bucket], 1) for _ in range(2)] == [0, 200]


def test_tokens_do_not_pile_up_above_the_burst(now: list[float]) -> None:
    """A quiet hour gives one burst."""
    bucket = TokenBucket(Rate(per_s=5, burst=10))
    now[0] += 3600
    assert [spend([bucket], 1) for _ in range(11)] == [0] * 10 + [200]


def test_a_refusal_costs_nothing_in_any_bucket(now: list[float]) -> None:
    """The wait is that of the fuller need."""
    small, large = TokenBucket(Rate(per_s=1, burst=2)), TokenBucket(Rate(per_s=10, burst=10))
    assert [spend([small, large], 2) for _ in range(3)] == [0, 2000, 2000]
    assert large.wait_ms(8) == 0


def test_without_buckets_everything_passes() -> None:
    """How limits are switched off."""
    assert spend([], 1000) == 0
