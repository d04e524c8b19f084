"""Puts the use cases together on open storage."""

from datetime import timedelta

from domain.accounts.me import OwnAccounts
from domain.audit.audit import Audit
from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.deadlines import Deadlines
from domain.core.events import Outbox
from domain.core.ids import new_id
from domain.core.images import MediaStore
from domain.core.leases import Leases
from domain.core.limits import ScaledLimits
from domain.core.portions import PortionedLimits
from domain.core.streams import StreamLog
from domain.flags.flags import Flags
from domain.games.games import Games
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.matchmaking.grace import Grace, GraceConfig
from domain.matchmaking.meetings import Meetings
from domain.matchmaking.ownership import Ownership
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.recovery import Recovery
from domain.matchmaking.results import ResultConfig, Results
from domain.matchmaking.tick import Tick
from domain.notifications.notifications import Notifications
from domain.notifications.settings import NotificationPreferences
from domain.presence.activity import Activity
from domain.presence.presence import Presence
from domain.rankings.rankings import Rankings
from domain.rankings.standings import Standings
from domain.reports.enforcement import Enforcement
from domain.users.users import Users
from maoga.assembly.accounts import build_accounts
from maoga.assembly.admin import build_desks, build_moderation
from maoga.assembly.chat import build_chat
from maoga.assembly.games import build_catalogue
from maoga.assembly.lobbies import build_lobbies
from maoga.assembly.matchmaking import build_matchmaking
from maoga.assembly.people import build_people
from maoga.assembly.social import build_social
from maoga.census import Census
from maoga.core import Core
from maoga.pairing_process import PairingProcess
from maoga.process import report
from maoga.settings import Settings
from maoga.watch import Watch
from maoga.worker import Worker
from realtime.publisher import StreamPublisher
from storage.memory.cache import MemoryCache
from storage.memory.leases import SoleLeases
from storage.memory.tickets import MemoryTicketPool
from storage.redis.activity import RedisActivity
from storage.redis.cache import RedisCache
from storage.redis.client import Client
from storage.redis.deadlines import RedisDeadlines
from storage.redis.leaderboards import RedisLeaderboards
from storage.redis.leases import RedisLeases
from storage.redis.presence import RedisPresence
from storage.redis.rate_limits import RedisRateLimits
from storage.redis.tickets import RedisTicketPool


