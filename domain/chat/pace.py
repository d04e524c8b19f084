"""How fast one may talk."""

from collections import OrderedDict
from datetime import datetime

from domain.chat.model import Channel
from domain.core.clock import Clock, ms_between, seconds
from domain.core.errors import AppError, RateLimited
from domain.core.ids import ChannelId, UserId
from domain.core.limits import Limit, RateLimits

BURST = 20
EVERY = seconds(0.25)
"""A member may say so many things at once, and four more each second: by channel and process, as events have it."""
REMEMBERED = 10_000


class SlowMode(AppError):
    """This channel is in slow mode: wait `retryInMs` before your next message."""

    code, status, retry = "SLOW_MODE", 429, True

    def __init__(self, retry_in_ms: int) -> None:
        super().__init__(details={"retryInMs": retry_in_ms})


class Pace:
    """The limits of a member in one channel.

    limits: for slow mode, which is one for all instances. scale: multiplies the burst; 0 switches that limit off.
    """

    def __init__(self, limits: RateLimits, clock: Clock, scale: float) -> None:
        self._limits, self._clock = limits, clock
        self._room = EVERY * BURST * scale
        self._rested_at: OrderedDict[tuple[ChannelId, UserId], datetime] = OrderedDict()

    async def take(self, channel: Channel, user: UserId) -> None:
        """Spends a message; raises `RateLimited` or `SlowMode`. A moderator does not wait in slow mode."""
        if self._room:
            self._take_here((channel.channel_id, user))
        if channel.slow_mode_ms and not channel.moderated_by(user):
            once = Limit(1, channel.slow_mode_ms / 1000)
            if wait_ms := await self._limits.take(f"slow:{channel.id}:{user}", once):
                raise SlowMode(wait_ms)

    def _take_here(self, who: tuple[ChannelId, UserId]) -> None:
        """The generic cell rate algorithm: one moment per member, at which all they spent will have come back."""
        now = self._clock.now()
        rested_at = max(now, self._rested_at.get(who, now)) + EVERY
        if rested_at > now + self._room:
            raise RateLimited(ms_between(now + self._room, rested_at))
        self._rested_at[who] = rested_at
        self._rested_at.move_to_end(who)
        if len(self._rested_at) > REMEMBERED:
            self._rested_at.popitem(last=False)
