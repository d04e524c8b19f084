"""The players and servers of the end-to-end tests, to be broken."""

from tests.e2e.conftest import enter, shared, start

__all__ = ["enter", "shared", "start"]
