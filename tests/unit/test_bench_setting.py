"""The namespace for benchmarks is never open in production."""

import pytest
from pydantic import ValidationError

from maoga.settings import Settings


def test_bench_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets anybody in."""
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "production")
    monkeypatch.setenv("MAOGA_BENCH", "1")
    with pytest.raises(ValidationError, match="MAOGA_BENCH=1 is refused in production"):
        Settings()
