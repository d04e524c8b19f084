"""The use cases of those who report."""

from contextlib import suppress
from typing import Any

from domain.core.clock import Clock, ms_between, seconds
from domain.core.collection import Database, Insert, Replace, StorageConflict, Write
from domain.core.errors import Conflict, NotFound, RateLimited, ValidationFailed
from domain.core.ids import IdFactory, UserId
from domain.core.paging import Page, PageQuery, after, cursor_of
from domain.core.retries import RETRIES, pause
from domain.reports.commands import SubmitReport
from domain.reports.evidence import EvidenceTaker
from domain.reports.images import HeldImages
from domain.reports.model import CASES, REPORTS, Case, Evidence, Report
from domain.reports.priority import SEVERITY, credit, priority
from domain.reports.views import MyReport, my_report
from domain.users.model import User
from domain.users.users import Users

A_DAY = 30
"""So many reports may a player make."""
DAY = seconds(86_400)

REPORTERS_KEPT = 200
"""Of one case; the word of more adds nothing to its priority."""

EVIDENCE_KEPT = 30
"""Of one report; who has more to show has shown enough."""


class Reports:
    """Players tell the moderators of other players."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        evidence: EvidenceTaker,
        clock: Clock,
        new_id: IdFactory,
    ) -> None:
        self._database, self._users, self._evidence = database, users, evidence
        self._clock, self._new_id = clock, new_id
        self._reports, self._cases = database.collection(REPORTS), database.collection(CASES)

    async def submit(self, user: UserId, command: SubmitReport) -> MyReport:
        """Reports a player; once more for the same reason, while the case is open, adds to the first report.

        Raises `ValidationFailed` for oneself, `NotFound` for a player or a piece of evidence that is not there for the
        reporter, and `RateLimited`.
        """
        if command.user_id == user:
            raise ValidationFailed([{"field": "userId", "message": "nobody can report themselves"}])
        await self._limit(user)
        people = await self._users.get_many([user, command.user_id])
        reporter, reported = people.get(user), people.get(command.user_id)
        if reporter is None or reported is None or reported.status == "deleted":
            raise NotFound("There is no such user.")
        evidence = await self._evidence.take(user, command.evidence)
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            with suppress(StorageConflict):  # somebody else reports them, or judges them, in this very moment
                return await self._store(reporter, reported, command, evidence)
        raise Conflict

    async def mine(self, user: UserId, query: PageQuery) -> Page[MyReport]:
        """A page of what the user has reported, the newest first."""
        start = after(query.cursor, str)
        found = await self._reports.find({"reporter_id": user}, sort="-id", limit=query.limit + 1, after=start)
        shown = found[: query.limit]
        cases = await self._cases.get_many([report.case_id for report in shown])
        return Page(
            [my_report(report, cases.get(report.case_id)) for report in shown],
            cursor_of(shown[-1].id, shown[-1].id) if len(found) > query.limit else None,
        )

    async def _limit(self, user: UserId) -> None:
        now = self._clock.now()
        today: dict[str, Any] = {"reporter_id": user, "created_at": {"$gt": now - DAY}}
        if await self._reports.count(today) >= A_DAY:
            first = await self._reports.find_one(today, sort="created_at")
            raise RateLimited(ms_between(now, first.created_at + DAY) if first else 0)

    async def _store(self, reporter: User, reported: User, command: SubmitReport, evidence: list[Evidence]) -> MyReport:
        """Raises `StorageConflict`."""
        before = await self._cases.find_one({"open_for": reported.id})
        case = self._joined(before or self._opened(reported, command), reporter, reported, command)
        again: dict[str, Any] = {"case_id": case.id, "reporter_id": reporter.id, "reason": command.reason}
        first = await self._reports.find_one(again)
        report = self._added(first, command, evidence) if first else self._new(case, reporter, command, evidence)
        writes: list[Write] = [
            Replace(CASES, case) if before else Insert(CASES, case),
            Replace(REPORTS, report) if first else Insert(REPORTS, report),
            *HeldImages.hold(evidence, case.id),
        ]
        await self._database.commit(*writes)
        return my_report(report, case)

    def _opened(self, reported: User, command: SubmitReport) -> Case:
        now, user = self._clock.now(), UserId(reported.id)
        return Case(
            id=self._new_id(),
            user_id=user,
            open_for=user,
            reasons=(command.reason,),
            reporter_ids=(),
            credit=0,
            severity=0,
            priority=0,
            created_at=now,
            updated_at=now,
        )

    def _joined(self, case: Case, reporter: User, reported: User, command: SubmitReport) -> Case:
        """The case with what one more reporter says."""
        new = reporter.id not in case.reporter_ids and len(case.reporter_ids) < REPORTERS_KEPT
        worth = case.credit + (credit(reporter) if new else 0)
        severity = max(case.severity, SEVERITY[command.reason])
        return case.changed(
            reasons=tuple(dict.fromkeys((*case.reasons, command.reason))),
            reporter_ids=(*case.reporter_ids, reporter.id) if new else case.reporter_ids,
            credit=worth,
            severity=severity,
            priority=priority(severity, worth, reported),
            updated_at=self._clock.now(),
        )

    def _new(self, case: Case, reporter: User, command: SubmitReport, evidence: list[Evidence]) -> Report:
        return Report(
            id=self._new_id(),
            case_id=case.id,
            reporter_id=UserId(reporter.id),
            user_id=case.user_id,
            reason=command.reason,
            description=command.description,
            evidence=tuple(evidence),
            created_at=self._clock.now(),
        )

    @staticmethod
    def _added(first: Report, command: SubmitReport, evidence: list[Evidence]) -> Report:
        """The first report with what is new; what was copied then stays as it was then."""
        known = {(one.kind, one.id) for one in first.evidence}
        new = [one for one in evidence if (one.kind, one.id) not in known]
        return first.changed(
            evidence=(*first.evidence, *new)[:EVIDENCE_KEPT],
            description=first.description or command.description,
        )
