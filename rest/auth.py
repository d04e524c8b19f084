"""Accounts and sessions."""

from domain.accounts.me import Me
from domain.auth.auth import GuestsRefused, InvalidCredentials
from domain.auth.commands import (
    ChangeEmail,
    ChangePassword,
    EnterAsGuest,
    Login,
    Logout,
    Refresh,
    Register,
    RequestReset,
    ResetPassword,
    Upgrade,
    VerifyEmail,
)
from domain.auth.credentials import EmailVerified, NotAGuest
from domain.auth.links import LinkInvalid
from domain.auth.model import SessionInfo, SessionView
from domain.auth.proofs import NoPassword, ProofRequired, WrongPassword
from domain.auth.refusals import AccountBanned, AccountDeleted, AccountSuspended
from domain.auth.tokens import TokenExpired, TokenInvalid, TokenRevoked
from domain.core.errors import Conflict, NotFound
from domain.core.ids import SessionId
from domain.core.model import Empty
from domain.users.users import EmailTaken, UsernameTaken
from rest.envelope import Accepted, Reply
from rest.routes import Call, Route

REFUSALS = (AccountBanned, AccountDeleted, AccountSuspended)


async def register(call: Call) -> SessionView:
    """Opens an account, logs it in, and mails it a code that proves the address."""
    return await call.services.auth.register(call.body, call.client)


async def login(call: Call) -> SessionView:
    """Logs in by email address or username."""
    return await call.services.auth.login(call.body, call.client)


async def guest(call: Call) -> SessionView:
    """Enters without an account, where the server allows it."""
    return await call.services.auth.guest(call.body, call.client)


async def upgrade(call: Call) -> Me:
    """Makes the caller, a guest, an account of its own. Id, sessions and sockets stay. Who only logs in elsewhere
    must have done so within ten minutes."""
    return await call.services.credentials.upgrade(call.principal, call.body, call.client)


async def refresh(call: Call) -> SessionView:
    """Trades a refresh token for the next one. The spent one may be retried for 60 s; later it ends the session."""
    return await call.services.auth.refresh(call.body, call.client)


async def logout(call: Call) -> None:
    """Ends this session and closes its connections."""
    await call.services.auth.logout(call.principal, call.body, call.client)


async def logout_all(call: Call) -> None:
    """Ends all sessions of the caller and closes their connections."""
    await call.services.auth.logout_all(call.principal.user_id, call.client)


async def sessions(call: Call) -> Reply:
    """The caller's sessions, the newest first (at most 100)."""
    return Reply([session.wire() for session in await call.services.auth.sessions(call.principal)])


async def end_session(call: Call) -> None:
    """Ends one of the caller's sessions and closes its connections."""
    await call.services.auth.end_session(call.principal, SessionId(call.path["id"]), call.client)


async def change_password(call: Call) -> None:
    """Chooses another password. All other sessions end, and codes that were mailed before are void."""
    await call.services.credentials.change_password(call.principal, call.body, call.client)


async def change_email(call: Call) -> Accepted:
    """Mails a code to another address, which becomes the caller's with `/auth/verify-email/confirm`."""
    await call.services.credentials.change_email(call.principal, call.body, call.client)
    return Accepted()


async def request_verification(call: Call) -> Accepted:
    """Mails the caller a code that proves their address. It can be used for 24 hours."""
    await call.services.credentials.request_verification(call.principal, call.client)
    return Accepted()


async def verify(call: Call) -> None:
    """Proves an address with the code that was mailed there, once."""
    await call.services.credentials.verify(call.body, call.client)


async def request_reset(call: Call) -> Accepted:
    """Mails a code for another password to that address, if it is an account's. The answer is always the same."""
    await call.services.credentials.request_reset(call.body, call.client)
    return Accepted()


async def reset(call: Call) -> None:
    """Chooses another password with the code that was mailed, once and within an hour. All sessions end."""
    await call.services.credentials.reset(call.body, call.client)


routes = [
    Route(
        "POST",
        "/auth/register",
        register,
        auth=None,
        body=Register,
        answer=SessionView,
        status=201,
        rate="register",
        errors=(EmailTaken, UsernameTaken),
    ),
    Route(
        "POST",
        "/auth/login",
        login,
        auth=None,
        in_maintenance=True,
        body=Login,
        answer=SessionView,
        rate="auth",
        errors=(InvalidCredentials, *REFUSALS),
    ),
    Route(
        "POST",
        "/auth/guest",
        guest,
        auth=None,
        body=EnterAsGuest,
        answer=SessionView,
        status=201,
        rate="auth",
        errors=(GuestsRefused,),
    ),
    Route(
        "POST",
        "/auth/upgrade",
        upgrade,
        body=Upgrade,
        answer=Me,
        rate="register",
        errors=(NotAGuest, ProofRequired, EmailTaken, UsernameTaken, Conflict),
    ),
    Route(
        "POST",
        "/auth/refresh",
        refresh,
        auth=None,
        in_maintenance=True,
        body=Refresh,
        answer=SessionView,
        rate="auth",
        errors=(TokenInvalid, TokenExpired, TokenRevoked, *REFUSALS),
    ),
    Route("POST", "/auth/logout", logout, body=Logout, status=204, rate="auth", in_maintenance=True),
    Route("POST", "/auth/logout-all", logout_all, body=Empty, status=204, rate="auth", in_maintenance=True),
    Route("GET", "/auth/sessions", sessions, answer=list[SessionInfo]),
    Route("DELETE", "/auth/sessions/{id}", end_session, status=204, rate="auth", errors=(NotFound,)),
    Route(
        "POST",
        "/auth/change-password",
        change_password,
        body=ChangePassword,
        status=204,
        rate="auth",
        errors=(WrongPassword, NoPassword, Conflict),
    ),
    Route(
        "POST",
        "/auth/change-email",
        change_email,
        body=ChangeEmail,
        answer=Accepted,
        status=202,
        rate="auth",
        errors=(WrongPassword, NoPassword),
    ),
    Route(
        "POST",
        "/auth/verify-email",
        request_verification,
        body=Empty,
        answer=Accepted,
        status=202,
        rate="auth",
        errors=(EmailVerified,),
    ),
    Route(
        "POST",
        "/auth/verify-email/confirm",
        verify,
        auth=None,
        body=VerifyEmail,
        status=204,
        rate="auth",
        errors=(LinkInvalid, EmailTaken, Conflict),
    ),
    Route(
        "POST",
        "/auth/reset-password",
        request_reset,
        auth=None,
        body=RequestReset,
        answer=Accepted,
        status=202,
        rate="auth",
    ),
    Route(
        "POST",
        "/auth/reset-password/confirm",
        reset,
        auth=None,
        body=ResetPassword,
        status=204,
        rate="auth",
        errors=(LinkInvalid, Conflict),
    ),
]
