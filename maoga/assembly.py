"""Puts the use cases together on open storage."""

from datetime import timedelta

from domain.audit.audit import Audit
from domain.core.cache import Cache, CacheMetrics
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.deadlines import Deadlines
from domain.core.events import Outbox
from domain.core.ids import new_id
from domain.core.images import MediaStore
from domain.core.leases import Leases
from domain.core.limits import ScaledLimits
from domain.core.streams import StreamLog
from domain.flags.flags import Flags
from domain.games.games import Games
from domain.games.source import SourceMetrics
from domain.jobs.jobs import Jobs
from domain.jobs.metrics import JobMetrics
from domain.jobs.runner import JobRunner
from domain.lobbies.follow_ups import REPLACE
from domain.matchmaking.acquaintances import Acquaintances
from domain.matchmaking.admission import Admission
from domain.matchmaking.backfills import Backfills
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.cooldowns import CooldownRule, Cooldowns
from domain.matchmaking.grace import Grace, GraceConfig
from domain.matchmaking.matchmaking import Matchmaking, MatchmakingConfig
from domain.matchmaking.meetings import Meetings
from domain.matchmaking.metrics import MatchmakingMetrics
from domain.matchmaking.ownership import Ownership
from domain.matchmaking.party_search import PartySearch
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.proposals import ProposalConfig, Proposals
from domain.matchmaking.recovery import Recovery
from domain.matchmaking.results import ResultConfig, Results
from domain.matchmaking.schedule import Schedule
from domain.matchmaking.tick import Tick
from domain.notifications.notifications import Notifications
from domain.notifications.settings import NotificationPreferences
from domain.parties.parties import Parties, PartyConfig
from domain.presence.presence import Presence
from domain.rankings.rankings import Rankings
from domain.rankings.standings import Standings
from domain.users.users import Users
from maoga.account_assembly import build_accounts
from maoga.admin_assembly import build_desks, build_moderation
from maoga.chat_assembly import build_chat
from maoga.core import Core
from maoga.games_assembly import build_catalogue
from maoga.lobby_assembly import build_lobbies
from maoga.pairing_process import PairingProcess
from maoga.people_assembly import build_people
from maoga.process import report
from maoga.settings import Settings
from maoga.social_assembly import build_social
from maoga.worker import Worker
from realtime.publisher import StreamPublisher
from storage.memory.cache import MemoryCache
from storage.memory.leases import SoleLeases
from storage.memory.tickets import MemoryTicketPool
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
    metrics: MatchmakingMetrics,
    job_metrics: JobMetrics,
    cache_metrics: CacheMetrics,
    source_metrics: SourceMetrics,
) -> Core:
    """The use cases on open storage."""
    publisher = StreamPublisher(streams, clock)
    outbox = Outbox(database, publisher, clock)
    limits = ScaledLimits(RedisRateLimits(redis), settings.rate_limit_scale)
    presence: Presence = RedisPresence(redis, settings.instance, connections_per_user=settings.connection_limit)
    deadlines: Deadlines = RedisDeadlines(redis)
    leases: Leases = SoleLeases() if settings.redis_in_process else RedisLeases(redis, settings.instance)
    cache = Cache(MemoryCache(clock) if settings.redis_in_process else RedisCache(redis), cache_metrics)
    pool: TicketPool = MemoryTicketPool() if settings.redis_in_process else RedisTicketPool(redis)

    jobs = Jobs(database, clock, new_id)
    runner = JobRunner(database, jobs, clock, worker=settings.instance, report=report, metrics=job_metrics)
    audit, flags = Audit(clock, new_id), Flags(database, clock)
    users = Users(database, clock)
    preferences = NotificationPreferences(database)
    notifications = Notifications(
        database=database,
        preferences=preferences,
        outbox=outbox,
        publisher=publisher,
        clock=clock,
        new_id=new_id,
    )
    relations = build_social(
        database, redis, clock, users=users, notifications=notifications, presence=presence, publisher=publisher
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
        metrics=source_metrics,
    )
    rankings = Rankings(database, games, clock)
    standings = Standings(
        database, users=users, games=games, leaderboards=RedisLeaderboards(redis), clock=clock, report=report
    )
    accounts = build_accounts(
        settings,
        database=database,
        redis=redis,
        users=users,
        rankings=rankings,
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
    )
    people = build_people(
        database=database,
        redis=redis,
        store=store,
        users=users,
        auth=accounts.auth,
        links=accounts.links,
        audit=audit,
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        games=games,
        standings=standings,
        chats=chats,
        runner=runner,
        clock=clock,
        grace=timedelta(days=settings.account_grace_days),
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
    )
    acquaintances = Acquaintances(database=database, users=users, blocks=blocks, pool=pool, clock=clock)
    blocks.listen(acquaintances.renew_search_of)
    admission = Admission(rankings=rankings, games=games, acquaintances=acquaintances, clock=clock)
    cooldowns = Cooldowns(
        database, clock, CooldownRule(tuple(settings.match_cooldown_s), settings.match_cooldown_decay_s)
    )
    board = TicketBoard(database=database, games=games, pool=pool, publisher=publisher, clock=clock)
    board.listen(presences.moved)
    proposals = Proposals(
        database=database,
        pool=pool,
        board=board,
        lobbies=lobby.matched,
        acquaintances=acquaintances,
        cooldowns=cooldowns,
        deadlines=deadlines,
        outbox=outbox,
        publisher=publisher,
        notifications=notifications,
        clock=clock,
        new_id=new_id,
        config=ProposalConfig(accept_s=settings.match_accept_s),
        metrics=metrics,
    )
    search = PartySearch(
        database=database, admission=admission, cooldowns=cooldowns, pool=pool, board=board, proposals=proposals
    )
    parties = Parties(
        database=database,
        users=users,
        blocks=blocks,
        search=search,
        outbox=outbox,
        clock=clock,
        new_id=new_id,
        config=PartyConfig(max_size=settings.party_max_size),
    )
    schedule = Schedule(
        database=database,
        admission=admission,
        parties=parties,
        cooldowns=cooldowns,
        presence=presence,
        pool=pool,
        board=board,
        deadlines=deadlines,
        outbox=outbox,
        clock=clock,
    )
    backfills = Backfills(
        database=database,
        lobbies=lobby.lobbies,
        games=games,
        admission=admission,
        pool=pool,
        board=board,
        clock=clock,
        new_id=new_id,
    )
    runner.handle(REPLACE, backfills.replace)
    matchmaking = Matchmaking(
        database=database,
        admission=admission,
        parties=parties,
        pool=pool,
        board=board,
        proposals=proposals,
        schedule=schedule,
        backfills=backfills,
        cooldowns=cooldowns,
        outbox=outbox,
        flags=flags,
        clock=clock,
        new_id=new_id,
        config=MatchmakingConfig(ticket_max_s=settings.ticket_max_s),
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
        expiry=matchmaking,
        proposals=proposals,
        board=board,
        ownership=ownership,
        clock=clock,
        report=report,
        open_large=pairing.open,
        metrics=metrics,
    )
    grace = Grace(
        database=database,
        lobbies=lobby.lobbies,
        parties=parties,
        matchmaking=matchmaking,
        presence=presence,
        deadlines=deadlines,
        clock=clock,
        report=report,
        config=GraceConfig(grace_s=settings.grace_s),
    )
    moderation = build_moderation(
        database,
        clock,
        users=users,
        auth=accounts.auth,
        matchmaking=matchmaking,
        lobbies=lobby.lobbies,
        parties=parties,
        trail=lobby.trail,
        notifications=notifications,
        audit=audit,
        jobs=jobs,
        runner=runner,
        limits=limits,
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
        proposals=proposals,
        results=results,
        upkeep=lobby.upkeep,
        audience=lobby.audience,
        channels=chats.channels,
        grace=grace,
        schedule=schedule,
        backfills=backfills,
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
        proposals=proposals,
        results=results,
        standings=standings,
        upkeep=lobby.upkeep,
        grace=grace,
        schedule=schedule,
        recovery=recovery,
        presences=presences,
    )
    return Core(
        settings=settings,
        clock=clock,
        database=database,
        redis=redis,
        streams=streams,
        publisher=publisher,
        presence=presence,
        limits=limits,
        cache=cache,
        pool=pool,
        jobs=jobs,
        runner=runner,
        audit=audit,
        flags=flags,
        users=users,
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
        acquaintances=acquaintances,
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
        parties=parties,
        board=board,
        matchmaking=matchmaking,
        proposals=proposals,
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
