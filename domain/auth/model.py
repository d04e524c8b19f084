"""Sessions: one per login, as stored and as told to its client."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from domain.core.collection import Spec
from domain.core.errors import Forbidden
from domain.core.ids import SessionId, UserId
from domain.core.model import Document, Model, Timestamp
from domain.users.model import Me, Role
from domain.users.permissions import Permission, may


class Session(Document):
    """A login, kept alive by its refresh tokens. No token is stored: each can be derived from id and generation.

    generation: of the refresh token in force; `rotated_at` is when it came into force. revoked_at: set by logout, or by
    the reuse of a spent token. A session that is not refreshed ends at `expires_at`.
    """

    user_id: UserId
    generation: int = 1
    created_at: Timestamp
    rotated_at: Timestamp
    expires_at: Timestamp
    revoked_at: Timestamp | None = None


SESSIONS = Spec(name="sessions", model=Session, indexes=(("user_id",),), expires="expires_at")


class SessionView(Model):
    """What a login answers."""

    access_token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    expires_in_ms: int
    user: Me


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request or a socket speaks for, until `expires_at`."""

    user_id: UserId
    session_id: SessionId
    role: Role
    expires_at: datetime

    def demand(self, permission: Permission) -> None:
        """Raises `Forbidden` unless they have the permission."""
        if not may(self.role, permission):
            raise Forbidden
