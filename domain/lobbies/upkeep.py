"""What time does to lobbies: ready checks, countdowns and closings. Every step is idempotent and may run anywhere."""

from collections.abc import Iterator
from datetime import datetime

from domain.core.clock import Clock
from domain.core.collection import Changes, Database, Filter, Update, Write
from domain.core.deadlines import Deadlines
from domain.core.ids import LobbyId
from domain.lobbies import rules
from domain.lobbies.changes import LobbyChanges, LobbyConfig
from domain.lobbies.model import LOBBIES, Lobby


class LobbyUpkeep:
    """What comes due in lobbies."""

    def __init__(
        self, *, database: Database, changes: LobbyChanges, deadlines: Deadlines, clock: Clock, config: LobbyConfig
    ) -> None:
        self._changes, self._deadlines, self._clock, self._config = changes, deadlines, clock, config
        self._lobbies = database.collection(LOBBIES)

    async def elapse_countdown(self, lobby_id: LobbyId) -> None:
        """The game begins if the countdown is over, or a server is looked for if it needs one."""
        await self._changes.change(
            lobby_id, lambda draft, now: rules.elapse_countdown(draft, now, allocate=self._config.allocates)
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
        counting: Filter = {"status": "countdown", "starts_at": passed}
        checking: Filter = {"ready_by": passed}
        idle: Filter = {"status": {"$in": ["forming", "ready", "active"]}, "idle_at": passed}
        found = [await self._lobbies.find(filter, limit=limit) for filter in (counting, checking, idle)]
        return list({lobby.id: lobby for lobbies in found for lobby in lobbies}.values())


def ending(lobby: Lobby | None, now: datetime) -> Iterator[Write]:
    """The write that ends a lobby whose match has a result, for the commit of that: it closes once `idle` is due."""
    if lobby is not None and lobby.status != "closed" and lobby.finished_at is None:
        ended: Changes = {"$set": {"finished_at": now, "idle_at": now}, "$inc": {"version": 1}}
        yield Update(LOBBIES, lobby.id, ended, expect={"version": lobby.version})
