"""Who may not talk in a channel for a while, because a moderator says so. Pure."""

from datetime import UTC, datetime

from pydantic import Field

from domain.chat.channels import Changed
from domain.chat.commands import ToMember
from domain.chat.model import Channel
from domain.core.clock import ms_between
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.ids import UserId

SILENCED_MAX = 200
"""Most players silenced in one channel at a time."""

NO_LATER_MS = 253_402_300_799_999
"""The last moment of the year 9999, which is as far as dates go."""


class Muted(AppError):
    """A moderator has muted you, in this channel or everywhere; wait `retryInMs`."""

    code, status = "MUTED", 403

    def __init__(self, retry_in_ms: int) -> None:
        super().__init__(details={"retryInMs": retry_in_ms})


class SilenceLimit(AppError):
    """As many players are muted in this channel as can be."""

    code, status = "MUTE_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": SILENCED_MAX})


class Moderate(ToMember):
    """Mutes a member of a channel until a moment, in Unix milliseconds; without one, or with one that has passed, the
    member may talk again."""

    muted_until_ms: int | None = Field(default=None, ge=0, le=NO_LATER_MS)


def may_talk(channel: Channel, user: UserId, now: datetime) -> None:
    """Raises `Muted`."""
    until = (channel.silenced or {}).get(user)
    if until and until > now:
        raise Muted(ms_between(now, until))


def silenced(channel: Channel, user: UserId, command: Moderate, now: datetime, *, staff: bool) -> Changed:
    """A moderator silences somebody below them, or lets them talk again. staff: the server's moderators, who may
    silence anybody, and whose word on it is changed by one of them alone.

    Raises `NotFound` when nobody like that is there, `Forbidden` and `SilenceLimit`.
    """
    whom, so_far = command.user_id, channel.silenced or {}
    if whom not in channel.member_ids and whom not in so_far:
        raise NotFound
    above = channel.moderated_by(user) and not (channel.moderated_by(whom) and user != channel.owner_id)
    if whom == user or not (staff or above):
        raise Forbidden("Only the moderators of the channel may do this, with members below them.")
    holding = {one: until for one, until in so_far.items() if until > now}
    by_staff = [one for one in channel.staff_silenced if one in holding]
    if whom in by_staff and not staff:
        raise Forbidden("A moderator of the server has muted this member.")
    others = {one: until for one, until in holding.items() if one != whom}
    others_by_staff = tuple(one for one in by_staff if one != whom)
    until = datetime.fromtimestamp((command.muted_until_ms or 0) / 1000, UTC)
    if until <= now:
        return Changed(channel.changed(silenced=others, staff_silenced=others_by_staff))
    if len(others) >= SILENCED_MAX:
        raise SilenceLimit
    return Changed(
        channel.changed(
            silenced={**others, whom: until},
            staff_silenced=(*others_by_staff, whom) if staff else others_by_staff,
        )
    )
