"""What the sanctions in force come to, for the account they are written on. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from domain.core.collection import Update
from domain.reports.model import Sanction, SanctionKind
from domain.users.model import USERS, Status, User

FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)
"""When a mute without an end would end."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account says of its sanctions; see `User`."""

    status: Status = "active"
    status_until: datetime | None = None
    muted_until: datetime | None = None


def standing(sanctions: Iterable[Sanction], now: datetime) -> Standing:
    """Of several sanctions the gravest gives the status, and the last to end gives the end.

    So a suspension that outlasts a ban begins to be called one when the ban is over, and nobody gets in meanwhile.
    """
    in_force = [one for one in sanctions if one.ended_at is None and (one.until is None or one.until > now)]
    status: Status = "active"
    if _of(in_force, "suspension"):
        status = "suspended"
    if _of(in_force, "ban"):
        status = "banned"
    return Standing(
        status,
        _end(_of(in_force, "suspension", "ban")),
        _end(_of(in_force, "mute")) or (FOR_GOOD if _of(in_force, "mute") else None),
    )


def standing_of(user: User) -> Standing:
    """What the account says; of a deleted one, what it will say when it is back."""
    status = user.returns_as if user.status == "deleted" else user.status
    return Standing(status, user.status_until, user.muted_until)


def written(user: User, after: Standing) -> Update[User]:
    """The write that puts a standing on the account as it was read. A deleted one stays deleted."""
    fields = asdict(after)
    if user.status == "deleted":
        fields["returns_as"] = fields.pop("status")
    changes: dict[str, dict[str, Any]] = {
        "$set": {name: value for name, value in fields.items() if value is not None},
        "$unset": {name: True for name, value in fields.items() if value is None},
        "$inc": {"version": 1},
    }
    if not changes["$unset"]:
        del changes["$unset"]
    return Update(USERS, user.id, changes, expect={"version": user.version, "status": user.status})


def _of(sanctions: Iterable[Sanction], *kinds: SanctionKind) -> list[Sanction]:
    return [one for one in sanctions if one.kind in kinds]


def _end(sanctions: Iterable[Sanction]) -> datetime | None:
    """When the last of them is over; None when one never is, or there are none."""
    ends = [one.until or FOR_GOOD for one in sanctions]
    latest = max(ends, default=FOR_GOOD)
    return latest if latest < FOR_GOOD else None
