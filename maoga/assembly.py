"""Puts the use cases together on open storage."""

from datetime import timedelta

from domain.auth.api_keys import ApiKeys
from domain.auth.auth import Auth, AuthConfig
from domain.auth.passwords import Passwords
from domain.auth.tokens import Tokens
from domain.chat.attachments import Attachments
from domain.chat.channels import Channels
from domain.chat.chat import Chat
from domain.chat.contacts import Contacts
from domain.chat.directs import Directs
from domain.chat.erasure import Erasure
from domain.chat.filtering import Filtering, ModerationHook, WordFilter
from domain.chat.groups import Groups
from domain.chat.held import Held
from domain.chat.media import ChatMedia
from domain.chat.mentions import Mentions
from domain.chat.messages import Messages
from domain.chat.moderation import Moderation
from domain.chat.pace import Pace
from domain.chat.reads import Reads
from domain.chat.retention import Retention, RetentionConfig
from domain.chat.sequencer import Sequencer
from domain.chat.wordlist import WordList
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.deadlines import Deadlines
from domain.core.events import Outbox
from domain.core.ids import new_id
from domain.core.leases import Leases
from domain.core.limits import ScaledLimits
from domain.core.streams import StreamLog
from domain.games.games import Games
from domain.jobs.jobs import Jobs
from domain.jobs.metrics import JobMetrics
from domain.jobs.runner import JobRunner
from domain.lobbies.lobbies import Lobbies, LobbyConfig
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
from domain.parties.parties import Parties, PartyConfig
from domain.presence.presence import Presence
from domain.rankings.rankings import Rankings
from domain.rankings.standings import Standings
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import Privacy
from domain.users.users import Users
from maoga.chores import add_chores
from maoga.core import Core
from maoga.pairing_process import PairingProcess
from maoga.process import report
from maoga.settings import Settings
from maoga.worker import Worker
from realtime.publisher import StreamPublisher
from storage.media.folder import FolderStore
from storage.media.imaging import ChildImaging
from storage.memory.leases import SoleLeases
from storage.memory.tickets import MemoryTicketPool
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
    metrics: MatchmakingMetrics,
    job_metrics: JobMetrics,
) -> Core:
    """The use cases on open storage."""
    publisher = StreamPublisher(streams, clock)
    outbox = Outbox(database, publisher, clock)
    limits = ScaledLimits(RedisRateLimits(redis), settings.rate_limit_scale)
    presence: Presence = RedisPresence(redis, settings.instance, connections_per_user=settings.connection_limit)
    deadlines: Deadlines = RedisDeadlines(redis)
    leases: Leases = SoleLeases() if settings.redis_in_process else RedisLeases(redis, settings.instance)
    pool: TicketPool = MemoryTicketPool() if settings.redis_in_process else RedisTicketPool(redis)

    jobs = Jobs(database, clock, new_id)
    runner = JobRunner(database, jobs, clock, worker=settings.instance, report=report, metrics=job_metrics)
    users = Users(database, clock)
    notifications = Notifications(database, outbox, publisher, clock, new_id)
    blocks, privacy = Blocks(database, users, outbox, clock), Privacy(database)
    friends = Friends(
        database=database,
        users=users,
        blocks=blocks,
        privacy=privacy,
        notifications=notifications,
        outbox=outbox,
        clock=clock,
    )
    games = Games(database, clock)
    rankings = Rankings(database, games, clock)
    standings = Standings(
        database, users=users, games=games, leaderboards=RedisLeaderboards(redis), clock=clock, report=report
    )
    tokens = Tokens(settings.signing_key(), clock, access_s=settings.access_token_s)
    auth = Auth(
        database,
        users,
        rankings,
        tokens=tokens,
        passwords=Passwords(settings.bcrypt_cost),
        limits=limits,
        publisher=publisher,
        clock=clock,
        config=AuthConfig(
            guests=settings.guests_allowed,
            refresh_s=settings.refresh_token_s,
            login_attempts=settings.login_attempts,
            login_window_s=settings.login_window_s,
        ),
    )
    sequencer = Sequencer(database, publisher)
    channels = Channels(database, outbox, sequencer, clock)
    contacts = Contacts(blocks, friends, privacy, Meetings(database, clock))
    media = ChatMedia(
        database=database,
        store=FolderStore(settings.images_path),
        imaging=ChildImaging(),
        channel_of=channels.of,
        jobs=jobs,
        publisher=publisher,
        clock=clock,
        new_id=new_id,
        review=settings.media_review,
    )
    held = Held(database=database, publisher=publisher, clock=clock)
    chat = Chat(
        database=database,
        channels=channels,
        sequencer=sequencer,
        contacts=contacts,
        mentions=Mentions(database, users, blocks, notifications, clock),
        notifications=notifications,
        pace=Pace(RedisRateLimits(redis), clock, settings.rate_limit_scale),
        clock=clock,
        new_id=new_id,
        checks=[Filtering(_hooks(settings), held), Attachments(media, settings.gif_hosts)],
    )
    directs = Directs(channels=channels, contacts=contacts, users=users, clock=clock)
    groups = Groups(channels=channels, contacts=contacts, users=users, clock=clock, new_id=new_id)
    messages = Messages(database=database, channels=channels, chat=chat, outbox=outbox, clock=clock)
    moderation = Moderation(channels=channels, chat=chat, media=media, held=held, clock=clock)
    reads = Reads(database=database, channels=channels, blocks=blocks, outbox=outbox, clock=clock)
    retention = Retention(
        database=database,
        media=media,
        jobs=jobs,
        clock=clock,
        report=report,
        config=RetentionConfig(_days(settings.chat_retention_days), _days(settings.chat_closed_days)),
    )
    erasure = Erasure(
        database=database,
        channels=channels,
        groups=groups,
        media=media,
        jobs=jobs,
        clock=clock,
        keep_content=settings.chat_erased_content == "keep",
    )
    add_chores(runner, media, retention, erasure)
    lobbies = Lobbies(
        database=database,
        users=users,
        deadlines=deadlines,
        outbox=outbox,
        clock=clock,
        config=LobbyConfig(countdown_s=settings.lobby_countdown_s, idle_s=settings.lobby_idle_s),
    )
    acquaintances = Acquaintances(database=database, users=users, blocks=blocks, pool=pool, clock=clock)
    blocks.listen(acquaintances.renew_search_of)
    admission = Admission(rankings=rankings, games=games, acquaintances=acquaintances, clock=clock)
    cooldowns = Cooldowns(
        database, clock, CooldownRule(tuple(settings.match_cooldown_s), settings.match_cooldown_decay_s)
    )
    board = TicketBoard(database=database, games=games, pool=pool, publisher=publisher, clock=clock)
    proposals = Proposals(
        database=database,
        pool=pool,
        board=board,
        lobbies=lobbies,
        acquaintances=acquaintances,
        cooldowns=cooldowns,
        deadlines=deadlines,
        outbox=outbox,
        publisher=publisher,
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
        lobbies=lobbies,
        games=games,
        admission=admission,
        pool=pool,
        board=board,
        clock=clock,
        new_id=new_id,
    )
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
        lobbies=lobbies,
        parties=parties,
        matchmaking=matchmaking,
        presence=presence,
        deadlines=deadlines,
        clock=clock,
        report=report,
        config=GraceConfig(grace_s=settings.grace_s),
    )
    recovery = Recovery(
        database=database,
        pool=pool,
        proposals=proposals,
        results=results,
        lobbies=lobbies,
        channels=channels,
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
        lobbies=lobbies,
        grace=grace,
        schedule=schedule,
        recovery=recovery,
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
        pool=pool,
        jobs=jobs,
        runner=runner,
        users=users,
        notifications=notifications,
        tokens=tokens,
        auth=auth,
        keys=ApiKeys(database, clock),
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        acquaintances=acquaintances,
        games=games,
        rankings=rankings,
        standings=standings,
        chat=chat,
        media=media,
        channels=channels,
        directs=directs,
        groups=groups,
        messages=messages,
        moderation=moderation,
        erasure=erasure,
        reads=reads,
        lobbies=lobbies,
        parties=parties,
        board=board,
        matchmaking=matchmaking,
        proposals=proposals,
        results=results,
        tick=tick,
        grace=grace,
        recovery=recovery,
        worker=worker,
    )


def _hooks(settings: Settings) -> list[ModerationHook]:
    """Who judges messages. A studio's own hooks go here."""
    if settings.chat_words_file is None:
        return []
    words = WordList.parse(settings.chat_words_file.read_text("utf-8"))
    return [WordFilter(words, settings.chat_words_mode)]


def _days(count: float) -> timedelta | None:
    return timedelta(days=count) if count else None
