"""Accounts over real storage, for tests of `domain/users`, `domain/auth`, `domain/games` and `rest`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.accounts.me import OwnAccounts
from domain.audit.audit import Audit
from domain.auth.auth import Auth
from domain.auth.commands import EnterAsGuest, Login, Refresh, Register
from domain.auth.credentials import Credentials
from domain.auth.external import External
from domain.auth.links import Links
from domain.auth.model import Client as Where
from domain.auth.model import SessionView
from domain.auth.tokens import Tokens
from domain.core.cache import Cache
from domain.core.collection import Changes, Database
from domain.core.events import Outgoing
from domain.core.ids import UserId, new_id
from domain.core.limits import RateLimits
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.notifications.settings import NotificationPreferences
from domain.rankings.rankings import Rankings
from domain.social.privacy import Privacy
from domain.users.model import USERS
from domain.users.users import Users
from maoga.assembly.accounts import build_accounts
from maoga.core import SPECS
from maoga.process import report
from maoga.settings import Settings
from storage.documents.mongo import MongoDatabase
from storage.documents.sqlite import SqliteDatabase
from storage.memory.cache import MemoryCache
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.rate_limits import RedisRateLimits
from tests.support.catalogues import games_of
from tests.support.clock import ManualClock
from tests.support.cores import test_settings

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
    own_accounts: OwnAccounts
    redis: Client
    cache: Cache
    auth: Auth
    credentials: Credentials
    external: External
    links: Links
    publisher: Disconnects
    jobs: Jobs
    runner: JobRunner
    settings: Settings

    def another_instance(self, **changes: Any) -> Auth:
        """The same accounts as a second process has them: nothing shared but the storage."""
        settings = self.settings.model_copy(update=changes)
        runner = JobRunner(self.database, self.jobs, self.clock, worker="another", report=report)
        return build_accounts(
            settings,
            database=self.database,
            redis=self.redis,
            users=self.users,
            own_accounts=self.own_accounts,
            cache=self.cache,
            limits=self.limits,
            publisher=self.publisher,
            jobs=self.jobs,
            runner=runner,
            audit=Audit(self.clock, new_id),
            clock=self.clock,
        ).auth

    async def mails(self) -> list[EmailMessage]:
        """Does the jobs that wait, and answers all mail there is, the oldest first."""
        await self.runner.poll()
        await self.runner.idle()
        folder = self.settings.var_dir / "mail"
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]

    async def mailed_code(self, to: str = "ada@example.test") -> str:
        """The code in the newest mail to that address."""
        text = [mail for mail in await self.mails() if mail["To"] == to][-1].get_body(("plain",))
        assert text is not None
        found = re.search(r"Your code: ([A-Za-z0-9_-]{43})\s", text.get_content())
        assert found, text
        return found[1]

    async def register(self, username: str = "ada") -> SessionView:
        """A new account with `PASSWORD`, logged in."""
        return await self.auth.register(a_registration(username))

    async def login(self, credential: str, password: str = PASSWORD, address: str = "192.0.2.1") -> SessionView:
        """A login."""
        command = Login.parse({"credential": credential, "password": password})
        return await self.auth.login(command, Where(address))

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


@asynccontextmanager
async def open_accounts(database_url: str, redis_url: str = "memory://", **changes: Any) -> AsyncIterator[Accounts]:
    """Accounts on those storages. changes: of the settings."""
    clock = ManualClock()
    database = _database(database_url, clock)
    await database.open()
    redis = open_redis(redis_url, timeout_s=5)
    users, limits, publisher = Users(database, clock), RedisRateLimits(redis), Disconnects()
    cache = Cache(MemoryCache(clock))
    rankings = Rankings(database, games_of(database, clock), clock)
    own_accounts = OwnAccounts(rankings, Privacy(database), NotificationPreferences(database))
    jobs = Jobs(database, clock, new_id)
    runner = JobRunner(database, jobs, clock, worker="accounts", report=report)
    try:
        with TemporaryDirectory(prefix="maoga-accounts-") as folder:
            ordinary = {"secret_key": KEY.decode(), "refresh_token_s": 3600, "bcrypt_cost": COST}
            settings = test_settings(Path(folder), **(ordinary | changes))
            built = build_accounts(
                settings,
                database=database,
                redis=redis,
                users=users,
                own_accounts=own_accounts,
                cache=cache,
                limits=limits,
                publisher=publisher,
                jobs=jobs,
                runner=runner,
                audit=Audit(clock, new_id),
                clock=clock,
            )
            yield Accounts(
                database,
                limits,
                clock,
                users,
                built.tokens,
                rankings,
                own_accounts,
                redis,
                cache,
                built.auth,
                built.credentials,
                built.external,
                built.links,
                publisher,
                jobs,
                runner,
                settings,
            )
    finally:
        await redis.aclose()
        await database.close()


def _database(url: str, clock: ManualClock) -> SqliteDatabase | MongoDatabase:
    if url.startswith("sqlite:"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")), SPECS, clock=clock)
    return MongoDatabase(url, SPECS, timeout_s=5, pool_size=10, clock=clock)
