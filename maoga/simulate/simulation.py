"""A simulation: the tickets of a scenario come, are matched and end, on a clock that only ticks move."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.matchmaking.matcher import Group, Matcher
from domain.matchmaking.pool import PoolEntry, PoolKey
from maoga.simulate.scenario import Scenario, ScenarioTicket
from maoga.simulate.summary import Figures, summary

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""What the virtual clock shows at second 0. No outcome depends on it."""

Line = dict[str, Any]


class Chooser(Protocol):
    """What forms the groups of one pool: `Matcher`, or what is compared with it."""

    def put(self, entries: Iterable[PoolEntry]) -> None: ...
    def drop(self, ticket_ids: Iterable[TicketId]) -> None: ...
    def groups(self, now: datetime) -> Iterator[Group | None]: ...


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
        self._choosers: dict[PoolKey, Chooser] = {}
        self._waiting: dict[TicketId, PoolEntry] = {}
        self._searching: set[UserId] = set()
        self.figures = Figures()

    def run(self) -> Line:
        """Plays the scenario to its end; the summary, which is the last line written."""
        began = time.process_time()
        step, end = self._scenario.config.tick_ms, _ms(self._scenario.until)
        events, done = _events(self._scenario), 0
        tick = step
        while tick <= end:
            while done < len(events) and events[done].at <= tick:
                self._happen(events[done])
                done += 1
            self._tick(tick)
            tick += step
            if not self._waiting:  # nothing will come of a tick before somebody comes
                upcoming = events[done].at if done < len(events) else end + 1
                tick = max(tick, -(-upcoming // step) * step)
        for event in events[done:]:
            if event.at <= end:
                self._happen(event)
        return self._end([event.ticket for event in events[done:] if event.at > end and not event.gives_up], began)

    def _happen(self, event: "_Event") -> None:
        ticket = event.ticket
        if event.gives_up:
            if ticket.id in self._waiting:
                self._leave([ticket.id])
                self._cancelled(event)
        elif ticket.cancel_at == ticket.at:
            self._cancelled(event)
        elif self._searching.isdisjoint(ticket.player_ids):
            self._come(ticket, event.at)
        else:
            self._cancelled(event, reason="ALREADY_QUEUED")

    def _come(self, ticket: ScenarioTicket, at: int) -> None:
        entry = PoolEntry(
            ticket_id=ticket.id,
            players=tuple(self._scenario.player(id, ticket) for id in ticket.player_ids),
            criteria=ticket.criteria,
            queued_at=_moment(at),
        )
        self._waiting[ticket.id] = entry
        self._searching.update(ticket.player_ids)
        for key in entry.pools:
            self._chooser_of(key).put([entry])

    def _leave(self, ticket_ids: Iterable[TicketId]) -> list[PoolEntry]:
        """The tickets wait no more, in any pool."""
        left = [self._waiting.pop(id) for id in ticket_ids]
        for entry in left:
            self._searching.difference_update(player.user_id for player in entry.players)
            for key in entry.pools:
                self._chooser_of(key).drop([entry.ticket_id])
        return left

    def _tick(self, at: int) -> None:
        now, began = _moment(at), time.perf_counter()
        limit = _moment(at - _ms(self._scenario.config.ticket_max_s))
        late = [id for id, entry in self._waiting.items() if entry.queued_at <= limit]
        for id in late:
            self._leave([id])
            self.figures.expired += 1
            self._write({"type": "expired", "at": at / 1000, "ticketId": id})
        for key in sorted(self._choosers):
            for group in self._choosers[key].groups(now):
                if group is not None and all(id in self._waiting for id in group.ticket_ids):
                    self._matched(key, group, at)
        self.figures.tick_ms.append((time.perf_counter() - began) * 1000)
        self.figures.tick_at.append(at / 1000)
        self.figures.queue.append(len(self._waiting))

    def _matched(self, key: PoolKey, group: Group, at: int) -> None:
        entries = self._leave(group.ticket_ids)
        waits = [(at - _since(entry.queued_at)) / 1000 for entry in entries]
        ratings = [player.skills[key.game_id].mu for entry in entries for player in entry.players]
        figures = self.figures
        figures.match_at.append(at / 1000)
        figures.spreads.append(max(ratings) - min(ratings))
        figures.qualities.append(group.quality.overall)
        figures.waits += waits
        figures.waited_at += [at / 1000] * len(waits)
        figures.players += len(ratings)
        line: Line = {
            "type": "match",
            "at": at / 1000,
            "matchId": f"m{len(figures.match_at)}",
            "gameId": key.game_id,
            "mode": key.mode,
            "ticketIds": group.ticket_ids,
            "teams": [list(team) for team in group.teams],
            "region": group.region,
            "quality": group.quality.wire(),
            "relaxation": [
                {"ticketId": entry.ticket_id, "level": group.levels[entry.ticket_id], "waitedS": wait}
                for entry, wait in zip(entries, waits, strict=True)
            ],
        }
        if roles := {player.user_id: player.role for player in group.players if player.role}:
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

    def _chooser_of(self, key: PoolKey) -> Chooser:
        if key not in self._choosers:
            mode = self._scenario.mode_of(key)
            self._choosers[key] = self._chooser(key, mode, self._scenario.seed)
        return self._choosers[key]


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


def _moment(ms: int) -> datetime:
    return BEGINNING + timedelta(milliseconds=ms)


def _since(moment: datetime) -> int:
    return (moment - BEGINNING) // timedelta(milliseconds=1)
