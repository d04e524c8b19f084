"""Puts the use cases of moderators and operators together."""

from domain.admin.broadcasts import BROADCAST_JOB, Broadcasts
from domain.admin.desks import Desks
from domain.admin.jobs import JobDesk
from domain.admin.lobbies import LobbyDesk
from domain.admin.queues import Queues
from domain.admin.sockets import Sockets
from domain.admin.switches import Switches
from domain.admin.users import Accounts
from domain.audit.audit import Audit
from domain.audit.log import AuditLog
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.ids import new_id
from domain.core.images import MediaStore
from domain.games.games import Games
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.trail import Trail
from domain.matchmaking.pool import TicketPool
from domain.notifications.notifications import Notifications
from domain.presence.presence import Presence
from domain.reports.cases import Cases
from domain.reports.enforcement import ENFORCE_JOB, Enforcement
from domain.reports.evidence import EvidenceTaker
from domain.reports.images import LET_GO_JOB, HeldImages
from domain.reports.moderation import Moderation
from domain.reports.reports import Reports
from domain.reports.sanctions import END_JOB, Sanctions
from domain.users.users import Users
from maoga.process import report
from realtime.publisher import StreamPublisher


def build_moderation(
    database: Database,
    clock: Clock,
    *,
    store: MediaStore,
    users: Users,
    enforcement: Enforcement,
    trail: Trail,
    notifications: Notifications,
    audit: Audit,
    jobs: Jobs,
    runner: JobRunner,
) -> Moderation:
    """The use cases of reports and sanctions; their jobs are known to the runner."""
    sanctions = Sanctions(
        database=database,
        users=users,
        audit=audit,
        jobs=jobs,
        notifications=notifications,
        enforcement=enforcement,
        clock=clock,
        new_id=new_id,
        report=report,
    )
    images = HeldImages(database, store)
    runner.handle(LET_GO_JOB, images.run)
    runner.handle(END_JOB, sanctions.run_end)
    runner.handle(ENFORCE_JOB, sanctions.run_enforce)
    return Moderation(
        reports=Reports(
            database=database,
            users=users,
            evidence=EvidenceTaker(database, trail, clock),
            clock=clock,
            new_id=new_id,
        ),
        cases=Cases(
            database=database,
            users=users,
            sanctions=sanctions,
            audit=audit,
            notifications=notifications,
            images=images,
            jobs=jobs,
            clock=clock,
        ),
        sanctions=sanctions,
    )


def build_desks(
    database: Database,
    clock: Clock,
    *,
    users: Users,
    moderation: Moderation,
    lobbies: Lobbies,
    trail: Trail,
    pool: TicketPool,
    games: Games,
    presence: Presence,
    publisher: StreamPublisher,
    audit: Audit,
    jobs: Jobs,
    runner: JobRunner,
) -> Desks:
    """The use cases of operators; their jobs are known to the runner."""
    broadcasts = Broadcasts(database=database, jobs=jobs, audit=audit, announcer=publisher, new_id=new_id)
    runner.handle(BROADCAST_JOB, broadcasts.run)
    return Desks(
        accounts=Accounts(database=database, presence=presence, sanctions=moderation.sanctions, audit=audit),
        lobbies=LobbyDesk(database=database, lobbies=lobbies, trail=trail, audit=audit),
        queues=Queues(database, pool),
        sockets=Sockets(presence, users),
        jobs=JobDesk(database=database, jobs=jobs, audit=audit),
        broadcasts=broadcasts,
        switches=Switches(database=database, games=games, audit=audit, clock=clock),
        audit=AuditLog(database),
    )
