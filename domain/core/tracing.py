"""What the running code is doing, for the log."""

from contextvars import ContextVar

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the HTTP request that is being answered. Each has a task of its own, so nobody need take it back."""
