"""Accounts over real storage, for tests of `domain/users`, `domain/auth`, `domain/games` and `rest`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from domain.auth.auth import Auth, AuthConfig
from domain.auth.commands import EnterAsGuest, Login, Refresh, Register
from domain.auth.model import SessionView
from domain.auth.passwords import Passwords
from domain.auth.tokens import Tokens
from domain.core.cache import Cache
from domain.core.collection import Changes, Database
from domain.core.events import Outgoing
from domain.core.ids import UserId
from domain.core.limits import RateLimits
from domain.core.watched import WatchedDatabase
from domain.games.games import Games
from domain.rankings.rankings import Rankings
from domain.users.model import USERS
from domain.users.users import Users
from maoga.core import CACHED, SPECS
from storage.documents.mongo import MongoDatabase
from storage.documents.sqlite import SqliteDatabase
from storage.memory.cache import MemoryCache
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.rate_limits import RedisRateLimits
from tests.support.clock import ManualClock

KEY = b"a signing key of the tests, 32 bytes and more"
PASSWORD = "plough kiwi tundra"
COST = 4
"""The least bcrypt takes: hashing costs a millisecond."""


@dataclass
class Disconnects:
    """A `Publisher` that notes events, and whose connections it is told to close, as (user, session, reason)."""

    told: list[tuple[UserId, str | None, str]] = field(default_factory=list)
    events: list[Outgoing] = field(default_factory=list)

    async def publish(self, *events: Outgoing, again: bool = False) -> None:
        self.events += events

    async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
        self.told.append((user, session, reason))


@dataclass(frozen=True)
class Accounts:
    """Everything below the transport, wired."""

    database: Database
    limits: RateLimits
    clock: ManualClock
    users: Users
    tokens: Tokens
    rankings: Rankings
    redis: Client
    auth: Auth
    publisher: Disconnects
    cache: Cache

    def another_instance(self, config: AuthConfig | None = None) -> Auth:
        """The same accounts as a second process has them: nothing shared but the storage."""
        return Auth(
            self.database,
            self.users,
            self.rankings,
            tokens=self.tokens,
            passwords=Passwords(COST),
            limits=self.limits,
            publisher=self.publisher,
            clock=self.clock,
            config=config or a_config(),
        )

    async def register(self, username: str = "ada") -> SessionView:
        """A new account with `PASSWORD`, logged in."""
        return await self.auth.register(a_registration(username))

    async def login(self, credential: str, password: str = PASSWORD, address: str = "192.0.2.1") -> SessionView:
        """A login."""
        return await self.auth.login(Login.parse({"credential": credential, "password": password}), address=address)

    async def guest(self) -> SessionView:
        """A new guest."""
        return await self.auth.guest(EnterAsGuest())

    async def refresh(self, token: str) -> SessionView:
        """A refresh."""
        return await self.auth.refresh(Refresh.parse({"refreshToken": token}))

    async def change_user(self, user_id: str, changes: Changes) -> None:
        """Changes a user behind the use cases' back."""
        assert await self.database.collection(USERS).update(user_id, changes) is not None


def a_registration(username: str = "ada", **fields: object) -> Register:
    """A valid registration; `fields` by their wire names."""
    return Register.parse({"email": f"{username}@example.test", "username": username, "password": PASSWORD, **fields})


def a_config(*, guests: bool = True) -> AuthConfig:
    """Refresh tokens of an hour, 5 failed logins in 15 minutes."""
    return AuthConfig(guests=guests, refresh_s=3600, login_attempts=5, login_window_s=900)


@asynccontextmanager
async def open_accounts(database_url: str, redis_url: str = "memory://") -> AsyncIterator[Accounts]:
    """Accounts on those storages."""
    clock = ManualClock()
    opened = _database(database_url, clock)
    await opened.open()
    cache = Cache(MemoryCache(clock))
    database = WatchedDatabase(opened, cache, CACHED)
    redis = open_redis(redis_url, timeout_s=5)
    users, tokens = Users(database, clock), Tokens([KEY], clock, access_s=900)
    limits, publisher = RedisRateLimits(redis), Disconnects()
    rankings = Rankings(database, Games(database, clock, cache), clock)
    auth = Auth(
        database,
        users,
        rankings,
        tokens=tokens,
        passwords=Passwords(COST),
        limits=limits,
        publisher=publisher,
        clock=clock,
        config=a_config(),
    )
    try:
        yield Accounts(database, limits, clock, users, tokens, rankings, redis, auth, publisher, cache)
    finally:
        await redis.aclose()
        await database.close()


def _database(url: str, clock: ManualClock) -> SqliteDatabase | MongoDatabase:
    if url.startswith("sqlite:"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")), SPECS, clock=clock)
    return MongoDatabase(url, SPECS, timeout_s=5, pool_size=10, clock=clock)
