"""Proof that it is the account's user who asks, where an access token alone does not do: it may have been stolen."""

from domain.auth.auth import Auth
from domain.auth.model import Client, Principal
from domain.auth.passwords import Passwords
from domain.auth.throttle import LoginThrottle
from domain.auth.trail import AuthTrail
from domain.core.clock import Clock, seconds
from domain.core.collection import Database
from domain.core.errors import AppError, Forbidden
from domain.users.model import User

RECENT_S = 600.0
"""A login proves who somebody is for so long."""


class WrongPassword(Forbidden):
    """This is not the password of your account."""

    code = "WRONG_PASSWORD"


class NoPassword(AppError):
    """This account has no password: it is a guest's, or logs in elsewhere."""

    code, status = "NO_PASSWORD", 409


class ProofRequired(Forbidden):
    """Send your password along, or log in again: your login is too long ago for this."""

    code = "PROOF_REQUIRED"


class Proofs:
    """Asks for proof. Each method answers the account as it stands in storage, not as it was a second ago.

    Writes that follow are conditional on the version of that account. So they come too late if its sessions are ended
    meanwhile.
    """

    def __init__(
        self,
        database: Database,
        auth: Auth,
        *,
        passwords: Passwords,
        throttle: LoginThrottle,
        trail: AuthTrail,
        clock: Clock,
    ) -> None:
        self._database, self._auth, self._clock = database, auth, clock
        self._passwords, self._throttle, self._trail = passwords, throttle, trail

    async def password(self, principal: Principal, password: str, client: Client) -> User:
        """The caller, if that is their password. Guessing is as slow as at a login.

        Raises `WrongPassword`, `NoPassword`, `RateLimited`, or what `Auth.caller` raises.
        """
        _, user = await self._auth.caller(principal)
        await self._check(user, password, client)
        return user

    async def recent(self, principal: Principal, password: str | None, client: Client) -> User:
        """The caller, if that is their password, or they have logged in within the last minutes.

        A guest has nothing but the session, which is proof enough then. Raises `ProofRequired`, and what `password`
        raises.
        """
        session, user = await self._auth.caller(principal)
        if password is not None:
            await self._check(user, password, client)
        elif not user.guest and self._clock.now() - session.created_at > seconds(RECENT_S):
            raise ProofRequired
        return user

    async def _check(self, user: User, password: str, client: Client) -> None:
        if user.password_hash is None:
            raise NoPassword
        # A count of its own: who guesses at logins cannot keep its user from changing the password.
        may_match = await self._throttle.attempt(user.id, None, client.address)
        matches = await self._passwords.matches(password, user.password_hash)
        if not (matches and may_match):
            await self._throttle.failed(client.address)
            await self._database.commit(self._trail.entry("auth.password_check_failed", client, user.id))
            raise WrongPassword
        await self._throttle.succeeded(user.id, None, client.address)
