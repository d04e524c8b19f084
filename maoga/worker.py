"""What a worker does: ticks, deadlines, jobs and sweeps. Any number may run; all their steps are idempotent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from loguru import logger

from domain.core.clock import Clock
from domain.core.deadlines import Deadlines, Due, Kind
from domain.core.errors import AppError, NotFound, Unavailable
from domain.core.ids import LobbyId, MatchId, TicketId, UserId
from domain.core.index import may_lag
from domain.core.leases import Leases
from domain.jobs.runner import BEAT_S as JOB_BEAT_S
from domain.jobs.runner import JobRunner
from domain.lobbies.upkeep import LobbyUpkeep
from domain.matchmaking.grace import Grace
from domain.matchmaking.ownership import BEAT_S, Ownership
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.recovery import Recovery
from domain.matchmaking.results import Results
from domain.matchmaking.schedule import Schedule
from domain.matchmaking.tick import Tick
from domain.rankings.standings import Standings
from domain.social.presences import Presences
from maoga.census import CENSUS, CENSUS_EVERY_S, Census
from maoga.pairing_process import PairingProcess
from maoga.process import Process, end, every

DEADLINES_EVERY_S = 0.1
SWEEP_EVERY_S = 2.0
REFILL_EVERY_S = 10.0
STANDINGS_EVERY_S = 5.0
PRESENCE_EVERY_S = 0.25
LAPSED_EVERY_S = 1.0
JOBS_EVERY_S = 0.2
CRON_EVERY_S = 1.0
DUE_AT_ONCE = 100
LEASES = (CENSUS, "sweep", "refill", "standings", "presence")
"""What one worker does for all: each name is a lease."""


class Worker:
    """The loops of a worker."""

    def __init__(
        self,
        *,
        tick: Tick,
        runner: JobRunner,
        ownership: Ownership,
        pairing: PairingProcess,
        tick_ms: int,
        deadlines: Deadlines,
        leases: Leases,
        clock: Clock,
        proposals: Proposals,
        results: Results,
        standings: Standings,
        upkeep: LobbyUpkeep,
        grace: Grace,
        schedule: Schedule,
        recovery: Recovery,
        presences: Presences,
        census: Census,
    ) -> None:
        self._tick, self._ownership, self._pairing, self._tick_ms = tick, ownership, pairing, tick_ms
        self._leases, self._recovery, self._deadlines, self._clock = leases, recovery, deadlines, clock
        self._standings, self._runner, self._presences, self._census = standings, runner, presences, census
        self._stopping, self._closed = asyncio.Event(), False
        self._working: list[asyncio.Task[None]] = []
        self._beating: list[asyncio.Task[None]] = []
        self._handlers: dict[Kind, Callable[[str], Awaitable[None]]] = {
            "accept": lambda id: proposals.elapse(MatchId(id)),
            "grace": lambda id: grace.elapse(UserId(id)),
            "countdown": lambda id: upkeep.elapse_countdown(LobbyId(id)),
            "ready": lambda id: upkeep.elapse_ready_check(LobbyId(id)),
            "schedule": lambda id: schedule.elapse(TicketId(id)),
            "idle": lambda id: upkeep.elapse_idle(LobbyId(id)),
            "result": lambda id: results.elapse(MatchId(id)),
        }

    def start(self, process: Process) -> None:
        """Starts the loops as essential tasks."""

        def work(interval_s: float, name: str, step: Callable[[], Awaitable[object]]) -> None:
            self._working.append(process.start(name, every(interval_s, name, step, until=self._stopping)))

        def beat(interval_s: float, name: str, step: Callable[[], Awaitable[object]]) -> None:
            self._beating.append(process.start(name, every(interval_s, name, step)))

        work(self._tick_ms / 1000, "tick", self._tick.run)
        beat(BEAT_S, "ownership", self._ownership.beat)
        work(DEADLINES_EVERY_S, "deadlines", self.run_deadlines)
        work(JOBS_EVERY_S, "jobs", self._runner.poll)
        beat(JOB_BEAT_S, "job leases", self._runner.beat)
        work(CRON_EVERY_S, "cron", self._runner.plan)
        work(CENSUS_EVERY_S, CENSUS, self._census.take)
        work(SWEEP_EVERY_S, "sweep", self.sweep)
        work(REFILL_EVERY_S, "refill", self.refill)
        work(PRESENCE_EVERY_S, "presence", self._presences.run)
        work(LAPSED_EVERY_S, "lapsed leases", self.sweep_presence)
        work(STANDINGS_EVERY_S, "standings", self.sweep_standings)

    async def drain(self, seconds: float) -> None:
        """Begins nothing new, and lets what is being done end within so many seconds; then others have all of it."""
        self._stopping.set()
        self._runner.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*self._working, return_exceptions=True)
                await self._runner.idle()
        await end([*self._working, *self._beating])  # the beats held its leases until now
        await self.close()
        logger.info("pools, jobs and leases are handed over")

    async def close(self) -> None:
        """Gives jobs and leases back, hands its pools over, and ends its child: once, when the loops have ended."""
        if self._closed:
            return
        self._closed = True
        with suppress(Unavailable):  # else their leases run out
            await self._runner.close()
        await self._tick.close()
        with may_lag():  # as above
            await asyncio.gather(*map(self._leases.release, LEASES))
        await self._pairing.close()

    async def run_deadlines(self) -> None:
        """Acts on all deadlines that have come."""
        while not self._stopping.is_set() and (due := await self._deadlines.due(self._clock.now(), DUE_AT_ONCE)):
            await asyncio.gather(*map(self._act, due))

    async def sweep(self) -> None:
        """Mends what crashes left, on one worker at a time."""
        if await self._leases.acquire("sweep", int(SWEEP_EVERY_S * 2000)):
            await self._recovery.sweep()

    async def refill(self) -> None:
        """Puts forgotten tickets back into the pool, on one worker at a time."""
        if await self._leases.acquire("refill", int(REFILL_EVERY_S * 2000)):
            await self._recovery.refill_pool()

    async def sweep_standings(self) -> None:
        """Mends the leaderboards, on one worker at a time."""
        if await self._leases.acquire("standings", int(STANDINGS_EVERY_S * 2000)):
            await self._standings.sweep()

    async def sweep_presence(self) -> None:
        """Looks for players of killed instances, on one worker at a time."""
        if await self._leases.acquire("presence", int(LAPSED_EVERY_S * 2000)):
            await self._presences.sweep()

    async def _act(self, due: Due) -> None:
        """One deadline. When it fails it stays leased and comes again in 10 s, here or elsewhere."""
        try:
            with suppress(NotFound):
                await self._handlers[due.kind](due.id)
            await self._deadlines.done(due)
        except AppError as error:
            logger.warning("deadline {} {} is tried again: {}", due.kind, due.id, error.message)
        except Exception:
            logger.exception("deadline {} {} failed", due.kind, due.id)
