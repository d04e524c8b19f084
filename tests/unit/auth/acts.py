"""What the tests of passwords and addresses do, and look at."""

from domain.audit.model import AUDIT
from domain.auth.commands import ChangeEmail, ChangePassword, RequestReset, ResetPassword, VerifyEmail
from domain.auth.model import Client, Principal, SessionView
from domain.core.ids import UserId
from domain.users.model import User
from tests.support.accounts import PASSWORD, Accounts

NEW = "velvet otter parade"
HOME = Client("192.0.2.1", "a game")


async def principal_of(accounts: Accounts, session: SessionView) -> Principal:
    return await accounts.auth.authenticate(session.access_token)


async def change(accounts: Accounts, session: SessionView, new: str = NEW, present: str = PASSWORD) -> None:
    command = ChangePassword.parse({"password": present, "newPassword": new})
    await accounts.credentials.change_password(await principal_of(accounts, session), command, HOME)


async def ask(accounts: Accounts, email: str = "ada@example.test", address: str = "192.0.2.1") -> None:
    await accounts.credentials.request_reset(RequestReset.parse({"email": email}), Client(address))


async def reset(accounts: Accounts, code: str, new: str = NEW) -> None:
    await accounts.credentials.reset(ResetPassword.parse({"token": code, "newPassword": new}), HOME)


async def verify(accounts: Accounts, code: str) -> None:
    await accounts.credentials.verify(VerifyEmail.parse({"token": code}), HOME)


async def change_email(accounts: Accounts, session: SessionView, email: str, password: str = PASSWORD) -> None:
    command = ChangeEmail.parse({"email": email, "password": password})
    await accounts.credentials.change_email(await principal_of(accounts, session), command, HOME)


async def subjects(accounts: Accounts) -> list[str]:
    """What mails there are, by subject, sorted."""
    return sorted(mail["Subject"] for mail in await accounts.mails())


async def stored(accounts: Accounts, session: SessionView) -> User:
    return await accounts.users.get(UserId(session.user.id))


async def actions(accounts: Accounts) -> list[str]:
    """What the audit log has, in order."""
    return [entry.action for entry in await accounts.database.collection(AUDIT).find({}, sort="at", limit=100)]
