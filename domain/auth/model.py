"""Sessions: one per login, as stored and as told to its client."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from domain.accounts.me import Me
from domain.audit.model import ActorKind
from domain.core.collection import Spec
from domain.core.errors import Forbidden
from domain.core.ids import SessionId, UserId
from domain.core.model import Document, Model, Timestamp
from domain.users.model import Role
from domain.users.permissions import Permission, may


class Session(Document):
    """A login, kept alive by its refresh tokens. No token is stored: each can be derived from id and generation.

    generation: of the refresh token in force; `rotated_at` is when it came into force. revoked_at: set by logout, or by
    the reuse of a spent token. epoch: of the user when it was opened; it ended when theirs is higher. device: as its
    user calls it. address, user_agent: where it was used last. A session that is not refreshed ends at `expires_at`.
    """

    user_id: UserId
    generation: int = 1
    epoch: int = 0
    device: str | None = None
    address: str | None = None
    user_agent: str | None = None
    created_at: Timestamp
    rotated_at: Timestamp
    expires_at: Timestamp
    revoked_at: Timestamp | None = None


SESSIONS = Spec(
    name="sessions",
    model=Session,
    indexes=(("user_id",), ("user_id", "revoked_at", "rotated_at")),
    expires="expires_at",
)


class SessionInfo(Model):
    """A login as its owner sees it in a list. last_used_at: when it was last refreshed, which takes some minutes."""

    id: SessionId
    device: str | None
    address: str | None
    user_agent: str | None
    created_at: Timestamp
    last_used_at: Timestamp
    current: bool


class SessionView(Model):
    """What a login answers."""

    access_token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    expires_in_ms: int
    user: Me


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from. address: as `address_block` has it. user_agent: as the client calls itself."""

    address: str
    user_agent: str = ""
    kind: ActorKind = "user"


HERE = Client("", kind="server")
"""The server, which acts by itself."""

COMMAND_LINE = Client("", kind="cli")


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
