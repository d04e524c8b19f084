"""Fixtures of the realtime tests."""

import logging
from collections.abc import Iterator

import pytest
from loguru import logger


@pytest.fixture
def calm(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever the client of this test does, nobody is woken up by an error in the log."""
    errors: list[str] = []
    sink = logger.add(errors.append, level="ERROR")
    with caplog.at_level(logging.INFO):
        yield
    logger.remove(sink)
    errors += [record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert errors == []