def build(
    settings: Settings,
    clock: Clock,
    database: Database,
    redis: Client,
    streams: StreamLog,
    *,
    store: MediaStore,
    watch: Watch,
) -> Core:
    """The use cases on open storage."""
    publisher = StreamPublisher(streams, clock)
    outbox = Outbox(database, publisher, clock)
    limits = ScaledLimits(PortionedLimits(RedisRateLimits(redis)), settings.rate_limit_scale)
    presence: Presence = RedisPresence(redis, settings.instance, connections_per_user=settings.connection_limit)
    deadlines: Deadlines = RedisDeadlines(redis)
    activity: Activity = RedisActivity(redis)
    leases: Leases = SoleLeases() if settings.redis_in_process else RedisLeases(redis, settings.instance)
    cache = Cache(MemoryCache(clock) if settings.redis_in_process else RedisCache(redis), watch.cache)
    pool: TicketPool = MemoryTicketPool() if settings.redis_in_process else RedisTicketPool(redis)

    jobs, audit, flags = Jobs(database, clock, new_id), Audit(clock, new_id), Flags(database, clock)
    runner = JobRunner(database, jobs, clock, worker=settings.instance, report=report, metrics=watch.jobs)
    users = Users(database, clock)
    preferences = NotificationPreferences(database)
    notifications = Notifications(
        database=database,
        preferences=preferences,
        outbox=outbox,
        publisher=publisher,
        clock=clock,
        new_id=new_id,
        metrics=watch.notifications,
    )
    relations = build_social(
        database,
        redis,
        clock,
        cache=cache,
        users=users,
        notifications=notifications,
        presence=presence,
        publisher=publisher,
    )
    blocks, friends, privacy, presences = relations.blocks, relations.friends, relations.privacy, relations.presences
    games = Games(database, clock, cache)
    catalogue = build_catalogue(
        settings,
        database=database,
        redis=redis,
        games=games,
        cache=cache,
        limits=limits,
        pool=pool,
        jobs=jobs,
        runner=runner,
        audit=audit,
        clock=clock,
        metrics=watch.source,
    )
    rankings = Rankings(database, games, clock)
    standings = Standings(
        database, users=users, games=games, leaderboards=RedisLeaderboards(redis), clock=clock, report=report
    )
    own_accounts = OwnAccounts(rankings, privacy, preferences)
    accounts = build_accounts(
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
        audit=audit,
        clock=clock,
    )
    chats = build_chat(
        settings,
        store=store,
        database=database,
        publisher=publisher,
        outbox=outbox,
        users=users,
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        encounters=Meetings(database, clock),
        notifications=notifications,
        limits=RedisRateLimits(redis),
        jobs=jobs,
        runner=runner,
        clock=clock,
        metrics=watch.chat,
    )
    lobby = build_lobbies(
        settings,
        database=database,
        users=users,
        games=games,
        blocks=blocks,
        friends=friends,
        notifications=notifications,
        jobs=jobs,
        runner=runner,
        channels=chats.channels,
        limits=limits,
        presence=presence,
        deadlines=deadlines,
        outbox=outbox,
        clock=clock,
        metrics=watch.lobbies,
    )
    play = build_matchmaking(
        settings,
        database=database,
        users=users,
        games=games,
        rankings=rankings,
        blocks=blocks,
        notifications=notifications,
        presence=presence,
        presences=presences,
        lobby=lobby,
        pool=pool,
        flags=flags,
        runner=runner,
        deadlines=deadlines,
        outbox=outbox,
        publisher=publisher,
        clock=clock,
        metrics=watch.matchmaking,
    )
    ownership, pairing = Ownership(leases, clock), PairingProcess()
    results = Results(
        database=database,
        games=games,
        rankings=rankings,
        standings=standings,
        deadlines=deadlines,
        outbox=outbox,
        clock=clock,
        config=ResultConfig(report_s=settings.match_report_s, match_s=settings.match_result_max_s),
    )
    tick = Tick(
        pool=pool,
        games=games,
        expiry=play.matchmaking,
        proposals=play.proposals,
        board=play.board,
        ownership=ownership,
        clock=clock,
        report=report,
        open_large=pairing.open,
        metrics=watch.matchmaking,
    )
    grace = Grace(
        database=database,
        lobbies=lobby.lobbies,
        parties=play.parties,
        matchmaking=play.matchmaking,
        presence=presence,
        deadlines=deadlines,
        clock=clock,
        report=report,
        config=GraceConfig(grace_s=settings.grace_s),
    )
    enforcement = Enforcement(
        users=users, auth=accounts.auth, matchmaking=play.matchmaking, lobbies=lobby.lobbies, parties=play.parties
    )
    people = build_people(
        database=database,
        redis=redis,
        cache=cache,
        store=store,
        users=users,
        expel=enforcement.expel,
        links=accounts.links,
        audit=audit,
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        games=games,
        standings=standings,
        chats=chats,
        jobs=jobs,
        runner=runner,
        clock=clock,
        grace=timedelta(days=settings.account_grace_days),
        guests=timedelta(days=settings.guest_days),
    )
    moderation = build_moderation(
        database,
        clock,
        store=store,
        users=users,
        enforcement=enforcement,
        trail=lobby.trail,
        notifications=notifications,
        audit=audit,
        jobs=jobs,
        runner=runner,
    )
    desks = build_desks(
        database,
        clock,
        users=users,
        moderation=moderation,
        lobbies=lobby.lobbies,
        trail=lobby.trail,
        pool=pool,
        games=games,
        presence=presence,
        publisher=publisher,
        audit=audit,
        jobs=jobs,
        runner=runner,
    )
    recovery = Recovery(
        database=database,
        pool=pool,
        proposals=play.proposals,
        results=results,
        upkeep=lobby.upkeep,
        audience=lobby.audience,
        channels=chats.channels,
        grace=grace,
        schedule=play.schedule,
        backfills=play.backfills,
        outbox=outbox,
        clock=clock,
        report=report,
    )
    worker = Worker(
        tick=tick,
        runner=runner,
        ownership=ownership,
        pairing=pairing,
        tick_ms=settings.match_tick_ms,
        deadlines=deadlines,
        leases=leases,
        clock=clock,
        proposals=play.proposals,
        results=results,
        standings=standings,
        upkeep=lobby.upkeep,
        grace=grace,
        schedule=play.schedule,
        recovery=recovery,
        presences=presences,
        census=Census(database=database, runner=runner, activity=activity, leases=leases, clock=clock, watch=watch),
    )
    return Core(
        settings=settings,
        clock=clock,
        database=database,
        redis=redis,
        streams=streams,
        publisher=publisher,
        presence=presence,
        activity=activity,
        limits=limits,
        cache=cache,
        pool=pool,
        jobs=jobs,
        runner=runner,
        audit=audit,
        flags=flags,
        users=users,
        own_accounts=own_accounts,
        people=people,
        notifications=notifications,
        notification_preferences=preferences,
        tokens=accounts.tokens,
        auth=accounts.auth,
        credentials=accounts.credentials,
        links=accounts.links,
        keys=accounts.keys,
        roles=accounts.roles,
        external=accounts.external,
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        presences=presences,
        acquaintances=play.acquaintances,
        games=games,
        catalogue=catalogue.catalogue,
        imports=catalogue.imports,
        trending=catalogue.trending,
        rankings=rankings,
        standings=standings,
        chat=chats.talk,
        chats=chats,
        invites=lobby.invites,
        trail=lobby.trail,
        allocation=lobby.allocation,
        lobbies=lobby.lobbies,
        browser=lobby.browser,
        matched_lobbies=lobby.matched,
        lobby_upkeep=lobby.upkeep,
        parties=play.parties,
        board=play.board,
        matchmaking=play.matchmaking,
        proposals=play.proposals,
        results=results,
        karma=relations.karma,
        recent_players=relations.recent_players,
        tick=tick,
        grace=grace,
        moderation=moderation,
        desks=desks,
        recovery=recovery,
        worker=worker,
    )
