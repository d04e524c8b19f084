"""What workers must have done by now: deadlines, events that wait to be published, jobs whose worker is gone."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from domain.chat.model import CHANNELS, Channel
from domain.core.clock import Clock, seconds
from domain.core.collection import Database
from domain.core.events import WithEvents
from domain.core.model import rfc3339
from domain.jobs.model import JOBS, Job
from domain.lobbies.model import LOBBIES, SEATS, Lobby, Seat
from domain.matchmaking.model import MATCHES, TICKETS, Match, Ticket
from domain.parties.model import PARTY_SEATS, PartySeat
from maoga.audit.inspection import Among, Invariant, Wrong, about
from maoga.core import SPECS

LATE_S = 10.0
"""So late nothing is that any worker sees to: the sweeps, every 2 s, do what the index of deadlines has lost."""


def chores(database: Database, clock: Clock) -> Iterator[Invariant[Any]]:
    """The rules of what is to be done in time."""

    def before() -> datetime:
        return clock.now() - seconds(LATE_S)

    def passed(field: str, sort: str = "id", **others: Any) -> Callable[[], Among]:
        return lambda: ({**others, field: {"$lt": before()}}, sort)

    def on_time(spec: Any, due: Callable[[Any], Iterator[datetime | None]], *among: Callable[[], Among]) -> Any:
        rule = "What comes due is seen to within seconds, though the index has lost it."
        return about(f"deadlines of {spec.name}", rule, database.collection(spec), partial(_late, before, due), *among)

    yield on_time(MATCHES, _of_match, passed("accept_by", "accept_by", status="proposed"), passed("report_by"))
    yield on_time(TICKETS, _of_ticket, passed("due_at"))
    yield on_time(
        LOBBIES,
        _of_lobby,
        passed("starts_at", status="countdown", allocating=False),
        passed("ready_by"),
        *(passed("idle_at", "idle_at", status=status) for status in ("forming", "ready", "active")),
    )
    yield on_time(SEATS, _of_seat, passed("grace_until"))
    yield on_time(PARTY_SEATS, _of_seat, passed("grace_until"))
    for spec in SPECS:
        if issubclass(spec.model, WithEvents):
            waiting = [passed("unpublished_at"), *([passed("noted_at")] if spec is CHANNELS else [])]
            rule = "What was written is told within seconds."
            kept = database.collection(spec)
            yield about(f"unpublished {spec.name}", rule, kept, partial(_untold, before), *waiting)
    running: Among = ({"status": "running"}, "run_at")
    rule = "A job that runs has a worker; that of a killed one is another's within seconds."
    yield about("jobs", rule, database.collection(JOBS), partial(_unheld, before), running)


async def _late(
    before: Callable[[], datetime], due: Callable[[Any], Iterator[datetime | None]], some: Sequence[Any]
) -> Wrong:
    return {one.id: [f"came due at {rfc3339(at)}" for at in due(one) if at and at < before()] for one in some}


def _of_match(match: Match) -> Iterator[datetime | None]:
    yield match.accept_by if match.status == "proposed" else None
    yield match.report_by


def _of_ticket(ticket: Ticket) -> Iterator[datetime | None]:
    yield ticket.due_at


def _of_lobby(lobby: Lobby) -> Iterator[datetime | None]:
    yield lobby.starts_at if lobby.status == "countdown" and not lobby.allocating else None
    yield lobby.ready_by
    yield lobby.idle_at if lobby.status in {"forming", "ready", "active"} else None


def _of_seat(seat: Seat | PartySeat) -> Iterator[datetime | None]:
    yield seat.grace_until


async def _untold(before: Callable[[], datetime], some: Sequence[WithEvents]) -> Wrong:
    def since(one: WithEvents) -> Iterator[str]:
        if one.unpublished_at and one.unpublished_at < before():
            yield f"has events that wait since {rfc3339(one.unpublished_at)}"
        if isinstance(one, Channel) and one.noted_at and one.noted_at < before():
            yield f"has notes that wait since {rfc3339(one.noted_at)}"

    return {one.id: since(one) for one in some}


async def _unheld(before: Callable[[], datetime], jobs: Sequence[Job]) -> Wrong:
    def lost(job: Job) -> Iterator[str]:
        if job.status == "running" and (job.leased_until is None or job.leased_until < before()):
            until = rfc3339(job.leased_until) if job.leased_until else "never"
            yield f"a {job.kind} job runs nowhere: {job.leased_by} had it until {until}"

    return {job.id: lost(job) for job in jobs}
