"""The audit trail of a lobby, for support: who changed what, and when. Written in the commit of the change itself."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from domain.core.collection import Database, Insert, Spec
from domain.core.ids import IdFactory, LobbyId, UserId
from domain.core.model import Document, Kept, Timestamp
from domain.lobbies.model import Lobby

KEPT = timedelta(days=90)

VALUE_LENGTH = 200
"""Longer values are cut: the trail says what changed, it is no copy of the lobby."""

LEFT_OUT = frozenset(
    {
        "id",
        "version",
        "revision",
        "idle_at",
        "unpublished",
        "unpublished_at",
        "members",
        "connection",
        "join_code",
        "expires_at",
    }
)
"""What support has no use for, or, like the way into the game, no right to."""


class FieldChange(Kept):
    """One field before and after, as JSON. What was not there before, or is not there after it, is missing."""

    field: str
    before: str | None = None
    after: str | None = None


class TrailEntry(Document):
    """One change of a lobby.

    revision: of the lobby after it. by: who asked for it, or nobody, if it was the server's doing: a deadline, a lost
    connection, the matchmaking. what: the names of the events that told of it, or of what happened beside the lobby.
    """

    lobby_id: LobbyId
    revision: int
    at: Timestamp
    by: UserId | None = None
    what: tuple[str, ...]
    changes: tuple[FieldChange, ...] = ()
    expires_at: Timestamp


TRAIL = Spec("lobby_trail", TrailEntry, indexes=(("lobby_id", "revision"), ("by",)), expires="expires_at")


class Trail:
    """Writes the trails, and reads them to support."""

    def __init__(self, database: Database, new_id: IdFactory) -> None:
        self._entries, self._new_id = database.collection(TRAIL), new_id

    async def of(self, lobby_id: LobbyId, limit: int) -> list[TrailEntry]:
        """What happened to the lobby, from the first on; at most `limit` entries."""
        return await self._entries.find({"lobby_id": lobby_id}, sort="revision", limit=limit)

    def changed(
        self, before: Lobby | None, after: Lobby, what: tuple[str, ...], by: UserId | None, now: datetime
    ) -> Insert[TrailEntry]:
        """The write that records a change of the lobby, for its commit. before: missing for one that was just made."""
        return self._entry(after, what, by, now, tuple(_differences(_flat(before) if before else {}, _flat(after))))

    def happened(self, lobby: Lobby, what: str, by: UserId | None, now: datetime, **details: str) -> Insert[TrailEntry]:
        """The write that records what happened beside the lobby's own document, as an invitation does."""
        changes = tuple(FieldChange(field=field, after=_brief(value)) for field, value in details.items())
        return self._entry(lobby, (what,), by, now, changes)

    def _entry(
        self, lobby: Lobby, what: tuple[str, ...], by: UserId | None, now: datetime, changes: tuple[FieldChange, ...]
    ) -> Insert[TrailEntry]:
        entry = TrailEntry(
            id=self._new_id(),
            lobby_id=lobby.lobby_id,
            revision=lobby.revision,
            at=now,
            by=by,
            what=what,
            changes=changes,
            expires_at=now + KEPT,
        )
        return Insert(TRAIL, entry)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for field in sorted(before.keys() | after.keys()):
        was, now = before.get(field), after.get(field)
        if was != now:
            yield FieldChange(field=field, before=_brief(was), after=_brief(now))


def _flat(lobby: Lobby) -> dict[str, Any]:
    """The lobby as one value for each field, those of its settings and its members by paths (`members.<id>.team`)."""
    values = lobby.model_dump(mode="json", exclude=set(LEFT_OUT), exclude_none=True)
    for member in lobby.members:
        values[f"members.{member.user_id}"] = member.username
        for field in ("ready", "team", "role", "connection"):
            values[f"members.{member.user_id}.{field}"] = getattr(member, field)
    for field in ("settings", "capacity"):
        values |= {f"{field}.{name}": value for name, value in values.pop(field).items()}
    return values


def _brief(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()[:VALUE_LENGTH]
