"""Accounts and sessions: the use cases."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from domain.accounts.me import OwnAccounts
from domain.auth.commands import EnterAsGuest, Login, Logout, Refresh, Register
from domain.auth.links import Links
from domain.auth.model import COMMAND_LINE, HERE, SESSIONS, Client, Principal, Session, SessionInfo, SessionView
from domain.auth.passwords import Passwords
from domain.auth.refusals import refuse_unless_active
from domain.auth.throttle import LoginThrottle
from domain.auth.tokens import TokenExpired, TokenInvalid, TokenRevoked, Tokens
from domain.auth.trail import AuthAction, AuthTrail
from domain.core.clock import Clock, seconds
from domain.core.collection import Changes, Database, Insert, StorageConflict, Update, Write
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.events import Publisher
from domain.core.ids import SessionId, UserId, new_id
from domain.core.recent import Recent
from domain.users.model import USERS, Role, User
from domain.users.names import refuse_reserved
from domain.users.users import Users

RETRY_S = 60.0
"""A client that lost the answer may repeat `refresh` with the token it just spent for so long."""

STANDING_S = 1.0
"""How long a session found good is believed without another look."""

STANDINGS = 10_000
"""Sessions remembered as good."""

LISTED = 100
"""Most logins of a user that are shown, the newest, and that are read at once."""

REFRESH_ATTEMPTS = 5

SESSIONS_MOST = 50
"""Of a user at a time."""


class InvalidCredentials(AppError):
    """There is no account with this name and password."""

    code, status = "INVALID_CREDENTIALS", 401


class GuestsRefused(AppError):
    """This server takes no guests: register, or log in."""

    code, status = "GUESTS_REFUSED", 403


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """guests: whether they may enter. refresh_s: seconds a session lives without a refresh. session_s: with any number
    of them, unless it is a guest's, who could not log in again."""

    guests: bool
    refresh_s: float
    session_s: float


