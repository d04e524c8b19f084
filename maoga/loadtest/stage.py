"""What the players of a load test share."""

import asyncio
import random
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp

from clients.python.types import Criteria, Game
from domain.games.model import ModeName
from maoga.loadtest.client import LoadClient
from maoga.loadtest.figures import Figures
from maoga.loadtest.options import BadOptions, LoadOptions

ENTRIES_AT_ONCE = 16
GROUP = 4
KNOWN = 50


@dataclass(frozen=True, slots=True)
class Pool:
    """What all play: a game, a mode, and how many play together. seats: of a lobby in which they only talk."""

    game_id: str
    mode: ModeName
    size: int
    seats: int

    def criteria(self) -> Criteria:
        """What a player looks for who takes everybody."""
        return {
            "games": [{"gameId": self.game_id, "weight": 5}],
            "mode": self.mode,
            "groupSize": {"min": self.size, "max": self.size},
        }


def pool_of(catalogue: list[Game], players: int) -> Pool:
    """A pool of small groups, none of them larger than `players`; raises `BadOptions` when the catalogue has none."""
    for game in catalogue:
        for mode in game["modes"]:
            group = mode.get("groupSize")
            if group and not mode.get("teams") and group["min"] <= GROUP:
                seats = min(GROUP, group["max"])
                return Pool(game["id"], mode["mode"], max(2, group["min"], min(seats, players)), seats)
    raise BadOptions(f"the catalogue has no game for groups of {GROUP} or fewer: `maoga seed` puts some there")


@dataclass(slots=True)
class Table:
    """A lobby in which some players sit and talk. lock: held by who looks for it, so that only one opens it."""

    lobby_id: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Stage:
    """known: ids of some players. over: nobody begins anything any more.

    run: of this run, at the beginning of its messages' ids. clients: of those who are there.
    """

    options: LoadOptions
    http: aiohttp.ClientSession
    pool: Pool
    figures: Figures
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    known: deque[str] = field(default_factory=lambda: deque(maxlen=KNOWN))
    clients: set[LoadClient] = field(default_factory=set)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    door: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ENTRIES_AT_ONCE))

    def end(self) -> None:
        """Play is over: everybody finishes what they do, and leaves."""
        self.over.set()
        for client in self.clients:
            client.wake()

    async def rest(self, seconds: float) -> None:
        """Waits so long, but not beyond the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()

    async def pause(self, times: float = 1.0) -> None:
        """What a player does not do anything for: so many paces on average, at most five times that."""
        mean_s = times * self.options.pace_s
        await self.rest(min(5 * mean_s, random.expovariate(1 / mean_s)))
