"""Reports, the cases they make up, and sanctions, as stored."""

from typing import Any, Literal

from domain.core.collection import Spec
from domain.core.ids import MediaId, UserId
from domain.core.model import Document, Kept, Timestamp

Reason = Literal[
    "threats", "hate_speech", "harassment", "cheating", "inappropriate_content", "griefing", "spam", "other"
]
CaseStatus = Literal["open", "resolved"]
EvidenceKind = Literal["message", "media", "lobby", "match"]
SanctionKind = Literal["warning", "mute", "suspension", "ban"]
Action = Literal["none", "warning", "mute", "suspension", "ban"]


class Evidence(Kept):
    """What somebody points at, as it was when they did: the thing itself may be changed afterwards.

    data: as members of its channel, lobby or match saw it. user_id: who made it, where somebody did. image_id: of what
    it shows, for moderators to look at; see `images.py`.
    """

    kind: EvidenceKind
    id: str
    user_id: UserId | None = None
    image_id: MediaId | None = None
    taken_at: Timestamp
    data: dict[str, Any]


class Report(Document):
    """What one player says of another for one reason. Saying it again while the case is open adds to it.

    case_id: what it belongs to, with all that others say of the same player meanwhile. user_id: missing once the
    reported account is erased, and with it all that was said of it. reporter_id: nobody's once theirs is.
    """

    case_id: str
    reporter_id: UserId | None = None
    user_id: UserId | None = None
    reason: Reason
    description: str | None = None
    evidence: tuple[Evidence, ...] = ()
    created_at: Timestamp


class Note(Kept):
    """What a moderator wrote for the others."""

    by: UserId
    at: Timestamp
    text: str


class Resolution(Kept):
    """How a case ended. reason: for the moderators; the reporters learn only whether anything was done."""

    action: Action
    reason: str
    by: UserId
    at: Timestamp
    sanction_id: str | None = None


class Case(Document):
    """All open reports of one player, for moderators to judge together.

    open_for: the player, while it is open: there is one open case for each. reporter_ids: each once. credit: what their
    word is worth together. severity: of the gravest reason. priority: see `priority.py`.
    """

    user_id: UserId
    status: CaseStatus = "open"
    open_for: UserId | None = None
    reasons: tuple[Reason, ...]
    reporter_ids: tuple[UserId, ...]
    credit: float
    severity: int
    priority: float
    assignee_id: UserId | None = None
    notes: tuple[Note, ...] = ()
    resolution: Resolution | None = None
    created_at: Timestamp
    updated_at: Timestamp


class Sanction(Document):
    """What the moderators imposed on a player.

    until: missing when it holds for good. ended_at: when it was over, by itself or because somebody lifted it
    (`lifted_by`, `lifted_reason`); a warning is over at once.
    """

    user_id: UserId
    kind: SanctionKind
    reason: str
    by: UserId | None = None
    case_id: str | None = None
    created_at: Timestamp
    until: Timestamp | None = None
    ended_at: Timestamp | None = None
    lifted_by: UserId | None = None
    lifted_reason: str | None = None


REPORTS = Spec(
    "reports",
    Report,
    unique=(("case_id", "reporter_id", "reason"),),
    indexes=(("reporter_id", "created_at"), ("user_id",)),
)
CASES = Spec(
    "report_cases",
    Case,
    unique=(("open_for",),),
    indexes=(("status", "priority"), ("user_id",), ("assignee_id",), ("reasons",)),
)
SANCTIONS = Spec("sanctions", Sanction, indexes=(("user_id", "ended_at"), ("by",), ("lifted_by",)))
