"""Cooldowns: who refuses a proposed match waits before the next search, longer each time, until it is forgotten.

The rule is pure. A refusal's cooldown is written in the commit that cancels the match.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock, ms_between, seconds
from domain.core.collection import Database, Insert, Replace, Spec, Write
from domain.core.errors import AppError
from domain.core.ids import UserId
from domain.core.model import Document, Timestamp


class Cooldown(Document):
    """What a player's refusals cost them. The id is the user's.

    level: how many refusals still count; at `decays_at`, and every so often after it, one less. until: when they may
    search again. expires_at: when nothing of it counts any more.
    """

    level: int
    until: Timestamp
    decays_at: Timestamp
    expires_at: Timestamp


COOLDOWNS = Spec("cooldowns", Cooldown, expires="expires_at")


@dataclass(frozen=True, slots=True)
class CooldownRule:
    """steps_s: seconds to wait after the first refusal that counts, the second, ...; the last is for all further ones.

    decay_s: after so long without a refusal one is forgotten, and the next one after as long again.
    """

    steps_s: tuple[float, ...] = (0.0, 30.0, 120.0, 300.0, 900.0)
    decay_s: float = 3600


class OnCooldown(AppError):
    """You, or members of your party, have refused matches; wait `retryInMs` before the next search.

    userIds: who has to wait, in a party.
    """

    code, status, retry = "COOLDOWN", 429, True

    def __init__(self, retry_in_ms: int, users: Sequence[UserId] = ()) -> None:
        super().__init__(details={"retryInMs": retry_in_ms, **({"userIds": list(users)} if users else {})})


def level_at(cooldown: Cooldown | None, now: datetime, rule: CooldownRule) -> int:
    """How many refusals count at that moment."""
    if cooldown is None or now < cooldown.decays_at:
        return cooldown.level if cooldown else 0
    forgotten = 1 + (now - cooldown.decays_at) // seconds(rule.decay_s)
    return max(0, cooldown.level - forgotten)


def after_refusal(before: Cooldown | None, user: UserId, now: datetime, rule: CooldownRule) -> Cooldown:
    """The player's cooldown after one more refusal, which never shortens one that runs."""
    level = min(level_at(before, now, rule) + 1, len(rule.steps_s))
    until = now + seconds(rule.steps_s[level - 1])
    if before is not None:
        until = max(until, before.until)
    fields = {
        "level": level,
        "until": until,
        "decays_at": now + seconds(rule.decay_s),
        "expires_at": max(until, now + seconds(rule.decay_s * level)),
    }
    return before.changed(**fields) if before else Cooldown(id=user, **fields)


class Cooldowns:
    """The stored cooldowns."""

    def __init__(self, database: Database, clock: Clock, rule: CooldownRule) -> None:
        self._cooldowns, self._clock, self._rule = database.collection(COOLDOWNS), clock, rule

    async def check(self, user: UserId, party: Iterable[UserId] = ()) -> None:
        """Raises `OnCooldown` unless the user and the others of the party may search."""
        running = await self.running([user, *party])
        if running:
            wait_ms = ms_between(self._clock.now(), max(running.values()))
            raise OnCooldown(wait_ms, [] if set(running) == {user} else sorted(running))

    async def running(self, users: Sequence[UserId]) -> dict[UserId, datetime]:
        """Until when those of the users who have to wait have to."""
        now = self._clock.now()
        found = (await self._cooldowns.get_many(users)).values()
        return {UserId(cooldown.id): cooldown.until for cooldown in found if cooldown.until > now}

    async def refusals(self, users: Sequence[UserId]) -> tuple[list[Write], dict[UserId, datetime]]:
        """The writes that raise the users' cooldowns by a refusal, and until when each of those who must wait must.

        They conflict when a cooldown has changed meanwhile: ask again then.
        """
        now = self._clock.now()
        before: Mapping[str, Cooldown] = await self._cooldowns.get_many(users)
        after = [after_refusal(before.get(user), user, now, self._rule) for user in dict.fromkeys(users)]
        writes: list[Write] = [
            Replace(COOLDOWNS, cooldown) if cooldown.id in before else Insert(COOLDOWNS, cooldown) for cooldown in after
        ]
        return writes, {UserId(cooldown.id): cooldown.until for cooldown in after if cooldown.until > now}
