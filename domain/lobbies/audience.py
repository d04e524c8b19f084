"""Those who watch lobbies and are not connected any more: after a while their places are given up."""

from contextlib import suppress

from domain.core.clock import Clock, seconds
from domain.core.collection import After, Changes, Database
from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.core.isolation import Report, isolated
from domain.lobbies import spectating
from domain.lobbies.changes import LobbyChanges, LobbyConfig
from domain.lobbies.model import SPECTATOR_SEATS, SpectatorSeat
from domain.lobbies.rules import NotInLobby
from domain.presence.presence import Presence

PAGE = 500


class Audience:
    """Compares who watches with who is connected. Unlike members, nobody waits for them: a sweep is quick enough."""

    def __init__(
        self, *, database: Database, changes: LobbyChanges, presence: Presence, clock: Clock, config: LobbyConfig
    ) -> None:
        self._changes, self._presence, self._clock, self._config = changes, presence, clock, config
        self._seats = database.collection(SPECTATOR_SEATS)

    async def reconcile(self, report: Report) -> None:
        """Notes who is away and who is back, and gives up the places of those who stay away. Idempotent."""
        after: After | None = None
        while page := await self._seats.find({}, sort="id", limit=PAGE, after=after):
            online = await self._presence.online([UserId(seat.id) for seat in page])
            for seat in page:
                await isolated(report, f"spectator {seat.id}", self._follow(seat, seat.id in online))
            after = (page[-1].id, page[-1].id)

    async def _follow(self, seat: SpectatorSeat, online: bool) -> None:
        now = self._clock.now()
        if online:
            if seat.away_since is not None:
                await self._note(seat, {"$unset": {"away_since": True}})
        elif seat.away_since is None:
            await self._note(seat, {"$set": {"away_since": now}})
        elif now - seat.away_since >= seconds(self._config.away_s):
            await self._give_up(seat)

    async def _note(self, seat: SpectatorSeat, changes: Changes) -> None:
        await self._seats.update(seat.id, changes, expect={"lobby_id": seat.lobby_id})

    async def _give_up(self, seat: SpectatorSeat) -> None:
        with suppress(NotFound, NotInLobby):  # they left in this very moment
            await self._changes.change(
                seat.lobby_id, lambda draft, _: spectating.unwatch(draft, UserId(seat.id), "grace_expired")
            )
