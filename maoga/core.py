"""Everything but the transports, and every kind of document there is."""

from dataclasses import dataclass
from typing import Any

from domain.accounts.me import OwnAccounts
from domain.admin.desks import Desks
from domain.audit.audit import Audit
from domain.audit.model import AUDIT
from domain.auth.api_keys import API_KEYS, ApiKeys
from domain.auth.auth import Auth
from domain.auth.credentials import Credentials
from domain.auth.external import IDENTITIES, External
from domain.auth.links import LINKS, Links
from domain.auth.model import SESSIONS
from domain.auth.roles import Roles
from domain.auth.tokens import Tokens
from domain.chat.cases import ChatCases
from domain.chat.chat import Chat
from domain.chat.held import HELD
from domain.chat.media import MEDIA
from domain.chat.model import CHANNELS, MARKERS, MESSAGES
from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database, Spec
from domain.core.idempotency import KEYED_REQUESTS
from domain.core.limits import RateLimits
from domain.core.streams import StreamLog
from domain.flags.flags import Flags
from domain.flags.model import FLAGS
from domain.games.catalogue import Catalogue
from domain.games.games import Games
from domain.games.imports import GameImports
from domain.games.model import GAMES
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS
from domain.jobs.runner import JobRunner
from domain.lobbies.allocation import Allocation
from domain.lobbies.browser import LobbyBrowser
from domain.lobbies.invites import INVITES, Invites
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.matched import MatchedLobbies
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS
from domain.lobbies.trail import TRAIL, Trail
from domain.lobbies.upkeep import LobbyUpkeep
from domain.matchmaking.acquaintances import Acquaintances
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.cooldowns import COOLDOWNS
from domain.matchmaking.grace import Grace
from domain.matchmaking.karma import KARMA, KarmaBook
from domain.matchmaking.matchmaking import Matchmaking
from domain.matchmaking.model import MATCHES, TICKETS
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.recent_players import RecentPlayers
from domain.matchmaking.recovery import Recovery
from domain.matchmaking.results import Results
from domain.matchmaking.tick import Tick
from domain.matchmaking.trending import Trending
from domain.notifications.model import NOTIFICATIONS
from domain.notifications.notifications import Notifications
from domain.notifications.settings import NOTIFICATION_SETTINGS, NotificationPreferences
from domain.parties.model import PARTIES, PARTY_SEATS
from domain.parties.parties import Parties
from domain.presence.activity import Activity
from domain.presence.presence import Presence
from domain.rankings.model import RATINGS
from domain.rankings.rankings import Rankings
from domain.rankings.standings import Standings
from domain.reports.model import CASES, REPORTS, SANCTIONS
from domain.reports.moderation import Moderation
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.model import BLOCKS, FRIENDSHIPS, STATUSES
from domain.social.presences import Presences
from domain.social.privacy import PRIVACY, Privacy
from domain.users.avatars import AVATARS
from domain.users.devices import DEVICES
from domain.users.model import USERS
from domain.users.users import Users
from maoga.assembly.people import PersonalCases
from maoga.settings import Settings
from maoga.worker import Worker
from realtime.publisher import StreamPublisher
from storage.redis.client import Client

SPECS: tuple[Spec[Any], ...] = (
    *(AUDIT, JOBS, KEYED_REQUESTS, USERS, DEVICES, AVATARS, SESSIONS, LINKS, API_KEYS, IDENTITIES),
    *(NOTIFICATIONS, NOTIFICATION_SETTINGS),
    *(BLOCKS, FRIENDSHIPS, PRIVACY, STATUSES),
    *(GAMES, RATINGS, CHANNELS, MESSAGES, MARKERS, MEDIA, HELD, SEATS, SPECTATOR_SEATS, LOBBIES, INVITES, TRAIL),
    *(PARTIES, PARTY_SEATS, TICKETS, MATCHES, COOLDOWNS, KARMA),
    *(REPORTS, CASES, SANCTIONS, FLAGS),
)
"""Every kind of document there is."""


@dataclass(frozen=True, slots=True)
class Core:
    """Everything but the transports: the storage, and the use cases on it."""

    settings: Settings
    clock: Clock
    database: Database
    redis: Client
    streams: StreamLog
    publisher: StreamPublisher
    presence: Presence
    activity: Activity
    limits: RateLimits
    cache: Cache
    pool: TicketPool
    jobs: Jobs
    runner: JobRunner
    audit: Audit
    flags: Flags
    users: Users
    own_accounts: OwnAccounts
    people: PersonalCases
    notifications: Notifications
    notification_preferences: NotificationPreferences
    tokens: Tokens
    auth: Auth
    credentials: Credentials
    links: Links
    keys: ApiKeys
    roles: Roles
    external: External
    blocks: Blocks
    friends: Friends
    privacy: Privacy
    presences: Presences
    acquaintances: Acquaintances
    games: Games
    catalogue: Catalogue
    imports: GameImports
    trending: Trending
    rankings: Rankings
    standings: Standings
    chat: Chat
    chats: ChatCases
    invites: Invites
    trail: Trail
    allocation: Allocation
    lobbies: Lobbies
    browser: LobbyBrowser
    matched_lobbies: MatchedLobbies
    lobby_upkeep: LobbyUpkeep
    parties: Parties
    board: TicketBoard
    matchmaking: Matchmaking
    proposals: Proposals
    results: Results
    karma: KarmaBook
    recent_players: RecentPlayers
    tick: Tick
    grace: Grace
    moderation: Moderation
    desks: Desks
    recovery: Recovery
    worker: Worker

    async def ping_redis(self) -> None:
        """Returns when Redis answers, or raises `errors.Unavailable`."""
        await self.redis.ping()
