"""The use cases of those who judge reports."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.chat.media import Media
from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Insert, Replace, StorageConflict, Write
from domain.core.errors import AppError, Conflict, Forbidden, NotFound, ValidationFailed
from domain.core.ids import MediaId, UserId
from domain.core.index import may_lag
from domain.core.listing import given
from domain.core.paging import Page, after, cursor_of
from domain.core.retries import RETRIES, pause
from domain.jobs.jobs import Jobs
from domain.notifications.model import Notification, ReportOutcome
from domain.notifications.notifications import Notifications
from domain.reports.commands import AddNote, AssignCase, CaseQuery, ResolveCase
from domain.reports.images import HELD_S, LET_GO_JOB, HeldImages
from domain.reports.model import CASES, REPORTS, Case, Note, Resolution
from domain.reports.sanctions import Sanctions
from domain.reports.views import CaseSummary, CaseView, case_summary, case_view, report_view
from domain.users.permissions import may
from domain.users.users import Users

REPORTS_SHOWN = 100
SANCTIONS_SHOWN = 20
NOTES_MOST = 200
TOLD_MOST = 200
"""So many reporters hear of the outcome by a notification; all see it in their list."""

OUTCOMES = {
    True: "Thank you for your report. We have looked at it and taken action.",
    False: "Thank you for your report. We have looked at it and found nothing to act on.",
}


class OwnCase(Forbidden):
    """Nobody looks into the case against themselves, or judges it."""

    code = "OWN_CASE"


class CaseResolved(AppError):
    """This case is resolved already."""

    code, status = "CASE_RESOLVED", 409


class Cases:
    """The moderators' queue. Every change of a case has its entry in the audit log."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        sanctions: Sanctions,
        audit: Audit,
        notifications: Notifications,
        images: HeldImages,
        jobs: Jobs,
        clock: Clock,
    ) -> None:
        self._database, self._users, self._sanctions = database, users, sanctions
        self._audit, self._notifications, self._clock = audit, notifications, clock
        self._images, self._jobs = images, jobs
        self._cases, self._reports = database.collection(CASES), database.collection(REPORTS)

    async def queue(self, query: CaseQuery) -> Page[CaseSummary]:
        """A page of cases, those to look at first before the others."""
        asked = given(status=query.status, reasons=query.reason, user_id=query.user_id, assignee_id=query.assignee_id)
        start = after(query.cursor, float)
        found = await self._cases.find(asked, sort="-priority", limit=query.limit + 1, after=start)
        shown = found[: query.limit]
        return Page(
            [case_summary(case) for case in shown],
            cursor_of(shown[-1].priority, shown[-1].id) if len(found) > query.limit else None,
        )

    async def view(self, actor: Actor, id: str) -> CaseView:
        """One case with all that is known; raises `NotFound` and `OwnCase`, as all below does."""
        return await self._view(await self._found(actor, id))

    async def image(self, actor: Actor, media_id: MediaId) -> tuple[Media, bytes]:
        """An image among the evidence of a case, and its bytes, whatever became of the message; raises `NotFound`."""
        return await self._images.open(actor.id, media_id)

    async def note(self, actor: Actor, id: str, command: AddNote) -> CaseView:
        """Writes something down for the others; raises `NotFound`, and `ValidationFailed` for too many notes."""

        def decide(case: Case, now: datetime) -> Case:
            if len(case.notes) >= NOTES_MOST:
                raise ValidationFailed([{"field": "text", "message": f"a case has at most {NOTES_MOST} notes"}])
            return case.changed(notes=(*case.notes, Note(by=_id_of(actor), at=now, text=command.text)))

        return await self._change(actor, id, "report.noted", decide, command.text)

    async def assign(self, actor: Actor, id: str, command: AssignCase) -> CaseView:
        """Gives the case to a moderator, or back to all; raises `NotFound`, `CaseResolved` and `ValidationFailed`."""
        if command.assignee_id is not None:
            assignee = await self._users.find(command.assignee_id)
            if assignee is None or not may(assignee.role, "reports:resolve"):
                raise ValidationFailed([{"field": "assigneeId", "message": "is no moderator"}])

        def decide(case: Case, now: datetime) -> Case:
            _check_open(case)
            return case.changed(assignee_id=command.assignee_id)

        return await self._change(actor, id, "report.assigned", decide)

    async def resolve(self, actor: Actor, id: str, command: ResolveCase) -> CaseView:
        """Ends a case, with the sanction it asks for in the same commit, and tells the reporters.

        Raises `NotFound`, `CaseResolved`, and what imposing the sanction raises.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            case = await self._found(actor, id)
            _check_open(case)
            asked = command.sanction()
            sentence = await self._sanctions.prepare(actor, case.user_id, asked, case.id) if asked else None
            now = self._clock.now()
            resolution = Resolution(
                action=command.action,
                reason=command.reason,
                by=_id_of(actor),
                at=now,
                sanction_id=sentence.sanction.id if sentence else None,
            )
            resolved = case.changed(status="resolved", open_for=None, resolution=resolution, updated_at=now)
            news = await self._outcomes(case, acted=asked is not None)
            over = self._jobs.new(LET_GO_JOB, {"caseId": case.id}, at=now + seconds(HELD_S))
            writes = [*self._writes(actor, "report.resolved", case, resolved, command.reason), *news, over]
            with suppress(StorageConflict):  # somebody has reported or judged in this very moment
                await self._database.commit(*writes, *(sentence.writes if sentence else ()))
                if sentence:
                    await self._sanctions.carry_out(sentence)
                with may_lag():
                    await self._notifications.tell(news)
                return await self.view(actor, id)
        raise Conflict

    async def _change(
        self,
        actor: Actor,
        id: str,
        action: str,
        decide: Callable[[Case, datetime], Case],
        reason: str | None = None,
    ) -> CaseView:
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before, now = await self._found(actor, id), self._clock.now()
            changed = decide(before, now).changed(updated_at=now)
            with suppress(StorageConflict):
                await self._database.commit(*self._writes(actor, action, before, changed, reason))
                return await self.view(actor, id)
        raise Conflict

    def _writes(self, actor: Actor, action: str, before: Case, changed: Case, reason: str | None) -> list[Write]:
        entry = self._audit.entry(
            action, actor, f"report:{before.id}", before=_brief(before), after=_brief(changed), reason=reason
        )
        return [Replace(CASES, changed), entry]

    async def _outcomes(self, case: Case, *, acted: bool) -> list[Insert[Notification]]:
        reports = await self._reports.find({"case_id": case.id}, limit=TOLD_MOST)
        by_reporter = {report.reporter_id: report.id for report in reports if report.reporter_id}
        outcome = OUTCOMES[acted]
        return await self._notifications.about(
            {user: ReportOutcome(report_id=report_id, outcome=outcome) for user, report_id in by_reporter.items()}
        )

    async def _found(self, actor: Actor, id: str) -> Case:
        case = await self._cases.get(id)
        if case is None:
            raise NotFound("There is no such case.")
        if case.user_id == actor.id:
            raise OwnCase
        return case

    async def _view(self, case: Case) -> CaseView:
        reports = await self._reports.find({"case_id": case.id}, sort="-id", limit=REPORTS_SHOWN)
        sanctions = await self._sanctions.of(case.user_id, SANCTIONS_SHOWN)
        return case_view(case, [report_view(report) for report in reports], sanctions)


def _check_open(case: Case) -> None:
    if case.status != "open":
        raise CaseResolved


def _id_of(actor: Actor) -> UserId:
    return UserId(actor.id or actor.kind)


def _brief(case: Case) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": case.status, "userId": case.user_id, "notes": len(case.notes)}
    if case.assignee_id:
        shown["assigneeId"] = case.assignee_id
    if case.resolution:
        shown |= {"action": case.resolution.action}
    return shown
