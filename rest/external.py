"""Identities of other providers: logging in by them, and linking them to an account."""

from domain.accounts.me import Me
from domain.auth.external import (
    AlreadyLinked,
    ExternalLogin,
    ExternalTokenInvalid,
    IdentityTaken,
    LastLogin,
    LinkIdentity,
)
from domain.auth.model import SessionView
from domain.auth.proofs import NoPassword, ProofRequired, WrongPassword
from domain.core.errors import Conflict, NotFound
from domain.users.users import EmailTaken
from rest.auth import REFUSALS
from rest.routes import Call, Route


async def login(call: Call) -> SessionView:
    """Logs in by an identity of another provider; the first time that opens an account."""
    return await call.services.external.login(call.body, call.client)


async def link(call: Call) -> Me:
    """Links an identity to the caller's account, who may log in by it from then on. A guest is one no more. All others
    must have logged in within ten minutes, or say their `password`; they are told by mail."""
    await call.services.external.link(call.principal, call.client, call.path["provider"], call.body)
    return await call.services.own_accounts.me(await call.services.users.get(call.principal.user_id))


async def unlink(call: Call) -> None:
    """Takes an identity from the caller's account, unless it is the only way in."""
    await call.services.external.unlink(call.principal, call.client, call.path["provider"])


routes = [
    Route(
        "POST",
        "/auth/external",
        login,
        auth=None,
        in_maintenance=True,
        body=ExternalLogin,
        answer=SessionView,
        rate="auth",
        errors=(NotFound, ExternalTokenInvalid, EmailTaken, *REFUSALS),
    ),
    Route(
        "POST",
        "/users/me/identities/{provider}",
        link,
        body=LinkIdentity,
        answer=Me,
        rate="auth",
        errors=(
            NotFound,
            ExternalTokenInvalid,
            IdentityTaken,
            AlreadyLinked,
            ProofRequired,
            WrongPassword,
            NoPassword,
            Conflict,
        ),
    ),
    Route(
        "DELETE",
        "/users/me/identities/{provider}",
        unlink,
        status=204,
        rate="auth",
        errors=(NotFound, LastLogin, Conflict),
    ),
]
