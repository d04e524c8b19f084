"""What others see of a player. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.core.clock import seconds
from domain.presence.told import PresenceStatus, Told
from domain.social.model import UserStatus

OFFLINE_AFTER_S = 5.0
"""Who has closed the last connection is offline after so long: a reconnect is told to nobody."""

Occupation = Literal["queued", "in_lobby", "in_game"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a player. gone_at: when the last connection was closed, if one was of late.

    hidden: whether the player is offline to everybody.
    """

    online: bool
    gone_at: datetime | None
    busy: Occupation | None
    chosen: UserStatus | None
    hidden: bool


def offline_at(facts: Facts, last: Told, now: datetime) -> datetime | None:
    """When a player whose last connection has just gone will be offline to others; None for all others."""
    if facts.online or facts.gone_at is None or last.status == "offline":
        return None
    at = facts.gone_at + seconds(OFFLINE_AFTER_S)
    return at if now < at else None


def seen(facts: Facts, last: Told, now: datetime) -> Told:
    """What others see. Of two such sights the one with the later `since` is the later one."""
    status = _status(facts, is_here=facts.online or offline_at(facts, last, now) is not None)
    since = last.since
    if status != last.status:
        since = max(now, last.since + timedelta(milliseconds=1)) if last.since else now
    return Told(status, since, facts.chosen.custom_status if facts.chosen and status != "offline" else None)


def _status(facts: Facts, *, is_here: bool) -> PresenceStatus:
    if facts.hidden or not is_here:
        return "offline"
    return facts.busy or (facts.chosen.status if facts.chosen else "online")
