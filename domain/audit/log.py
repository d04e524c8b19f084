"""Reads the audit log. Nothing writes to it but the commits of the actions themselves."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from domain.audit.model import AUDIT, Actor, AuditEntry
from domain.core.collection import Database
from domain.core.listing import Listed, ListQuery, given, newest
from domain.core.model import Model, Moment, Text, Timestamp


class AuditQuery(ListQuery):
    """Which entries, the newest first. action: `<area>.<verb>`. actorId: who did it. target: `<kind>:<id>`.

    since, until: of that time.
    """

    action: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    actor_id: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    target: Annotated[Text, Field(min_length=1, max_length=160)] | None = None
    since: Moment | None = None
    until: Moment | None = None


class AuditView(Model):
    """One action: who did what to whom or what, and what it was before and after."""

    id: str
    at: Timestamp
    action: str
    actor: Actor
    target: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str | None


class AuditLog:
    """The use case of those who look into the log."""

    def __init__(self, database: Database) -> None:
        self._entries = database.collection(AUDIT)

    async def list(self, query: AuditQuery) -> Listed[AuditEntry]:
        """A page of entries, the newest first."""
        asked = given(action=query.action, actor_id=query.actor_id, target=query.target)
        times = {"$gte": query.since, "$lt": query.until}
        if period := {op: moment for op, moment in times.items() if moment}:
            asked["at"] = period
        return await newest(self._entries, asked, query)


def audit_view(entry: AuditEntry) -> AuditView:
    """The entry as it is shown."""
    return AuditView.model_validate(entry.model_dump(include=set(AuditView.model_fields)))
