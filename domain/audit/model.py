"""The audit log: who did what to whom or what, and what it was before. Entries are never changed."""

from typing import Any, Literal

from domain.core.collection import Spec
from domain.core.model import Document, Kept, Timestamp

ActorKind = Literal["user", "key", "cli", "server"]


class Actor(Kept):
    """Who acts: a user, an API key, somebody at the command line, or the server by itself. The latter two have no id.

    address: of the client, where there is one.
    """

    kind: ActorKind
    id: str | None = None
    address: str | None = None


SERVER = Actor(kind="server")
CLI = Actor(kind="cli")


class AuditEntry(Document):
    """One action.

    action: `<area>.<verb>`, such as `auth.login_failed` or `lobby.closed`. target: `<kind>:<id>`, such as
    `user:<userId>`. before, after: JSON of what changed, without secrets. actor_id: again, to be found by.
    """

    at: Timestamp
    action: str
    actor: Actor
    actor_id: str | None = None
    target: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str | None = None
    expires_at: Timestamp | None = None


AUDIT = Spec("audit", AuditEntry, indexes=(("action",), ("actor_id",), ("target",), ("at",)), expires="expires_at")
