"""All use cases of the operators, under one name."""

from dataclasses import dataclass

from domain.admin.broadcasts import Broadcasts
from domain.admin.jobs import JobDesk
from domain.admin.lobbies import LobbyDesk
from domain.admin.queues import Queues
from domain.admin.sockets import Sockets
from domain.admin.switches import Switches
from domain.admin.users import Accounts
from domain.audit.log import AuditLog


@dataclass(frozen=True, slots=True)
class Desks:
    """What operators look at, and where they step in."""

    accounts: Accounts
    lobbies: LobbyDesk
    queues: Queues
    sockets: Sockets
    jobs: JobDesk
    broadcasts: Broadcasts
    switches: Switches
    audit: AuditLog
