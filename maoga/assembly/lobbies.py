"""Puts the use cases of lobbies together."""

from dataclasses import dataclass

from domain.chat.channels import Channels
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.deadlines import Deadlines
from domain.core.events import Outbox
from domain.core.ids import new_id
from domain.core.limits import RateLimits
from domain.games.games import Games
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.lobbies.access import LobbyAccess
from domain.lobbies.allocation import ATTEMPT_S, ATTEMPTS, Allocation, Allocator, NoAllocator
from domain.lobbies.audience import Audience
from domain.lobbies.browser import LobbyBrowser
from domain.lobbies.changes import LobbyChanges, LobbyConfig
from domain.lobbies.follow_ups import ALLOCATE
from domain.lobbies.invites import Invites
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.matched import MatchedLobbies
from domain.lobbies.metrics import LobbyMetrics
from domain.lobbies.trail import Trail
from domain.lobbies.upkeep import LobbyUpkeep
from domain.notifications.notifications import Notifications
from domain.presence.presence import Presence
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.users.users import Users
from maoga.settings import Settings
from storage.outbound.allocator import WebhookAllocator


@dataclass(frozen=True, slots=True)
class LobbyCases:
    """All that has to do with lobbies."""

    trail: Trail
    invites: Invites
    allocation: Allocation
    lobbies: Lobbies
    browser: LobbyBrowser
    matched: MatchedLobbies
    upkeep: LobbyUpkeep
    audience: Audience


def build_lobbies(
    settings: Settings,
    *,
    database: Database,
    users: Users,
    games: Games,
    blocks: Blocks,
    friends: Friends,
    notifications: Notifications,
    jobs: Jobs,
    runner: JobRunner,
    channels: Channels,
    limits: RateLimits,
    presence: Presence,
    deadlines: Deadlines,
    outbox: Outbox,
    clock: Clock,
    metrics: LobbyMetrics,
) -> LobbyCases:
    """The use cases of lobbies on open storage; their jobs are known to the runner."""
    config = LobbyConfig(
        countdown_s=settings.lobby_countdown_s,
        ready_check_s=settings.lobby_ready_check_s,
        away_s=settings.grace_s,
        idle_s=settings.lobby_idle_s,
        active_s=settings.lobby_active_max_s,
        allocates=settings.allocator_url is not None,
    )
    trail = Trail(database, new_id)
    invites = Invites(
        database=database,
        users=users,
        blocks=blocks,
        notifications=notifications,
        trail=trail,
        outbox=outbox,
        clock=clock,
    )
    changes = LobbyChanges(
        database=database,
        deadlines=deadlines,
        trail=trail,
        jobs=jobs,
        channels=channels,
        outbox=outbox,
        clock=clock,
        config=config,
        metrics=metrics,
    )
    allocation = Allocation(database, changes, _allocator(settings, clock))
    runner.handle(ALLOCATE, allocation.run, max_attempts=ATTEMPTS, timeout_s=ATTEMPT_S, given_up=allocation.give_up)
    access = LobbyAccess(database=database, friends=friends, blocks=blocks, invites=invites, limits=limits)
    lobbies = Lobbies(
        database=database,
        users=users,
        games=games,
        access=access,
        changes=changes,
        clock=clock,
        new_id=new_id,
        config=config,
    )
    return LobbyCases(
        trail=trail,
        invites=invites,
        allocation=allocation,
        lobbies=lobbies,
        browser=LobbyBrowser(database, friends, blocks),
        matched=MatchedLobbies(database=database, users=users, changes=changes, clock=clock, config=config),
        audience=Audience(database=database, changes=changes, presence=presence, clock=clock, config=config),
        upkeep=LobbyUpkeep(
            database=database, changes=changes, deadlines=deadlines, limits=limits, clock=clock, config=config
        ),
    )


def _allocator(settings: Settings, clock: Clock) -> Allocator:
    if settings.allocator_url is None:
        return NoAllocator()
    return WebhookAllocator(settings.allocator_url, settings.allocator_secret.get_secret_value().encode(), clock)
