"""A login: its tokens, and keeping them fresh."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from clients.python import types
from clients.python.errors import MaogaError

RENEW_AT = 0.75
"""The part of an access token's life after which it is renewed."""

RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Session:
    """A login as the server answered it. A session without a refresh token ends with its access token.

    lifetime_s: of the access token, counted from `since` (of `time.monotonic`).
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime_s: float
    user: types.Me
    since: float = field(default_factory=time.monotonic)

    @property
    def user_id(self) -> str:
        """Whose login it is."""
        return self.user["id"]

    @classmethod
    def from_wire(cls, data: types.Session) -> "Session":
        """The session in an answer of the server."""
        return cls(data["accessToken"], data["refreshToken"], data["expiresInMs"] / 1000, data["user"])


class Keeper:
    """Keeps a session's tokens fresh. For one task only, because each refresh spends the refresh token."""

    def __init__(self, session: Session, refresh: Callable[[str], Awaitable[Session]]) -> None:
        self.session = session
        self._refresh = refresh
        self._due_at = _due_at(session)

    @property
    def due_in_s(self) -> float | None:
        """Seconds until the token should be renewed; None when it cannot be."""
        return max(0.0, self._due_at - time.monotonic()) if self.session.refresh_token else None

    def hurry(self) -> None:
        """The token is, or will soon be, refused: renew it now."""
        self._due_at = time.monotonic()

    def postpone(self) -> None:
        """The renewal failed for the moment."""
        self._due_at = time.monotonic() + RETRY_S

    async def token(self) -> str:
        """An access token that is not due for renewal; raises the `MaogaError` of a refused refresh."""
        if self.due_in_s == 0 and self.session.refresh_token:
            try:
                self.session = await self._refresh(self.session.refresh_token)
            except MaogaError:
                self.postpone()
                raise
            self._due_at = _due_at(self.session)
        return self.session.access_token


def _due_at(session: Session) -> float:
    return session.since + RENEW_AT * session.lifetime_s
