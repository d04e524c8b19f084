"""What time does to lobbies: ready checks, countdowns and closings. Every step is idempotent and may run anywhere."""

from collections.abc import Iterator
from datetime import datetime

from domain.core.clock import Clock
from domain.core.collection import Changes, Database, Filter, Update, Write
from domain.core.deadlines import Deadlines
from domain.core.ids import LobbyId
from domain.core.limits import Limit, RateLimits
from domain.lobbies import rules
from domain.lobbies.changes import LobbyChanges, LobbyConfig
from domain.lobbies.model import LOBBIES, Lobby

SERVERS = Limit(10, 300.0)
"""So many servers are asked for on a host's account, whatever lobbies they open, and for the lobby of a match."""


class LobbyUpkeep:
    """What comes due in lobbies."""

    def __init__(
        self,
        *,
        database: Database,
        changes: LobbyChanges,
        deadlines: Deadlines,
        limits: RateLimits,
        clock: Clock,
        config: LobbyConfig,
    ) -> None:
        self._changes, self._deadlines, self._limits = changes, deadlines, limits
        self._clock, self._config = clock, config
        self._lobbies = database.collection(LOBBIES)

    async def elapse_countdown(self, lobby_id: LobbyId) -> None:
        """The game begins if the countdown is over, or a server is looked for if it needs one.

        A host who asks for too many gets none: the lobby forms again.
        """
        limited = self._config.allocates and await self._asks_too_often(lobby_id)
        await self._changes.change(
            lobby_id,
            lambda draft, now: rules.elapse_countdown(draft, now, allocate=self._config.allocates, limited=limited),
        )

    async def elapse_ready_check(self, lobby_id: LobbyId) -> None:
        """The ready check ends if its time is over."""
        await self._changes.change(
            lobby_id, lambda draft, now: rules.elapse_ready_check(draft, now, self._config.countdown_s)
        )

    async def elapse_idle(self, lobby_id: LobbyId) -> None:
        """Closes a lobby whose time is over; else sets the next deadline."""
        lobby = await self._changes.change(lobby_id, rules.elapse_idle)
        if lobby.status != "closed" and lobby.idle_at > self._clock.now():
            await self._deadlines.set("idle", lobby.id, lobby.idle_at)

    async def elapse(self, lobby: Lobby) -> None:
        """Acts on whatever is due in the lobby."""
        now = self._clock.now()
        if lobby.starts_at is not None and lobby.status == "countdown" and lobby.starts_at <= now:
            await self.elapse_countdown(lobby.lobby_id)
        if lobby.ready_by is not None and lobby.ready_by <= now:
            await self.elapse_ready_check(lobby.lobby_id)
        if lobby.idle_at <= now:
            await self.elapse_idle(lobby.lobby_id)

    async def overdue(self, before: datetime, limit: int) -> list[Lobby]:
        """Lobbies in which something came due before that moment and was not acted on."""
        passed = {"$lt": before}
        counting: Filter = {"status": "countdown", "allocating": False, "starts_at": passed}  # jobs see to the others
        checking: Filter = {"ready_by": passed}
        idle: Filter = {"status": {"$in": ["forming", "ready", "active"]}, "idle_at": passed}
        found = [await self._lobbies.find(filter, limit=limit) for filter in (counting, checking, idle)]
        return list({lobby.id: lobby for lobbies in found for lobby in lobbies}.values())

    async def _asks_too_often(self, lobby_id: LobbyId) -> bool:
        """Spends a server of whoever lets the lobby start; whether there is none left for it."""
        lobby = await self._lobbies.get(lobby_id)
        if lobby is None or not rules.counted_down(lobby, self._clock.now()):
            return False
        who = f"lobby:{lobby.id}" if lobby.match_id else f"user:{lobby.host_id}"
        return await self._limits.take(f"server:{who}", SERVERS) > 0


def ending(lobby: Lobby | None, now: datetime) -> Iterator[Write]:
    """The write that ends a lobby whose match has a result, for the commit of that: it closes once `idle` is due."""
    if lobby is not None and lobby.status != "closed" and lobby.finished_at is None:
        ended: Changes = {"$set": {"finished_at": now, "idle_at": now}, "$inc": {"version": 1}}
        yield Update(LOBBIES, lobby.id, ended, expect={"version": lobby.version})
