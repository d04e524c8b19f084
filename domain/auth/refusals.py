"""What keeps the user of an account out."""

from datetime import datetime

from domain.core.errors import AppError
from domain.core.model import rfc3339
from domain.users.model import Status, User


class AccountSuspended(AppError):
    """This account is suspended, `until` then."""

    code, status = "ACCOUNT_SUSPENDED", 403


class AccountBanned(AppError):
    """This account is banned; for good, or `until` then."""

    code, status = "ACCOUNT_BANNED", 403


class AccountDeleted(AppError):
    """This account was deleted."""

    code, status = "ACCOUNT_DELETED", 403


REFUSALS: dict[Status, type[AppError]] = {
    "suspended": AccountSuspended,
    "banned": AccountBanned,
    "deleted": AccountDeleted,
}


def refuse_unless_active(user: User, now: datetime) -> None:
    """Raises the refusal of the account's status, unless that is over."""
    refusal, until = REFUSALS.get(user.status), user.status_until
    if user.status == "deleted":
        raise AccountDeleted
    if refusal and (until is None or until > now):
        raise refusal(details={"until": rfc3339(until)} if until else None)
