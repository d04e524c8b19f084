"""The core of the matchmaking tests: on the embedded default and on real servers, with a clock the test moves."""

from tests.integration.matchmaking.conftest import clock, core, open_core

__all__ = ["clock", "core", "open_core"]
