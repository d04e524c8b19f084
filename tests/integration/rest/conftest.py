"""A real aiohttp server on a free port with a real client, on embedded storage or on MongoDB and Redis."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from aiohttp import ClientSession, web
from loguru import logger

from domain.audit.audit import Audit
from domain.audit.model import CLI
from domain.auth.api_keys import SCOPES, ApiKeys, CreateApiKey
from domain.auth.external import External, IdentityProvider
from domain.auth.roles import Roles
from domain.chat.cases import ChatCases
from domain.core.events import Outbox
from domain.core.idempotency import Idempotency
from domain.core.ids import new_id
from domain.flags.flags import Flags
from domain.games.games import Games
from domain.games.seed import seed
from domain.games.source import UNWATCHED
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.matchmaking.karma import KarmaBook
from domain.matchmaking.meetings import Meetings
from domain.matchmaking.results import ResultConfig, Results
from domain.notifications.notifications import Notifications
from domain.notifications.settings import NotificationPreferences
from domain.rankings.standings import Standings
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import Privacy
from maoga.assembly.chat import build_chat
from maoga.assembly.games import build_catalogue
from maoga.assembly.people import PersonalCases, build_people
from maoga.process import report
from maoga.reference import DOCUMENTS
from maoga.request_log import through_loguru
from rest.app import build_app
from rest.health import Check, Health
from rest.routes import RestConfig, Services
from rest.server import runner_of
from storage.media.folder import FolderStore
from storage.memory.tickets import MemoryTicketPool
from storage.redis.deadlines import RedisDeadlines
from storage.redis.leaderboards import RedisLeaderboards
from tests.support.accounts import PASSWORD, Accounts, open_accounts
from tests.support.cores import test_settings
from tests.support.lobbies import lobbies_of

CONFIG = RestConfig(
    production=False, cors_origins=("https://game.example",), trusted_proxies=0, body_limit_bytes=65_536
)


@dataclass
class Observed:
    """A `RestMetrics` that keeps what it is told: (method, route, status)."""

    seen: list[tuple[str, str, int]] = field(default_factory=list)
    users: set[str] = field(default_factory=set)
    in_progress: int = 0

    def began(self) -> None:
        self.in_progress += 1

    def ended(self) -> None:
        self.in_progress -= 1

    def active(self, user: str) -> None:
        self.users.add(user)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append((method, route, status))


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Any
    body: Any

    @property
    def data(self) -> Any:
        """The data of a success."""
        assert self.body["status"] == "success", self.body
        return self.body["data"]

    @property
    def error(self) -> Any:
        """The error of a failure, whose envelope is checked."""
        assert self.body["status"] == "error", self.body
        assert self.body["requestId"] == self.headers["X-Request-Id"]
        assert {"code", "message"} <= set(self.body["error"])
        return self.body["error"]

    @property
    def code(self) -> str:
        """The code of a failure."""
        return str(self.error["code"])

    @property
    def faults(self) -> set[str]:
        """The fields a validation found fault with."""
        assert (self.status, self.code) == (422, "VALIDATION_ERROR")
        return {fault["field"] for fault in self.error["details"]}


@dataclass(frozen=True)
class Api:
    """The server, its storage, and a client of it."""

    accounts: Accounts
    people: PersonalCases
    metrics: Observed
    url: str
    client: ClientSession

    async def call(self, method: str, path: str, *, token: str | None = None, **request: Any) -> Answer:
        """One request; `path` without a slash stands below /api/v1."""
        url = self.url + (path if path.startswith("/") else f"/api/v1/{path}")
        headers = request.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        async with self.client.request(method, url, headers=headers, **request) as response:
            body = await response.json() if response.content_type == "application/json" else await response.read()
            return Answer(response.status, response.headers, body)

    async def post(self, path: str, body: Any = None, **request: Any) -> Answer:
        """A POST of JSON."""
        return await self.call("POST", path, json=body, **request)

    async def get(self, path: str, **request: Any) -> Answer:
        """A GET."""
        return await self.call("GET", path, **request)

    async def register(self, username: str = "ada") -> Any:
        """The session of a new account."""
        answer = await self.post(
            "auth/register", {"email": f"{username}@example.test", "username": username, "password": PASSWORD}
        )
        assert answer.status == 201, answer.body
        return answer.data

    async def key(self) -> str:
        """A new API key with every scope."""
        command = CreateApiKey(name="a game server", scopes=list(SCOPES))
        return (await keys_of(self.accounts).create(CLI, command)).secret


def keys_of(accounts: Accounts) -> ApiKeys:
    """The API keys of those accounts."""
    return ApiKeys(accounts.database, Audit(accounts.clock, new_id), accounts.clock)


def notifications_of(accounts: Accounts) -> Notifications:
    """The notifications of those accounts."""
    return Notifications(
        database=accounts.database,
        preferences=NotificationPreferences(accounts.database),
        outbox=Outbox(accounts.database, accounts.publisher, accounts.clock),
        publisher=accounts.publisher,
        clock=accounts.clock,
        new_id=new_id,
    )


def relations(accounts: Accounts) -> tuple[Blocks, Friends]:
    """Blocks and friends of those accounts."""
    database, clock = accounts.database, accounts.clock
    outbox = Outbox(database, accounts.publisher, clock)
    blocks = Blocks(database, accounts.users, outbox, clock)
    friends = Friends(
        database=database,
        users=accounts.users,
        blocks=blocks,
        privacy=Privacy(database),
        notifications=notifications_of(accounts),
        outbox=outbox,
        clock=clock,
    )
    return blocks, friends


def _vouched_by(external: External, providers: Mapping[str, IdentityProvider]) -> External:
    """The same use cases with other providers, which the settings of the accounts could not name yet."""
    other = copy(external)
    other._providers = providers
    return other


@asynccontextmanager
async def serving(
    accounts: Accounts,
    config: RestConfig = CONFIG,
    checks: dict[str, Check] | None = None,
    chats: ChatCases | None = None,
    providers: Mapping[str, IdentityProvider] | None = None,
) -> AsyncIterator[Api]:
    """A server of those accounts. chats: another chat than a plain one. providers: of identities."""
    metrics = Observed()
    database, clock, cache = accounts.database, accounts.clock, accounts.cache
    games = Games(database, clock, cache)
    leaderboards, deadlines = RedisLeaderboards(accounts.redis), RedisDeadlines(accounts.redis)
    standings = Standings(
        database, users=accounts.users, games=games, leaderboards=leaderboards, clock=clock, report=report
    )
    blocks, friends = relations(accounts)
    lobbies, browser = lobbies_of(accounts, blocks, friends)
    jobs, privacy = Jobs(database, clock, new_id), Privacy(database)
    runner_of_jobs = JobRunner(database, jobs, clock, worker="rest", report=report)
    folder = TemporaryDirectory(prefix="maoga-rest-")
    settings = test_settings(Path(folder.name))
    store = FolderStore(settings.images_path)
    catalogue = build_catalogue(
        settings,
        database=database,
        redis=accounts.redis,
        games=games,
        cache=cache,
        limits=accounts.limits,
        pool=MemoryTicketPool(),
        jobs=jobs,
        runner=runner_of_jobs,
        audit=Audit(clock, new_id),
        clock=clock,
        metrics=UNWATCHED,
    )
    chats = chats or build_chat(
        settings,
        store=store,
        database=database,
        publisher=accounts.publisher,
        outbox=Outbox(database, accounts.publisher, clock),
        users=accounts.users,
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        encounters=Meetings(database, clock),
        notifications=notifications_of(accounts),
        limits=accounts.limits,
        jobs=jobs,
        runner=runner_of_jobs,
        clock=clock,
    )
    people = build_people(
        database=database,
        redis=accounts.redis,
        cache=cache,
        store=store,
        users=accounts.users,
        expel=accounts.auth.cut_off,
        links=accounts.links,
        audit=Audit(clock, new_id),
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        games=games,
        standings=standings,
        chats=chats,
        jobs=jobs,
        runner=runner_of_jobs,
        clock=clock,
        grace=timedelta(days=30),
        guests=timedelta(days=90),
    )
    services = Services(
        auth=accounts.auth,
        credentials=accounts.credentials,
        keys=keys_of(accounts),
        roles=Roles(database, accounts.users, accounts.auth, Audit(clock, new_id)),
        external=_vouched_by(accounts.external, providers) if providers else accounts.external,
        users=accounts.users,
        own_accounts=accounts.own_accounts,
        profiles=people.profiles,
        avatars=people.avatars,
        devices=people.devices,
        people=people.people,
        privacy=privacy,
        departures=people.departures,
        exports=people.exports,
        blocks=blocks,
        friends=friends,
        notifications=notifications_of(accounts),
        notification_preferences=NotificationPreferences(database),
        games=games,
        catalogue=catalogue.catalogue,
        imports=catalogue.imports,
        trending=catalogue.trending,
        standings=standings,
        results=Results(
            database=database,
            games=games,
            rankings=accounts.rankings,
            standings=standings,
            deadlines=deadlines,
            outbox=Outbox(database, accounts.publisher, clock),
            clock=clock,
            config=ResultConfig(),
        ),
        lobbies=lobbies,
        browser=browser,
        chats=chats,
        karma=KarmaBook(database, clock, cache),
        moderation=cast("Any", None),  # tests/e2e/test_staff.py asks for them, on a whole server
        desks=cast("Any", None),
        flags=Flags(database, clock),
        limits=accounts.limits,
        idempotency=Idempotency(database, accounts.limits, clock),
        metrics=metrics,
        log=through_loguru,
    )
    runner = runner_of(build_app(services, config, Health(checks or {}), DOCUMENTS))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with ClientSession() as client:
            yield Api(accounts, people, metrics, f"http://127.0.0.1:{port}", client)
    finally:
        await runner.cleanup()
        folder.cleanup()


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    async with open_accounts(f"sqlite:///{tmp_path}/maoga.db") as accounts:
        await seed(accounts.database)
        yield accounts


@pytest.fixture
async def api(accounts: Accounts) -> AsyncIterator[Api]:
    """A server on embedded storage."""
    async with serving(accounts) as api:
        yield api


@pytest.fixture(params=["embedded", "servers"])
async def any_api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """A server on embedded storage, and one on real MongoDB and Redis."""
    database_url, redis_url = f"sqlite:///{tmp_path}/maoga.db", "memory://"
    if request.param == "servers":
        database_url, redis_url = request.getfixturevalue("mongodb_url"), request.getfixturevalue("redis_url")
    async with open_accounts(database_url, redis_url) as accounts:
        await seed(accounts.database)
        async with serving(accounts) as api:
            yield api


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """The log records of the test."""
    records: list[Any] = []
    sink = logger.add(lambda message: records.append(message.record), level="DEBUG")
    yield records
    logger.remove(sink)
