"""Reports, cases and sanctions, as sent."""

from typing import Literal

from domain.core.ids import UserId
from domain.core.model import Model, Timestamp
from domain.reports.model import (
    Case,
    CaseStatus,
    Evidence,
    Note,
    Reason,
    Report,
    Resolution,
    Sanction,
    SanctionKind,
)


class MyReport(Model):
    """A report as its reporter sees it. outcome: whether anything was done, once it is resolved.

    Once the reported account is erased, so is what was said of it: userId, description and outcome are missing then.
    """

    id: str
    user_id: UserId | None
    reason: Reason
    description: str | None
    evidence: int
    status: CaseStatus
    outcome: Literal["action", "no_action"] | None
    created_at: Timestamp
    resolved_at: Timestamp | None


class ReportView(Model):
    """A report as moderators see it. reporterId: missing once their account is erased."""

    id: str
    reporter_id: UserId | None
    reason: Reason
    description: str | None
    evidence: tuple[Evidence, ...]
    created_at: Timestamp


class CaseSummary(Model):
    """A case in the moderators' queue. reporters: how many players have reported the same one."""

    id: str
    user_id: UserId
    status: CaseStatus
    reasons: tuple[Reason, ...]
    reporters: int
    priority: float
    assignee_id: UserId | None
    resolution: Resolution | None
    created_at: Timestamp
    updated_at: Timestamp


class SanctionView(Model):
    """A sanction as moderators see it. until: missing when it holds for good. endedAt: once it is over."""

    id: str
    user_id: UserId
    kind: SanctionKind
    reason: str
    by: UserId | None
    case_id: str | None
    created_at: Timestamp
    until: Timestamp | None
    ended_at: Timestamp | None
    lifted_by: UserId | None
    lifted_reason: str | None


class CaseView(CaseSummary):
    """A case with all that is known: what was reported (the newest 100), notes, and earlier sanctions (20)."""

    reports: list[ReportView]
    notes: tuple[Note, ...]
    sanctions: list[SanctionView]


def my_report(report: Report, case: Case | None) -> MyReport:
    """The report as its reporter sees it; without a case it is over, and nothing was done."""
    resolution = case.resolution if case else None
    return MyReport(
        id=report.id,
        user_id=report.user_id,
        reason=report.reason,
        description=report.description,
        evidence=len(report.evidence),
        status=case.status if case else "resolved",
        outcome=("no_action" if resolution.action == "none" else "action") if resolution else None,
        created_at=report.created_at,
        resolved_at=resolution.at if resolution else None,
    )


def report_view(report: Report) -> ReportView:
    """The report as moderators see it."""
    return ReportView.model_validate(report.model_dump(include=set(ReportView.model_fields)))


def case_summary(case: Case) -> CaseSummary:
    """The case in the queue."""
    shared = case.model_dump(include=set(CaseSummary.model_fields))
    return CaseSummary(**shared, reporters=len(case.reporter_ids))


def case_view(case: Case, reports: list[ReportView], sanctions: list[SanctionView]) -> CaseView:
    """The case with all that is known."""
    return CaseView(**dict(case_summary(case)), reports=reports, notes=case.notes, sanctions=sanctions)


def sanction_view(sanction: Sanction) -> SanctionView:
    """The sanction as moderators see it."""
    return SanctionView.model_validate(sanction.model_dump(include=set(SanctionView.model_fields)))
