"""What the audit log says of logins, passwords and sessions."""

from datetime import timedelta
from typing import Any, Literal

from domain.audit.audit import Audit
from domain.audit.model import Actor, AuditEntry
from domain.auth.model import Client
from domain.core.clock import Clock
from domain.core.collection import Insert

KEPT = timedelta(days=180)

AuthAction = Literal[
    "auth.registered",
    "auth.guest_entered",
    "auth.upgraded",
    "auth.logged_in",
    "auth.login_failed",
    "auth.refresh_reused",
    "auth.logged_out",
    "auth.logged_out_everywhere",
    "auth.session_ended",
    "auth.password_changed",
    "auth.password_check_failed",
    "auth.password_reset_asked",
    "auth.password_reset",
    "auth.email_change_asked",
    "auth.email_verified",
    "auth.email_changed",
    "auth.identity_linked",
    "auth.identity_unlinked",
]


class AuthTrail:
    """Makes the audit entries of authentication, each for the commit of what it tells."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock

    def entry(
        self,
        action: AuthAction,
        client: Client,
        user_id: str | None,
        *,
        proven: bool = True,
        after: dict[str, Any] | None = None,
    ) -> Insert[AuditEntry]:
        """What happened to the account `user_id`, if it is one's. proven: whether it was its user who did it.

        What was typed into a form is not told: people type passwords where a name belongs.
        """
        return self._audit.entry(
            action,
            Actor(
                kind=client.kind,
                id=user_id if proven and client.kind == "user" else None,
                address=client.address or None,
            ),
            f"user:{user_id}" if user_id else None,
            after=after,
            expires_at=self._clock.now() + KEPT,
        )
