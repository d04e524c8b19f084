"""What a worker does: ticks, deadlines, jobs and sweeps. Any number may run; all their steps are idempotent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from loguru import logger

from domain.core.clock import Clock
from domain.core.deadlines import Deadlines, Due, Kind
from domain.core.errors import AppError, NotFound, Unavailable
from domain.core.ids import LobbyId, MatchId, TicketId, UserId
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
from maoga.census import CENSUS_EVERY_S, Census
from maoga.pairing_process import PairingProcess
from maoga.process import Process, every

DEADLINES_EVERY_S = 0.1
SWEEP_EVERY_S = 2.0
REFILL_EVERY_S = 10.0
STANDINGS_EVERY_S = 5.0
PRESENCE_EVERY_S = 0.25
LAPSED_EVERY_S = 1.0
JOBS_EVERY_S = 0.2
CRON_EVERY_S = 1.0
DUE_AT_ONCE = 100


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
        process.start("tick", every(self._tick_ms / 1000, "tick", self._tick.run))
        process.start("ownership", every(BEAT_S, "ownership", self._ownership.beat))
        process.start("deadlines", every(DEADLINES_EVERY_S, "deadlines", self.run_deadlines))
        process.start("jobs", every(JOBS_EVERY_S, "jobs", self._runner.poll))
        process.start("job leases", every(JOB_BEAT_S, "job leases", self._runner.beat))
        process.start("cron", every(CRON_EVERY_S, "cron", self._runner.plan))
        process.start("census", every(CENSUS_EVERY_S, "census", self._census.take))
        process.start("sweep", every(SWEEP_EVERY_S, "sweep", self.sweep))
        process.start("refill", every(REFILL_EVERY_S, "refill", self.refill))
        process.start("presence", every(PRESENCE_EVERY_S, "presence", self._presences.run))
        process.start("lapsed leases", every(LAPSED_EVERY_S, "lapsed leases", self.sweep_presence))
        process.start("standings", every(STANDINGS_EVERY_S, "standings", self.sweep_standings))

    async def close(self) -> None:
        """Gives its jobs back, hands its pools over, and ends its child. Call it once the loops have ended."""
        with suppress(Unavailable):  # else their leases run out
            await self._runner.close()
        await self._tick.close()
        await self._pairing.close()

    async def run_deadlines(self) -> None:
        """Acts on all deadlines that have come."""
        while due := await self._deadlines.due(self._clock.now(), DUE_AT_ONCE):
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
