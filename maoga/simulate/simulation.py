"""A simulation: the tickets of a scenario come, are matched by the tick of production and end, on a virtual clock."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.core.clock import seconds
from domain.core.ids import GameId, MatchId, TicketId, UserId
from domain.games.model import Game, Mode
from domain.matchmaking.board import PoolState
from domain.matchmaking.matching import PoolMatcher
from domain.matchmaking.model import Match
from domain.matchmaking.ownership import Ownership
from domain.matchmaking.pairing.matcher import Explanation, Group, Matcher
from domain.matchmaking.pool import Change, PoolEntry, PoolKey
from domain.matchmaking.tick import Tick
from maoga.simulate.scenario import Scenario, ScenarioTicket
from maoga.simulate.summary import Figures, summary
from storage.memory.leases import SoleLeases
from storage.memory.tickets import MemoryTicketPool

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""What the virtual clock shows at second 0. No outcome depends on it."""

Line = dict[str, Any]


class Chooser(Protocol):
    """What forms the groups of one pool: `Matcher`, or what is compared with it."""

    def put(self, entries: Iterable[PoolEntry]) -> None:
        """Tickets wait."""
        ...

    def drop(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets wait no more."""
        ...

    def free(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets of a group that came to nothing wait again."""
        ...

    def groups(self, now: datetime) -> Iterator[Group | None]:
        """The groups that can be formed now."""
        ...


def matcher(key: PoolKey, mode: Mode, seed: int) -> Chooser:
    """The chooser of production."""
    return Matcher(key, mode, seed=seed)


class Simulation:
    """One run of a scenario. Everybody accepts at once, so that a proposal is a match.

    write: takes the lines of the output, one after the other. chooser: makes what forms the groups of a pool.
    """

    def __init__(
        self,
        scenario: Scenario,
        write: Callable[[Line], None],
        chooser: Callable[[PoolKey, Mode, int], Chooser] = matcher,
    ) -> None:
        self._scenario, self._write, self._chooser = scenario, write, chooser
        self._clock = _VirtualClock()
        self._pool = MemoryTicketPool()
        self._ownership = Ownership(SoleLeases(), self._clock)
        self._failures: list[Exception] = []
        self._tick = Tick(
            pool=self._pool,
            games=self,
            expiry=self,
            proposals=self,
            board=self,
            ownership=self._ownership,
            clock=self._clock,
            report=lambda _, error: self._failures.append(error),
            open_small=self._open,
        )
        self._waiting: dict[TicketId, PoolEntry] = {}
        self._searching: set[UserId] = set()
        self.figures = Figures()

    def run(self) -> Line:
        """Plays the scenario to its end; the summary, which is the last line written."""
        return asyncio.run(self._play())

    async def _play(self) -> Line:
        began = time.process_time()
        step, end = self._scenario.config.tick_ms, _ms(self._scenario.until)
        events, done = _events(self._scenario), 0
        tick = step
        while tick <= end:
            while done < len(events) and events[done].at <= tick:
                await self._happen(events[done])
                done += 1
            await self._run_tick(tick)
            tick += step
            if not self._waiting:  # nothing will come of a tick before somebody comes
                upcoming = events[done].at if done < len(events) else end + 1
                tick = max(tick, -(-upcoming // step) * step)
        for event in events[done:]:
            if event.at <= end:
                await self._happen(event)
        return self._end([event.ticket for event in events[done:] if event.at > end and not event.gives_up], began)

    async def _happen(self, event: "_Event") -> None:
        ticket = event.ticket
        self._clock.ms = event.at
        if event.gives_up:
            if ticket.id in self._waiting:
                await self._leave(ticket.id)
                self._cancelled(event)
        elif ticket.cancel_at == ticket.at:
            self._cancelled(event)
        elif self._searching.isdisjoint(ticket.player_ids):
            await self._come(ticket)
        else:
            self._cancelled(event, reason="ALREADY_QUEUED")

    async def _come(self, ticket: ScenarioTicket) -> None:
        entry = PoolEntry(
            ticket_id=ticket.id,
            players=tuple(self._scenario.player(id, ticket) for id in ticket.player_ids),
            criteria=ticket.criteria,
            queued_at=self._clock.now(),
        )
        self._waiting[ticket.id] = entry
        self._searching.update(ticket.player_ids)
        await self._pool.add(entry)

    async def _run_tick(self, at: int) -> None:
        self._clock.ms = at
        began = time.perf_counter()
        await self._ownership.beat()
        await self._tick.run()
        if self._failures:
            raise self._failures[0]
        self.figures.tick_ms.append((time.perf_counter() - began) * 1000)
        self.figures.tick_at.append(self._clock.s)
        self.figures.queue.append(len(self._waiting))

    async def get(self, game_id: GameId) -> Game | None:
        """The catalogue of the tick: the scenario's games."""
        return self._scenario.by_game.get(game_id)

    async def propose(self, pool: PoolKey, group: Group) -> Match | None:
        """The ready check of the tick: all accept."""
        match = self._match(pool, group)
        if not await self._pool.claim(match.match_id, group.ticket_ids, self._clock.now()):
            return None
        await self._pool.settle(match.match_id)
        self._matched(match, group, [self._gone(id) for id in group.ticket_ids])
        return match

    def expiry_limit(self) -> datetime:
        """Tickets queued before this moment have waited too long."""
        return self._clock.now() - seconds(self._scenario.config.ticket_max_s)

    async def expire(self, ticket_id: TicketId) -> None:
        """Ends such a ticket."""
        if ticket_id in self._waiting:
            await self._leave(ticket_id)
            self.figures.expired += 1
            self._write({"type": "expired", "at": self._clock.s, "ticketId": ticket_id})

    async def cancel_unplayable(self, ticket_id: TicketId) -> bool:
        """All games of the scenario stay playable."""
        return False

    async def show_waiting(self, explained: Mapping[TicketId, Explanation], state: PoolState) -> None:
        """The board of the tick: nobody looks."""

    async def _open(self, key: PoolKey, mode: Mode) -> PoolMatcher:
        return _Unexplained(self._chooser(key, mode, self._scenario.seed))

    async def _leave(self, ticket_id: TicketId) -> None:
        self._gone(ticket_id)
        await self._pool.remove([ticket_id])

    def _gone(self, ticket_id: TicketId) -> PoolEntry:
        entry = self._waiting.pop(ticket_id)
        self._searching.difference_update(player.user_id for player in entry.players)
        return entry

    def _match(self, pool: PoolKey, group: Group) -> Match:
        now = self._clock.now()
        return Match(
            id=MatchId(f"m{len(self.figures.match_at) + 1}"),
            game_id=pool.game_id,
            mode=pool.mode,
            region=group.region,
            teams=group.teams,
            players=group.players,
            player_ids=tuple(player.user_id for player in group.players),
            min_players=group.min_size,
            quality=group.quality,
            status="confirmed",
            accept_by=now,
            formed_at=now,
        )

    def _matched(self, match: Match, group: Group, entries: Sequence[PoolEntry]) -> None:
        at, figures = self._clock.s, self.figures
        waits = [(self._clock.ms - _since(entry.queued_at)) / 1000 for entry in entries]
        ratings = [player.skills[match.game_id].mu for entry in entries for player in entry.players]
        figures.match_at.append(at)
        figures.spreads.append(max(ratings) - min(ratings))
        figures.qualities.append(match.quality.overall)
        figures.waits += waits
        figures.waited_at += [at] * len(waits)
        figures.players += len(ratings)
        line: Line = {
            "type": "match",
            "at": at,
            "matchId": match.id,
            "gameId": match.game_id,
            "mode": match.mode,
            "ticketIds": group.ticket_ids,
            "teams": [list(team) for team in match.teams],
            "region": match.region,
            "quality": match.quality.wire(),
            "relaxation": [
                {"ticketId": entry.ticket_id, "level": group.levels[entry.ticket_id], "waitedS": wait}
                for entry, wait in zip(entries, waits, strict=True)
            ],
        }
        if roles := {player.user_id: player.role for player in match.players if player.role}:
            line["roles"] = roles
        self._write(line)

    def _cancelled(self, event: "_Event", **reason: str) -> None:
        self.figures.cancelled += 1
        self._write({"type": "cancelled", "at": event.at / 1000, "ticketId": event.ticket.id, **reason})

    def _end(self, to_come: Sequence[ScenarioTicket], began: float) -> Line:
        waiting = [*self._waiting, *(ticket.id for ticket in to_come)]
        pools = {key for ticket in self._scenario.tickets for key in ticket.pools}
        rules = [self._scenario.mode_of(key).matching for key in sorted(pools)]
        line = summary(self.figures, waiting, rules, time.process_time() - began)
        self._write(line)
        return line


class _VirtualClock:
    """ms: how long ago the simulation began. It stands still until it is set."""

    ms = 0

    @property
    def s(self) -> float:
        return self.ms / 1000

    def now(self) -> datetime:
        return BEGINNING + timedelta(milliseconds=self.ms)


class _Unexplained(PoolMatcher):
    """A chooser as the tick works with it. Nobody asks why tickets wait, so that costs nothing."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    async def apply(self, changes: Sequence[Change]) -> None:
        self._chooser.put(change.entry for change in changes if change.entry)
        self._chooser.drop(change.ticket_id for change in changes if not change.entry)

    async def free(self, ticket_ids: Sequence[TicketId]) -> None:
        self._chooser.free(ticket_ids)

    async def groups(self, now: datetime) -> AsyncGenerator[Group, None]:
        for group in self._chooser.groups(now):
            if group is not None:
                yield group

    async def explain(self, ticket_ids: Sequence[TicketId], now: datetime) -> dict[TicketId, Explanation]:
        return {}

    async def stretch(self, now: datetime) -> float:
        return 1.0

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Event:
    """A ticket comes, or gives up, `at` ms after the beginning."""

    at: int
    gives_up: bool
    ticket: ScenarioTicket


def _events(scenario: Scenario) -> list[_Event]:
    """What happens, in order; who gives up makes room for who comes at that moment."""
    come = [_Event(_ms(ticket.at), False, ticket) for ticket in scenario.tickets]
    give_up = [
        _Event(_ms(ticket.cancel_at), True, ticket) for ticket in scenario.tickets if ticket.cancel_at is not None
    ]
    return sorted([*come, *give_up], key=lambda event: (event.at, not event.gives_up))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _since(moment: datetime) -> int:
    return (moment - BEGINNING) // timedelta(milliseconds=1)
