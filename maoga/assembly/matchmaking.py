"""Puts together how players find each other: searches, parties, proposals, backfills."""

from dataclasses import dataclass

from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.deadlines import Deadlines
from domain.core.events import Outbox
from domain.core.ids import new_id
from domain.flags.flags import Flags
from domain.games.games import Games
from domain.jobs.runner import JobRunner
from domain.lobbies.follow_ups import REPLACE
from domain.matchmaking.acquaintances import Acquaintances
from domain.matchmaking.admission import Admission
from domain.matchmaking.backfills import Backfills
from domain.matchmaking.board import TicketBoard
from domain.matchmaking.cooldowns import CooldownRule, Cooldowns
from domain.matchmaking.matchmaking import Matchmaking, MatchmakingConfig
from domain.matchmaking.metrics import MatchmakingMetrics
from domain.matchmaking.party_search import PartySearch
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.proposals import ProposalConfig, Proposals
from domain.matchmaking.schedule import Schedule
from domain.notifications.notifications import Notifications
from domain.parties.parties import Parties, PartyConfig
from domain.presence.presence import Presence
from domain.rankings.rankings import Rankings
from domain.social.blocks import Blocks
from domain.social.presences import Presences
from domain.users.users import Users
from maoga.assembly.lobbies import LobbyCases
from maoga.settings import Settings
from realtime.publisher import StreamPublisher


@dataclass(frozen=True, slots=True)
class MatchmakingCases:
    """All that has to do with finding each other."""

    acquaintances: Acquaintances
    board: TicketBoard
    proposals: Proposals
    parties: Parties
    schedule: Schedule
    backfills: Backfills
    matchmaking: Matchmaking


def build_matchmaking(
    settings: Settings,
    *,
    database: Database,
    users: Users,
    games: Games,
    rankings: Rankings,
    blocks: Blocks,
    notifications: Notifications,
    presence: Presence,
    presences: Presences,
    lobby: LobbyCases,
    pool: TicketPool,
    flags: Flags,
    runner: JobRunner,
    deadlines: Deadlines,
    outbox: Outbox,
    publisher: StreamPublisher,
    clock: Clock,
    metrics: MatchmakingMetrics,
) -> MatchmakingCases:
    """The use cases on open storage; their jobs are known to the runner."""
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
    return MatchmakingCases(
        acquaintances=acquaintances,
        board=board,
        proposals=proposals,
        parties=parties,
        schedule=schedule,
        backfills=backfills,
        matchmaking=matchmaking,
    )
