"""Who speaks on a connection, and for how long."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import Field

from domain.auth.model import Principal
from domain.auth.tokens import TokenInvalid, TokenRevoked
from domain.core.clock import Clock, ms_between
from domain.core.errors import AppError, Forbidden, RateLimited
from domain.core.ids import SessionId, UserId
from domain.core.model import Command, Model, Text
from domain.users.model import Role
from domain.users.permissions import may
from realtime.engine import Client, Engine
from realtime.events import Kicked, RateLimitWarning, SessionExpiring
from realtime.limits import Rate, TokenBucket, spend

WARN_BEFORE_S = 60.0
KICKS_KEPT_S = 15.0
"""Longer than a CONNECT may take, and than a session found good is believed."""

LIMITED_IN_A_ROW = 200
"""A client that so many times in a row did not heed `RATE_LIMITED` is cut off."""

WARN_EVERY_S = 1.0

EVENTS = Rate(per_s=20, burst=40)
USER_SHARE = 2.0
"""All connections of a user together may do so many times what one may."""


class TokenMissing(AppError):
    """Connect with `auth: {token}`."""

    code, status = "TOKEN_MISSING", 401


class Authenticator(Protocol):
    """Reads access tokens."""

    async def authenticate(self, access_token: str) -> Principal:
        """Who the token speaks for; raises `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_REVOKED` or `ACCOUNT_<status>`."""
        ...


class ClientInfo(Command):
    """What a client says of itself."""

    name: Text | None = Field(default=None, max_length=64)
    protocol: int | None = Field(default=None, ge=0, le=1_000_000)


class Handshake(Command):
    """The `auth` of a CONNECT."""

    token: str
    client: ClientInfo | None = None


class Renew(Command):
    """Goes on with another access token of the same user, in all namespaces of the connection."""

    token: str


class Renewed(Model):
    """How long the connection may live now."""

    expires_in_ms: int


@dataclass(frozen=True, slots=True)
class SessionUser:
    """Who sent an event. sid: of the client in this namespace. connection: which all its namespaces share."""

    id: UserId
    session_id: SessionId
    role: Role
    sid: str
    connection: str


@dataclass(frozen=True, slots=True)
class Kick:
    """Ends the connections of a user, or those of one session. id: time-ordered; later sessions are not meant."""

    id: str
    user: UserId
    session: str | None
    reason: str

    def hits(self, principal: Principal) -> bool:
        """Whether that user's connection has to go."""
        if self.session is not None:
            return self.session == principal.session_id
        return self.user == principal.user_id and principal.session_id < self.id


@dataclass(slots=True, eq=False)
class Session:
    """A connection that has said who it is. id: never used again. clients: by sid, one for each namespace.

    limited: how many events in a row were refused as too many. wait_ms: what the last event was told to wait.
    """

    id: str
    connection: str
    token: str = field(repr=False)
    principal: Principal
    buckets: tuple[TokenBucket, ...]
    clients: dict[str, Client] = field(default_factory=dict)
    limited: int = 0
    wait_ms: int = 0
    warned_at: float = 0.0
    timer: asyncio.TimerHandle | None = None

    def spend(self, cost: int) -> int:
        """Milliseconds to wait before an event of that cost, 0 when it may be handled now."""
        self.wait_ms = wait = spend(self.buckets, cost)
        if wait:
            self.limited += 1
        elif self.limited:
            self.limited = 0
        return wait

    def user(self, client: Client) -> SessionUser:
        """The user as handlers see it."""
        who = self.principal
        return SessionUser(who.user_id, who.session_id, who.role, client.sid, client.connection)


@dataclass(slots=True, eq=False)
class _User:
    buckets: tuple[TokenBucket, ...]
    sessions: set[Session] = field(default_factory=set)


