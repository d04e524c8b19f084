"""Who may say nothing anywhere for a while, because the server's moderators say so."""

from domain.chat.silence import Muted
from domain.core.cached import CachedReads
from domain.core.clock import Clock, ms_between
from domain.core.collection import Database
from domain.core.ids import UserId
from domain.users.model import USERS

HEEDED_S = 1.0
"""A mute, or its end, counts on every instance after so long."""

TALKERS = 10_000
"""So many of those who spoke last are remembered: each message asks."""


class Mutes:
    """Asks the accounts, which the sanctions are written to."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._users = CachedReads(database.collection(USERS), clock, ttl_s=HEEDED_S, size=TALKERS)

    async def check(self, user: UserId) -> None:
        """Raises `Muted`."""
        account = (await self._users.get(user)).value
        now = self._clock.now()
        if account and account.muted_until and account.muted_until > now:
            raise Muted(ms_between(now, account.muted_until))
