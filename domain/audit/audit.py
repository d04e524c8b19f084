"""What use cases write to the audit log, in the same commit as the action itself."""

from datetime import datetime
from typing import Any

from domain.audit.model import AUDIT, Actor, AuditEntry
from domain.core.clock import Clock
from domain.core.collection import Insert
from domain.core.ids import IdFactory


class Audit:
    """Makes the entries of the audit log."""

    def __init__(self, clock: Clock, new_id: IdFactory) -> None:
        self._clock, self._new_id = clock, new_id

    def entry(
        self,
        action: str,
        actor: Actor,
        target: str | None = None,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        reason: str | None = None,
        expires_at: datetime | None = None,
    ) -> Insert[AuditEntry]:
        """The write that puts an action on record, for the commit of the action; gone after `expires_at`, if set."""
        entry = AuditEntry(
            id=self._new_id(),
            at=self._clock.now(),
            action=action,
            actor=actor,
            actor_id=actor.id,
            target=target,
            before=before,
            after=after,
            reason=reason,
            expires_at=expires_at,
        )
        return Insert(AUDIT, entry)
