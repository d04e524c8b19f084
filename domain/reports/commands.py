"""What players and moderators may ask for about reports and sanctions."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.core.clock import seconds
from domain.core.ids import UserId
from domain.core.model import ID_SHAPE, Command, Text, WireId
from domain.core.paging import PageQuery
from domain.reports.model import Action, CaseStatus, EvidenceKind, Reason, SanctionKind

EVIDENCE_MAX = 10
YEAR_MS = 366 * 86_400_000
LONGEST_MS = 10 * YEAR_MS
"""What is meant to last longer is meant for good."""

Duration = Annotated[int, Field(ge=1000, le=LONGEST_MS, description="milliseconds, 1000 to 10 years")]
Explanation = Annotated[Text, Field(min_length=1, max_length=2000)]


class EvidenceRef(Command):
    """One thing to look at: a message, an image of the chat, a lobby or a match the reporter was part of."""

    message_id: WireId | None = None
    media_id: WireId | None = None
    lobby_id: WireId | None = None
    match_id: WireId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(id is not None for id in (self.message_id, self.media_id, self.lobby_id, self.match_id)) != 1:
            raise ValueError("name one of messageId, mediaId, lobbyId and matchId")
        return self

    @property
    def named(self) -> tuple[EvidenceKind, str]:
        """What it is, and its id."""
        kinds: dict[EvidenceKind, str | None] = {
            "message": self.message_id,
            "media": self.media_id,
            "lobby": self.lobby_id,
            "match": self.match_id,
        }
        return next((kind, id) for kind, id in kinds.items() if id is not None)


class SubmitReport(Command):
    """Tells the moderators of a player. What is pointed at is copied now, as it is."""

    user_id: Annotated[UserId, ID_SHAPE]
    reason: Reason
    description: Annotated[Text, Field(min_length=1, max_length=2000)] | None = None
    evidence: list[EvidenceRef] = Field(default_factory=list, max_length=EVIDENCE_MAX)


class CaseQuery(PageQuery):
    """Which cases, those of the highest priority first. assigneeId: of those a moderator has taken."""

    status: CaseStatus = "open"
    reason: Reason | None = None
    user_id: Annotated[UserId, ID_SHAPE] | None = None
    assignee_id: Annotated[UserId, ID_SHAPE] | None = None


class AddNote(Command):
    """Writes something down for the other moderators."""

    text: Explanation


class AssignCase(Command):
    """Gives a case to a moderator, or with none back to all."""

    assignee_id: Annotated[UserId, ID_SHAPE] | None = None


class Impose(Command):
    """Imposes a sanction. reason: the player reads it. durationMs: missing for good; a warning has none, and a
    suspension needs one."""

    kind: SanctionKind
    reason: Explanation
    duration_ms: Duration | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.kind == "warning" and self.duration_ms is not None:
            raise ValueError("a warning has no duration")
        if self.kind == "suspension" and self.duration_ms is None:
            raise ValueError("a suspension needs a duration; without an end it is a ban")
        return self

    def until(self, now: datetime) -> datetime | None:
        """When it is over."""
        return now + seconds(self.duration_ms / 1000) if self.duration_ms is not None else None


class ResolveCase(Command):
    """Ends a case: with nothing, or with a sanction of that kind. reason: the player reads it, if there is one."""

    action: Action
    reason: Explanation
    duration_ms: Duration | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.action == "none" and self.duration_ms is not None:
            raise ValueError("nothing has no duration")
        self.sanction()
        return self

    def sanction(self) -> Impose | None:
        """The sanction it asks for, if any."""
        if self.action == "none":
            return None
        return Impose(kind=self.action, reason=self.reason, duration_ms=self.duration_ms)


class Lift(Command):
    """Ends a sanction before its time."""

    reason: Explanation
