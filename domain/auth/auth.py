"""Accounts and sessions: the use cases."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from domain.auth.commands import EnterAsGuest, Login, Logout, Refresh, Register
from domain.auth.model import SESSIONS, Principal, Session, SessionView
from domain.auth.passwords import Passwords
from domain.auth.throttle import LoginThrottle
from domain.auth.tokens import TokenExpired, TokenInvalid, TokenRevoked, Tokens
from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database
from domain.core.errors import AppError, Conflict
from domain.core.events import Publisher
from domain.core.ids import SessionId, UserId, new_id
from domain.core.limits import RateLimits
from domain.core.model import rfc3339
from domain.rankings.rankings import Rankings
from domain.users.model import Role, Status, User
from domain.users.users import Users

RETRY_S = 60.0
"""A client that lost the answer may repeat `refresh` with the token it just spent for so long."""

STANDING_S = 1.0
"""How long a session found good is believed without another look."""

STANDINGS = 10_000
"""Sessions remembered as good."""

SESSIONS_PAGE = 100
REFRESH_ATTEMPTS = 5


class InvalidCredentials(AppError):
    """There is no account with this name and password."""

    code, status = "INVALID_CREDENTIALS", 401


class GuestsRefused(AppError):
    """This server takes no guests: register, or log in."""

    code, status = "GUESTS_REFUSED", 403


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


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """guests: whether they may enter. refresh_s: seconds a session lives without a refresh.

    login_attempts: failed logins an account has in login_window_s seconds.
    """

    guests: bool
    refresh_s: float
    login_attempts: int
    login_window_s: float


@dataclass(frozen=True, slots=True)
class _Standing:
    """What was found of a session when it was last looked up."""

    at: datetime
    role: Role


class Auth:
    """The use cases of accounts and sessions."""

    def __init__(
        self,
        database: Database,
        users: Users,
        rankings: Rankings,
        *,
        tokens: Tokens,
        passwords: Passwords,
        limits: RateLimits,
        publisher: Publisher,
        clock: Clock,
        config: AuthConfig,
    ) -> None:
        self._sessions = database.collection(SESSIONS)
        self._users, self._rankings, self._tokens, self._passwords = users, rankings, tokens, passwords
        self._throttle = LoginThrottle(limits, config.login_attempts, config.login_window_s)
        self._publisher, self._clock, self._config = publisher, clock, config
        self._found_good: dict[SessionId, _Standing] = {}

    async def register(self, command: Register) -> SessionView:
        """Opens an account and logs it in; raises `EmailTaken` or `UsernameTaken`."""
        return await self._open_session(await self.create_account(command))

    async def create_account(self, command: Register, roles: tuple[Role, ...] = ("user",)) -> User:
        """Opens an account; raises `EmailTaken` or `UsernameTaken`."""
        return await self._users.create(
            username=command.username,
            display_name=command.display_name or command.username,
            email=command.email,
            password_hash=await self._passwords.hash(command.password),
            roles=roles,
        )

    async def guest(self, command: EnterAsGuest) -> SessionView:
        """Opens an account that only this session can use; raises `GuestsRefused`."""
        if not self._config.guests:
            raise GuestsRefused
        tag = secrets.token_hex(6)
        name = command.display_name or f"Guest {tag[:4]}"
        return await self._open_session(
            await self._users.create(username=f"guest-{tag}", display_name=name, guest=True)
        )

    async def login(self, command: Login, *, address: str) -> SessionView:
        """Opens a session; raises `InvalidCredentials`, `RateLimited`, or the refusal of the account's status.

        An account that does not exist costs the same work and gets the same answer as a wrong password.
        """
        await self._throttle.attempt(command.credential, address)
        user = await self._users.by_credential(command.credential)
        matches = await self._passwords.matches(command.password, user.password_hash if user else None)
        if user is None or not matches:
            await self._throttle.failed(address)
            raise InvalidCredentials
        await self._throttle.succeeded(command.credential)
        return await self.enter(user)

    async def enter(self, user: User) -> SessionView:
        """Opens a session for who has proved to be the user; raises the refusal of the account's status.

        An account that they have deleted is theirs again, unless its days of grace are over.
        """
        user = await self._users.restored(user)
        _refuse_unless_active(user, self._clock.now())
        return await self._open_session(user)

    async def refresh(self, command: Refresh) -> SessionView:
        """Rotates the refresh token; raises `TokenInvalid`, `TokenExpired`, `TokenRevoked` or a refusal.

        A token spent less than a minute ago gets the tokens in force once more: its answer may have been lost. Any
        other spent token was stolen, from this client or by it, so the session ends (RFC 9700, 4.14.2).
        """
        session_id, generation = self._tokens.read_refresh(command.refresh_token)
        for _ in range(REFRESH_ATTEMPTS):
            session = await self._sessions.get(session_id)
            if session is None:
                raise TokenExpired
            user = await self._user_of(session)
            now = self._clock.now()
            if generation == session.generation:
                rotated = await self._sessions.replace(self._rotated(session, now))
                if rotated:
                    return await self._view(rotated, user)
            elif generation == session.generation - 1 and now - session.rotated_at <= seconds(RETRY_S):
                return await self._view(session, user)
            else:
                await self._revoke(session)
                await self._publisher.disconnect(session.user_id, session=session.id, reason="token_reused")
                raise TokenRevoked
        raise Conflict

    async def logout(self, principal: Principal, command: Logout) -> None:
        """Ends the caller's session, or sessions, and closes their connections; raises `TokenInvalid`."""
        ended = {principal.session_id}
        if command.refresh_token:
            ended.add(self._tokens.read_refresh(command.refresh_token)[0])
        sessions = await self._sessions.get_many(list(ended))
        if any(session.user_id != principal.user_id for session in sessions.values()):
            raise TokenInvalid
        for session in sessions.values():
            await self._revoke(session)
            await self._publisher.disconnect(principal.user_id, session=session.id, reason="logged_out")

    async def logout_all(self, user_id: UserId, *, reason: str = "logged_out") -> None:
        """Ends every session of the user and closes their connections, telling them `kicked {reason}`."""
        last: Session | None = None
        while page := await self._sessions.find(
            {"user_id": user_id}, sort="id", limit=SESSIONS_PAGE, after=(last.id, last.id) if last else None
        ):
            for last in page:
                await self._revoke(last)
        await self._publisher.disconnect(user_id, reason=reason)

    async def authenticate(self, access_token: str) -> Principal:
        """Who the token speaks for; raises `TokenInvalid`, `TokenExpired`, `TokenRevoked` or a refusal.

        Their role is the one they have, whatever the token says. What another process changed is seen within a second.
        """
        principal = self._tokens.read_access(access_token)
        now = self._clock.now()
        standing = self._found_good.get(principal.session_id)
        if standing is None or now - standing.at >= seconds(STANDING_S):
            session = await self._sessions.get(principal.session_id)
            if session is None:
                raise TokenRevoked
            standing = _Standing(now, (await self._user_of(session)).role)
            self._remember_good(principal.session_id, standing)
        return principal if principal.role == standing.role else replace(principal, role=standing.role)

    async def _user_of(self, session: Session) -> User:
        """The user of a session in force; raises `TokenRevoked` or a refusal."""
        user = await self._users.find(session.user_id)
        if user is not None:
            _refuse_unless_active(user, self._clock.now())  # first: it says more than that the session is over
        if session.revoked_at or user is None:
            raise TokenRevoked
        return user

    async def _open_session(self, user: User) -> SessionView:
        now = self._clock.now()
        session = Session(
            id=new_id(),
            user_id=UserId(user.id),
            created_at=now,
            rotated_at=now,
            expires_at=now + seconds(self._config.refresh_s),
        )
        await self._sessions.insert(session)
        return await self._view(session, user)

    def _rotated(self, session: Session, now: datetime) -> Session:
        expires_at = now + seconds(self._config.refresh_s)
        return session.changed(generation=session.generation + 1, rotated_at=now, expires_at=expires_at)

    async def _revoke(self, session: Session) -> None:
        """Ends a session. It stays until it expires, so that its tokens are told why they are refused."""
        self._found_good.pop(SessionId(session.id), None)
        if session.revoked_at is None:
            changes: Changes = {"$set": {"revoked_at": self._clock.now()}, "$inc": {"version": 1}}
            await self._sessions.update(session.id, changes)

    def _remember_good(self, session_id: SessionId, standing: _Standing) -> None:
        self._found_good.pop(session_id, None)
        self._found_good[session_id] = standing
        if len(self._found_good) > STANDINGS:
            del self._found_good[next(iter(self._found_good))]

    async def _view(self, session: Session, user: User) -> SessionView:
        return SessionView(
            access_token=self._tokens.access(session, user),
            refresh_token=self._tokens.refresh(session),
            expires_in_ms=self._tokens.access_s * 1000,
            user=await self._rankings.me(user),
        )


def _refuse_unless_active(user: User, now: datetime) -> None:
    refusal, until = REFUSALS.get(user.status), user.status_until
    if refusal and (until is None or until > now):
        raise refusal(details={"until": rfc3339(until)} if until else None)