class Auth:
    """The use cases of accounts and sessions: entering, staying, leaving."""

    def __init__(
        self,
        database: Database,
        users: Users,
        own_accounts: OwnAccounts,
        *,
        tokens: Tokens,
        passwords: Passwords,
        throttle: LoginThrottle,
        links: Links,
        trail: AuthTrail,
        publisher: Publisher,
        clock: Clock,
        config: AuthConfig,
    ) -> None:
        self._database, self._sessions = database, database.collection(SESSIONS)
        self._users, self._own_accounts, self._tokens, self._passwords = users, own_accounts, tokens, passwords
        self._throttle, self._links, self._trail = throttle, links, trail
        self._publisher, self._clock, self._config = publisher, clock, config
        self._standings = Recent[tuple[UserId, SessionId], Role](
            lambda: clock.now().timestamp(), kept_s=STANDING_S, size=STANDINGS
        )

    async def register(self, command: Register, client: Client = HERE) -> SessionView:
        """Opens an account, logs it in, and mails it a link; raises `ValidationFailed`, `EmailTaken` or
        `UsernameTaken`."""
        refuse_reserved(command.username)
        user = await self._new_account(command, ("user",))
        writes = Insert(USERS, user), self._links.verification(user, command.email, client)
        view = await self.enter(user, client, "auth.registered", command.device, *writes)
        await self._throttle.trust(user, client.address)
        return view

    async def create_account(self, command: Register, roles: tuple[Role, ...] = ("user",)) -> User:
        """Opens an account, at the command line, under any name; raises `ValidationFailed`, `EmailTaken` or
        `UsernameTaken`."""
        user = await self._new_account(command, roles)
        await self._users.commit(Insert(USERS, user), self._trail.entry("auth.registered", COMMAND_LINE, user.id))
        return user

    async def guest(self, command: EnterAsGuest, client: Client = HERE) -> SessionView:
        """Opens an account that only this session can use; raises `GuestsRefused`."""
        if not self._config.guests:
            raise GuestsRefused
        tag = secrets.token_hex(6)
        name = command.display_name or f"Guest {tag[:4]}"
        user = self._users.new(username=f"guest-{tag}", display_name=name, guest=True)
        return await self.enter(user, client, "auth.guest_entered", command.device, Insert(USERS, user))

    async def login(self, command: Login, client: Client) -> SessionView:
        """Opens a session; raises `InvalidCredentials`, `RateLimited`, or the refusal of the account's status.

        An account that does not exist costs the same work and gets the same answer as a wrong password.
        """
        user = await self._users.by_credential(command.credential)
        may_match = await self._throttle.attempt(command.credential, user, client.address)
        matches = await self._passwords.matches(command.password, user.password_hash if user else None)
        if user is None or not (matches and may_match):
            await self._throttle.failed(client.address)
            failed = self._trail.entry("auth.login_failed", client, user.id if user else None, proven=False)
            await self._database.commit(failed)
            raise InvalidCredentials
        await self._throttle.succeeded(command.credential, user, client.address)
        user = await self._rehashed(await self.admitted(user), command.password)
        await self._throttle.trust(user, client.address)
        return await self.enter(user, client, "auth.logged_in", command.device)

    async def admitted(self, user: User) -> User:
        """The account of who has proved to be its user; raises the refusal of its status.

        One that they have deleted is theirs again, unless its days of grace are over, or a sanction keeps them out.
        """
        if user.status == "deleted":
            refuse_unless_active(user.changed(status=user.returns_as), self._clock.now())
            user = await self._users.restored(user)
        refuse_unless_active(user, self._clock.now())
        return user

    async def enter(
        self, user: User, client: Client, action: AuthAction, device: str | None = None, *writes: Write
    ) -> SessionView:
        """Opens a session of a user who has proved who they are, in one commit with `writes` and the record of it.

        Raises what `Users.commit` raises.
        """
        await self._make_room(user, client)
        now = self._clock.now()
        session = Session(
            id=new_id(),
            user_id=UserId(user.id),
            epoch=user.epoch,
            device=device,
            address=client.address or None,
            user_agent=client.user_agent or None,
            created_at=now,
            rotated_at=now,
            expires_at=self._end_of(user, now, now),
        )
        record = self._trail.entry(action, client, user.id, after={"session": session.id})
        await self._users.commit(*writes, Insert(SESSIONS, session), record)
        return await self._view(session, user)

    async def refresh(self, command: Refresh, client: Client = HERE) -> SessionView:
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
                ends_at = self._end_of(user, session.created_at, now)
                if ends_at <= now:
                    raise TokenExpired
                rotated = await self._sessions.replace(_rotated(session, client, now, ends_at))
                if rotated:
                    return await self._view(rotated, user)
            elif generation == session.generation - 1 and now - session.rotated_at <= seconds(RETRY_S):
                return await self._view(session, user)
            else:
                await self._end(session, client, "auth.refresh_reused", proven=False)
                await self._publisher.disconnect(session.user_id, session=session.id, reason="token_reused")
                raise TokenRevoked
        raise Conflict

    async def sessions(self, principal: Principal) -> list[SessionInfo]:
        """The logins of the caller that are in force, the newest first."""
        user = await self._users.get(principal.user_id)
        return [
            SessionInfo(
                id=SessionId(session.id),
                device=session.device,
                address=session.address,
                user_agent=session.user_agent,
                created_at=session.created_at,
                last_used_at=session.rotated_at,
                current=session.id == principal.session_id,
            )
            for session in await self._sessions.find({"user_id": user.id}, sort="-id", limit=LISTED)
            if _in_force(session, user)
        ]

    async def end_session(self, principal: Principal, session_id: SessionId, client: Client) -> None:
        """Ends one of the caller's logins and closes its connections; raises `NotFound`."""
        session = await self._sessions.get(session_id)
        if session is None or session.user_id != principal.user_id or session.revoked_at:
            raise NotFound
        await self._end(session, client, "auth.session_ended")
        await self._publisher.disconnect(principal.user_id, session=session.id, reason="logged_out")

    async def logout(self, principal: Principal, command: Logout, client: Client = HERE) -> None:
        """Ends the caller's session, or sessions, and closes their connections; raises `TokenInvalid`."""
        ended = {principal.session_id}
        if command.refresh_token:
            ended.add(self._tokens.read_refresh(command.refresh_token)[0])
        sessions = await self._sessions.get_many(list(ended))
        if any(session.user_id != principal.user_id for session in sessions.values()):
            raise TokenInvalid
        for session in sessions.values():
            await self._end(session, client, "auth.logged_out")
            await self._publisher.disconnect(principal.user_id, session=session.id, reason="logged_out")

    async def logout_all(self, user_id: UserId, client: Client = HERE, *, reason: str = "logged_out") -> None:
        """Ends every session of the user at once, those that are being opened too.

        Closes their connections, telling them `kicked {reason}`.
        """
        ended: Changes = {"$inc": {"epoch": 1, "version": 1}}
        await self._database.commit(
            Update(USERS, user_id, ended), self._trail.entry("auth.logged_out_everywhere", client, user_id)
        )
        await self.cut_off(user_id, reason=reason)

    async def cut_off(self, user_id: UserId, *, but: SessionId | None = None, reason: str = "logged_out") -> None:
        """Closes the connections of a user whose sessions have ended, but for those of one session."""
        self._standings.forget(lambda whose: whose[0] == user_id and whose[1] != but)
        if but is None:
            await self._publisher.disconnect(user_id, reason=reason)
            return
        last: Session | None = None
        while page := await self._sessions.find(
            {"user_id": user_id}, sort="id", limit=LISTED, after=(last.id, last.id) if last else None
        ):
            for last in page:
                if last.id != but and last.revoked_at is None:
                    await self._publisher.disconnect(user_id, session=last.id, reason=reason)

    async def authenticate(self, access_token: str) -> Principal:
        """Who the token speaks for; raises `TokenInvalid`, `TokenExpired`, `TokenRevoked` or a refusal.

        Their role is the one they have, whatever the token says. What another process changed is seen within a second.
        """
        principal = self._tokens.read_access(access_token)
        role = await self._standings.get((principal.user_id, principal.session_id), partial(self._role_of, principal))
        return principal if principal.role == role else replace(principal, role=role)

    async def caller(self, principal: Principal) -> tuple[Session, User]:
        """The session and the account of who calls, as they stand in storage; raises `TokenRevoked` or a refusal.

        For what is too grave to believe a session for a second that was ended elsewhere.
        """
        session = await self._sessions.get(principal.session_id)
        if session is None or session.user_id != principal.user_id:
            raise TokenRevoked
        return session, await self._user_of(session)

    async def _role_of(self, principal: Principal) -> Role:
        """The role that the caller has in storage; raises as `caller` does."""
        _, user = await self.caller(principal)
        return user.role

    async def _user_of(self, session: Session) -> User:
        """The user of a session in force; raises `TokenRevoked` or a refusal."""
        user = await self._users.find(session.user_id)
        if user is not None:
            refuse_unless_active(user, self._clock.now())  # first: it says more than that the session is over
        if user and session.epoch < user.epoch:  # unless both were raised in one commit since the session was read
            session = await self._sessions.get(session.id) or session
        if user is None or not _in_force(session, user):
            raise TokenRevoked
        return user

    async def _new_account(self, command: Register, roles: tuple[Role, ...]) -> User:
        return self._users.new(
            username=command.username,
            display_name=command.display_name or command.username,
            email=command.email,
            password_hash=await self._passwords.first(command.password, command.own_words),
            roles=roles,
        )

    async def _rehashed(self, user: User, password: str) -> User:
        """Hashes a password anew whose hash was made at another cost; a change that comes between wins."""
        if user.password_hash is None or not self._passwords.outdated(user.password_hash):
            return user
        changes: Changes = {"$set": {"password_hash": await self._passwords.hash(password)}, "$inc": {"version": 1}}
        rehashed = await self._database.collection(USERS).update(user.id, changes, expect={"version": user.version})
        return rehashed or user

    def _end_of(self, user: User, opened_at: datetime, now: datetime) -> datetime:
        """When a session ends that is used now."""
        unused = now + seconds(self._config.refresh_s)
        return unused if user.guest else min(unused, opened_at + seconds(self._config.session_s))

    async def _make_room(self, user: User, client: Client) -> None:
        """Ends the sessions that were used longest ago, so that one more is not too many."""
        open_ones = {"user_id": user.id, "revoked_at": {"$exists": False}}
        found = await self._sessions.find(open_ones, sort="rotated_at", limit=LISTED)
        for session in found[: max(0, len(found) + 1 - SESSIONS_MOST)]:
            await self._end(session, client, "auth.session_ended")
            await self._publisher.disconnect(session.user_id, session=session.id, reason="logged_out")

    async def _end(self, session: Session, client: Client, action: AuthAction, *, proven: bool = True) -> None:
        """Ends a session. It stays until it expires, so that its tokens are told why they are refused."""
        self._standings.forget_one((session.user_id, SessionId(session.id)))
        if session.revoked_at is None:
            changes: Changes = {"$set": {"revoked_at": self._clock.now()}, "$inc": {"version": 1}}
            record = self._trail.entry(action, client, session.user_id, proven=proven, after={"session": session.id})
            with suppress(StorageConflict):  # it has expired
                await self._database.commit(Update(SESSIONS, session.id, changes), record)

    async def _view(self, session: Session, user: User) -> SessionView:
        return SessionView(
            access_token=self._tokens.access(session, user),
            refresh_token=self._tokens.refresh(session),
            expires_in_ms=self._tokens.access_s * 1000,
            user=await self._own_accounts.me(user),
        )


def _rotated(session: Session, client: Client, now: datetime, ends_at: datetime) -> Session:
    return session.changed(
        generation=session.generation + 1,
        rotated_at=now,
        expires_at=ends_at,
        address=client.address or session.address,
        user_agent=client.user_agent or session.user_agent,
    )


def _in_force(session: Session, user: User) -> bool:
    return session.revoked_at is None and session.epoch >= user.epoch
