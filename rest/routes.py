"""A REST route as data: what the server, the reference and later the OpenAPI document are made from."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from aiohttp import web

from domain.admin.desks import Desks
from domain.audit.model import Actor
from domain.auth.api_keys import ApiKey, ApiKeys, Scope
from domain.auth.auth import Auth
from domain.auth.credentials import Credentials
from domain.auth.external import External
from domain.auth.model import Client, Principal
from domain.auth.roles import Roles
from domain.chat.cases import ChatCases
from domain.core.errors import AppError
from domain.core.idempotency import Idempotency
from domain.core.images import Read
from domain.core.limits import Limit, RateLimits, Spent
from domain.core.model import Command, Model
from domain.flags.flags import Flags
from domain.games.catalogue import Catalogue
from domain.games.games import Games
from domain.games.imports import GameImports
from domain.lobbies.browser import LobbyBrowser
from domain.lobbies.lobbies import Lobbies
from domain.matchmaking.karma import KarmaBook
from domain.matchmaking.results import Results
from domain.matchmaking.trending import Trending
from domain.notifications.notifications import Notifications
from domain.notifications.settings import NotificationPreferences
from domain.privacy.departures import Departures
from domain.privacy.exports import Exports
from domain.rankings.rankings import Rankings
from domain.rankings.standings import Standings
from domain.reports.moderation import Moderation
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.people import People
from domain.social.privacy import Privacy
from domain.users.avatars import Avatars
from domain.users.devices import Devices
from domain.users.permissions import Permission
from domain.users.profiles import Profiles
from domain.users.users import Users
from rest.envelope import Download, Reply, Stream

RateClass = Literal["auth", "read", "write", "upload", "server"]

LIMITS: dict[RateClass, Limit] = {
    "auth": Limit(60, 60.0),
    "read": Limit(600, 60.0),
    "write": Limit(120, 60.0),
    "upload": Limit(20, 60.0),
    "server": Limit(6000, 60.0),
}
"""By user or API key, or by address where there is neither."""

SHARED: dict[RateClass, int] = {"write": 20, "upload": 20}
"""How many times that all users of one address may have together."""


class RestMetrics(Protocol):
    """What REST counts."""

    def began(self) -> None:
        """A request has come in."""
        ...

    def ended(self) -> None:
        """It is answered, or its client is gone."""
        ...

    def active(self, user: str) -> None:
        """The user has asked for something."""
        ...

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is the pattern of its path, or "unmatched"."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers call."""

    auth: Auth
    credentials: Credentials
    keys: ApiKeys
    roles: Roles
    external: External
    users: Users
    profiles: Profiles
    avatars: Avatars
    devices: Devices
    people: People
    privacy: Privacy
    departures: Departures
    exports: Exports
    blocks: Blocks
    friends: Friends
    notifications: Notifications
    notification_preferences: NotificationPreferences
    games: Games
    catalogue: Catalogue
    imports: GameImports
    trending: Trending
    rankings: Rankings
    standings: Standings
    results: Results
    karma: KarmaBook
    lobbies: Lobbies
    browser: LobbyBrowser
    chats: ChatCases
    moderation: Moderation
    desks: Desks
    flags: Flags
    limits: RateLimits
    idempotency: Idempotency
    metrics: RestMetrics


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to its handler: limited, authenticated and validated.

    client: where it comes from. path: the values of the path's `{names}`. upload: reads the file of a route that takes
    one.
    """

    services: Services
    client: Client
    path: Mapping[str, str]
    body: Any
    query: Any
    upload: Read
    _principal: Principal | None
    _key: ApiKey | None

    @property
    def address(self) -> str:
        """Of the client, as `address_block` has it."""
        return self.client.address

    @property
    def principal(self) -> Principal:
        """Who calls; only routes that take nothing but an access token know."""
        assert self._principal is not None  # noqa: S101 - a mistake in the route table
        return self._principal

    @property
    def actor(self) -> Actor:
        """Who calls, user or machine, for the audit log."""
        if self._key:
            return Actor(kind="key", id=self._key.id, address=self.address)
        return Actor(kind="user", id=self.principal.user_id, address=self.address)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What is told to those who still call (RFC 9745, RFC 8594).

    since: the moment from which it should not be used. sunset: the moment from which it may be gone. successor: the
    path of what to use instead.
    """

    since: datetime
    sunset: datetime | None = None
    successor: str | None = None


Handler = Callable[[Call], Awaitable[Model | Reply | Download | Stream | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route below `/api/v1`.

    path: its `{names}` are ids. auth: what it asks for, an access token, an API key with `scope`, or nothing.
    permission: what the caller's role must allow; the use case checks the rest. Where there is a scope as well, an API
    key in `X-Api-Key` does instead of the token: such a handler knows `Call.actor` only. body, query: what it takes.
    upload: whether its body is a form with one file. answer: what its `data` is, or `bytes`,
    whose types are `content`.
    errors: those of its own, besides the ones every route has. off_loop: whether validating the body computes so long
    that it must leave the event loop. in_maintenance: whether everybody may call it then, though it changes something.
    secret: whether its answers show a secret. deprecated: that it will go.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Handler
    auth: Literal["token", "key"] | None = "token"
    scope: Scope | None = None
    permission: Permission | None = None
    body: type[Command] | None = None
    query: type[Command] | None = None
    upload: bool = False
    answer: Any = None
    content: tuple[str, ...] = ("image/*",)
    status: int = 200
    rate: RateClass = "read"
    errors: tuple[type[AppError], ...] = ()
    in_maintenance: bool = False
    off_loop: bool = False
    secret: bool = False
    deprecated: Deprecation | None = None

    @property
    def confidential(self) -> bool:
        """Whether its answers have tokens or keys in them, which are neither stored nor compressed."""
        return self.secret or self.rate == "auth"

    @property
    def keyed(self) -> bool:
        """Whether it honours an `Idempotency-Key`."""
        return self.method == "POST" and self.auth is not None and not self.confidential


@dataclass(frozen=True, slots=True)
class RestConfig:
    """production: whether browsers are told to insist on TLS. cors_origins: browser origins allowed, `*` for all.

    trusted_proxies: reverse proxies in front. body_limit_bytes: most bytes of a body. slow_ms: requests that take
    longer are logged as warnings; 0 for none. debug: failures of ours tell where they came from.
    """

    production: bool
    cors_origins: tuple[str, ...]
    trusted_proxies: int
    body_limit_bytes: int
    slow_ms: int = 0
    debug: bool = False


SERVICES = web.AppKey("services", Services)
CONFIG = web.AppKey("config", RestConfig)
REQUEST_ID = web.RequestKey("request_id", str)
ADDRESS = web.RequestKey("address", str)
USER_ID = web.RequestKey("user_id", str)
CALLER = web.RequestKey("caller", str)
"""Whose limits and idempotency keys count: `user:<id>`, `key:<id>` or `address:<block>`."""

ROUTE = web.RequestKey("route", Route)
SPENT = web.RequestKey("spent", Spent)
"""What was taken off the caller's limit, where there is one."""