class Sessions:
    """The sessions of this process. Each ends with its token, whose expiry is one timer a connection."""

    def __init__(
        self,
        engine: Engine,
        authenticator: Authenticator,
        clock: Clock,
        *,
        rate_limit_scale: float = 1.0,
        check_open: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """rate_limit_scale: multiplies the limits on events; 0 switches them off. check_open: raises while nobody but
        administrators is let in."""
        self._engine, self._authenticator, self._clock, self._check_open = engine, authenticator, clock, check_open
        self._scale = rate_limit_scale
        self._sessions: dict[str, Session] = {}
        self._users: dict[UserId, _User] = {}
        self._kicks: defaultdict[UserId, list[Kick]] = defaultdict(list)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def of(self, client: Client) -> Session:
        """The session of a client that was let in."""
        return self._sessions[client.connection]

    async def open(self, client: Client, auth: Any) -> Session:
        """Lets a client in: into the session of its connection, or a new one. Raises what CONNECT refuses with."""
        if not isinstance(auth, dict) or auth.get("token") in (None, ""):
            raise TokenMissing
        if not isinstance(auth["token"], str):
            raise TokenInvalid
        token = Handshake.parse(auth).token
        principal = await self._authenticator.authenticate(token)
        if any(kick.hits(principal) for kick in self._kicks.get(principal.user_id, ())):
            raise TokenRevoked
        if self._check_open and not may(principal.role, "flags:write"):
            await self._check_open()
        session = self._sessions.get(client.connection)
        if session is None:
            session = self._begin(client, token, principal)
        else:
            self._adopt(session, token, principal)
        session.clients[client.sid] = client
        client.context = session.user(client)
        return session

    def close(self, client: Client) -> Session | None:
        """A client is gone; its session, if that is over now."""
        session = self._sessions[client.connection]
        del session.clients[client.sid]
        if session.clients:
            return None
        del self._sessions[client.connection]
        if session.timer:
            session.timer.cancel()
        user = self._users[session.principal.user_id]
        user.sessions.discard(session)
        if not user.sessions:
            del self._users[session.principal.user_id]
        return session

    async def renew(self, user: SessionUser, token: str) -> Renewed:
        """Goes on with another token, if it lives longer; raises `Forbidden` when it is somebody else's."""
        principal = await self._authenticator.authenticate(token)
        session = self._sessions[user.connection]
        self._adopt(session, token, principal)
        return Renewed(expires_in_ms=ms_between(self._clock.now(), session.principal.expires_at))

    def charge(self, user: SessionUser, cost: int) -> None:
        """Takes what an event costs beyond its fixed cost; raises `RateLimited`."""
        if wait_ms := self._sessions[user.connection].spend(cost):
            raise RateLimited(wait_ms)

    async def recheck(self, session: Session) -> None:
        """Reads the token again, as a kick may have been missed; raises what CONNECT would be refused with."""
        await self._authenticator.authenticate(session.token)

    def kick(self, kick: Kick) -> None:
        """Ends the connections that are meant, those that are just being made too."""
        self._kicks[kick.user].append(kick)
        asyncio.get_running_loop().call_later(KICKS_KEPT_S, self._forget_kick, kick)
        if user := self._users.get(kick.user):
            for session in list(user.sessions):
                if kick.hits(session.principal):
                    self.end(session, kick.reason)

    def end(self, session: Session, reason: str) -> None:
        """Tells the client why, and closes its connection."""
        kicked = Kicked(reason=reason).arguments(self._clock.now())
        for sid in session.clients:
            self._engine.send(sid, *kicked)
        for sid in list(session.clients):
            self._engine.close(sid, "kicked")

    def warn_of_limit(self, session: Session, client: Client, *, last: bool = False) -> None:
        """A client sends more than it may: it is told, at most once a second, and cut off when it goes on (`last`)."""
        if last or session.limited >= LIMITED_IN_A_ROW:
            self.end(session, "rate_limited")
            return
        now = asyncio.get_running_loop().time()
        if now - session.warned_at >= WARN_EVERY_S:
            session.warned_at = now
            self._engine.send(client.sid, *RateLimitWarning(retry_in_ms=session.wait_ms).arguments(self._clock.now()))

    def _begin(self, client: Client, token: str, principal: Principal) -> Session:
        user = self._users.get(principal.user_id) or _User(self._buckets(USER_SHARE))
        session = Session(client.sid, client.connection, token, principal, (*user.buckets, *self._buckets(1)))
        user.sessions.add(session)
        self._users[principal.user_id] = user
        self._sessions[client.connection] = session
        self._schedule(session)
        return session

    def _buckets(self, share: float) -> tuple[TokenBucket, ...]:
        return (TokenBucket(EVENTS.times(share * self._scale)),) if self._scale else ()

    def _adopt(self, session: Session, token: str, principal: Principal) -> None:
        if principal.user_id != session.principal.user_id:
            raise Forbidden("This connection belongs to another user.")
        if principal.expires_at >= session.principal.expires_at:
            session.token, session.principal = token, principal
            for client in session.clients.values():
                client.context = session.user(client)
            self._schedule(session)

    def _schedule(self, session: Session) -> None:
        left_s = ms_between(self._clock.now(), session.principal.expires_at) / 1000
        self._set_timer(session, left_s - min(WARN_BEFORE_S, left_s / 3), self._warn)

    def _warn(self, session: Session) -> None:
        left_ms = ms_between(self._clock.now(), session.principal.expires_at)
        warning = SessionExpiring(in_ms=left_ms).arguments(self._clock.now())
        for sid in session.clients:
            self._engine.send(sid, *warning)
        self._set_timer(session, left_ms / 1000, self._expire)

    def _expire(self, session: Session) -> None:
        self.end(session, "token_expired")

    def _set_timer(self, session: Session, delay_s: float, act: Any) -> None:
        if session.timer:
            session.timer.cancel()
        session.timer = asyncio.get_running_loop().call_later(delay_s, act, session)

    def _forget_kick(self, kick: Kick) -> None:
        self._kicks[kick.user].remove(kick)
        if not self._kicks[kick.user]:
            del self._kicks[kick.user]
