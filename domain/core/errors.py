"""Errors a client can see: a stable code, an HTTP status, and whether a retry helps.

An error class stands beside the rule that raises it; this file holds the base and the ones every feature shares.
`catalogue()` lists them all for the generated reference.
"""

from traceback import format_exception
from typing import Any, ClassVar

Details = dict[str, Any] | list[dict[str, str]]


class AppError(Exception):
    """Base of everything a client is told. The class docstring is the default message and the reference's text."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False

    def __init__(self, message: str | None = None, details: Details | None = None) -> None:
        self.message = message or (self.__doc__ or self.code).strip().splitlines()[0]
        self.details = details
        super().__init__(self.message)

    def as_error(self) -> dict[str, Any]:
        """The `error` member of the envelope: `{code, message, details?}`."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            body["details"] = self.details
        return body


class Internal(AppError):
    """Something went wrong on our side; it was logged."""

    retry = True


def stack_of(error: Exception) -> Details:
    """Where an error of ours came from, as details of `Internal` for developers."""
    return {"stack": "".join(format_exception(error))}


class BadRequest(AppError):
    """The request cannot be read."""

    code, status = "BAD_REQUEST", 400


class AuthenticationRequired(AppError):
    """Log in first."""

    code, status = "AUTHENTICATION_REQUIRED", 401


class Forbidden(AppError):
    """You may not do this."""

    code, status = "FORBIDDEN", 403


class NotFound(AppError):
    """There is no such thing, or it is none of your business."""

    code, status = "NOT_FOUND", 404


class MethodNotAllowed(AppError):
    """This address does not take that method."""

    code, status = "METHOD_NOT_ALLOWED", 405


class Conflict(AppError):
    """Somebody else changed the same thing; read it again and retry."""

    code, status, retry = "CONFLICT", 409, True


class TooLarge(AppError):
    """The body is too large."""

    code, status = "TOO_LARGE", 413


class UnsupportedMediaType(AppError):
    """Send JSON."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class ValidationFailed(AppError):
    """Some fields are not valid; `details` lists every one."""

    code, status = "VALIDATION_ERROR", 422

    def __init__(self, faults: list[dict[str, str]]) -> None:
        super().__init__(details=faults)
        self.faults = faults


class UnknownEvent(AppError):
    """This namespace has no such event."""

    code, status = "UNKNOWN_EVENT", 404


class RateLimited(AppError):
    """Too many requests; wait `retryInMs`."""

    code, status, retry = "RATE_LIMITED", 429, True

    def __init__(self, retry_in_ms: int) -> None:
        super().__init__(details={"retryInMs": retry_in_ms})
        self.retry_in_ms = retry_in_ms


class Timeout(AppError):
    """The server did not finish in time; the change may or may not have happened."""

    code, status, retry = "TIMEOUT", 503, True


class Unavailable(AppError):
    """A database the server needs does not answer in time."""

    code, status, retry = "UNAVAILABLE", 503, True


class Draining(AppError):
    """The server is about to stop. Try again: another one is there, or will be."""

    code, status, retry = "SERVER_DRAINING", 503, True


def catalogue() -> list[type[AppError]]:
    """Every error class that has been imported, by code."""
    found: dict[str, type[AppError]] = {}
    waiting: list[type[AppError]] = [AppError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            found.setdefault(kind.code, kind)
            waiting.append(kind)
    return [found[code] for code in sorted(found)]
