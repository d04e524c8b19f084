"""Which case a moderator looks at first. Pure."""

from domain.reports.model import Reason
from domain.users.model import User

SEVERITY: dict[Reason, int] = {
    "threats": 50,
    "hate_speech": 40,
    "harassment": 30,
    "cheating": 30,
    "inappropriate_content": 20,
    "griefing": 15,
    "spam": 10,
    "other": 5,
}
PER_REPORTER = 8
REPORTERS_MOST = 40
"""A crowd raises a case by so much at most: it may have been called together."""

KARMA_MOST = 10


def credit(reporter: User) -> float:
    """What a reporter's word is worth: half of one, if others think little of them, or if they are a guest."""
    return 0.5 if reporter.guest or reporter.karma < 0 else 1.0


def priority(severity: int, credit: float, reported: User) -> float:
    """0 to 100: the gravest reason, plus what many reporters and a bad karma add.

    severity: of that reason. credit: of all reporters together.
    """
    crowd = min(REPORTERS_MOST, PER_REPORTER * max(0.0, credit - 1))
    disliked = min(KARMA_MOST, max(0, -reported.karma))
    return severity + crowd + disliked
