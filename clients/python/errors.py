"""What can go wrong between a client and the server."""

import random
from typing import Any

MIN_PAUSE_S, MAX_PAUSE_S = 0.05, 2.0

RETRY_HELPS = frozenset({"DISCONNECTED", "TIMEOUT", "CONFLICT", "UNAVAILABLE", "RATE_LIMITED"})
FINAL = frozenset({"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "UPGRADE_REQUIRED"})


class MaogaError(Exception):
    """A refusal.

    code: the server's, or one of the client's own: UNREACHABLE (no connection), DISCONNECTED (it ended before the
    answer, so the change may or may not have happened), TIMEOUT (no answer in time), CLOSED (by `close`).
    details: what the code carries, such as `{retryInMs}`. status: of HTTP, None on a socket. attempts: how often the
    client has asked.
    """

    def __init__(self, code: str, message: str = "", details: Any = None, status: int | None = None) -> None:
        faults = [f"{fault['field']}: {fault['message']}" for fault in details] if isinstance(details, list) else []
        super().__init__("; ".join([f"{code}: {message}" if message else code, *faults]))
        self.code, self.message, self.details, self.status = code, message or code, details, status
        self.attempts = 1

    @property
    def final(self) -> bool:
        """Whether connecting again with the same session is of no use."""
        return self.code in FINAL or self.code.startswith("ACCOUNT_")

    def pause_s(self) -> float:
        """Seconds to wait before asking again: what the server says, else longer each time."""
        if isinstance(self.details, dict) and "retryInMs" in self.details:
            return int(self.details["retryInMs"]) / 1000
        return random.uniform(0.5, 1) * min(MAX_PAUSE_S, MIN_PAUSE_S * 2.0**self.attempts)


def unwrapped(envelope: Any, status: int | None = None) -> Any:
    """The `data` of an answer or ack; raises the `MaogaError` it tells of."""
    if isinstance(envelope, dict) and envelope.get("status") == "success":
        return envelope.get("data")
    error = envelope.get("error") if isinstance(envelope, dict) else None
    if not isinstance(error, dict):
        raise MaogaError("INTERNAL", f"not an envelope: {str(envelope)[:200]}", status=status)
    raise MaogaError(error["code"], error["message"], error.get("details"), status)
