"""All use cases of reports and sanctions, under one name."""

from dataclasses import dataclass

from domain.reports.cases import Cases
from domain.reports.reports import Reports
from domain.reports.sanctions import Sanctions


@dataclass(frozen=True, slots=True)
class Moderation:
    """What players report, what moderators make of it, and what follows."""

    reports: Reports
    cases: Cases
    sanctions: Sanctions
