"""Accounts and sessions."""

from domain.auth.auth import (
    AccountBanned,
    AccountDeleted,
    AccountSuspended,
    GuestsRefused,
    InvalidCredentials,
)
from domain.auth.commands import EnterAsGuest, Login, Logout, Refresh, Register
from domain.auth.model import SessionView
from domain.auth.tokens import TokenExpired, TokenInvalid, TokenRevoked
from domain.core.model import Empty
from domain.users.users import EmailTaken, UsernameTaken
from rest.routes import Call, Route

REFUSALS = (AccountBanned, AccountDeleted, AccountSuspended)


async def register(call: Call) -> SessionView:
    """Opens an account and logs it in."""
    return await call.services.auth.register(call.body)


async def login(call: Call) -> SessionView:
    """Logs in by email address or username."""
    return await call.services.auth.login(call.body, address=call.address)


async def guest(call: Call) -> SessionView:
    """Enters without an account, where the server allows it."""
    return await call.services.auth.guest(call.body)


async def refresh(call: Call) -> SessionView:
    """Trades a refresh token for the next one. The spent one may be retried for 60 s; later it ends the session."""
    return await call.services.auth.refresh(call.body)


async def logout(call: Call) -> None:
    """Ends this session and closes its connections."""
    await call.services.auth.logout(call.principal, call.body)


async def logout_all(call: Call) -> None:
    """Ends all sessions of the caller and closes their connections."""
    await call.services.auth.logout_all(call.principal.user_id)


routes = [
    Route(
        "POST",
        "/auth/register",
        register,
        auth=None,
        body=Register,
        off_loop=True,
        answer=SessionView,
        status=201,
        rate="auth",
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
]
