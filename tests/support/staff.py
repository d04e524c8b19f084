"""Those who judge and operate, for tests."""

from domain.audit.model import AUDIT, Actor, AuditEntry
from domain.core.ids import UserId
from domain.reports.commands import Impose
from domain.reports.model import SanctionKind
from domain.reports.views import SanctionView
from domain.users.model import Role
from maoga.bootstrap import Core
from tests.support.invariants import everything


async def staff(core: Core, role: Role, name: str | None = None) -> Actor:
    """A new account with that role, as it acts."""
    made = await core.users.create(username=name or f"a-{role}", display_name=role, roles=("user", role))
    return Actor(kind="user", id=made.id, address="192.0.2.9")


async def impose(
    core: Core, by: Actor, user: UserId, kind: SanctionKind, duration_ms: int | None = None
) -> SanctionView:
    """A sanction, for some reason."""
    return await core.moderation.sanctions.impose(by, user, Impose(kind=kind, reason="so", duration_ms=duration_ms))


async def run_jobs(core: Core) -> None:
    """Does the jobs that are due."""
    await core.runner.poll()
    await core.runner.idle()


async def audited(core: Core, action: str) -> list[AuditEntry]:
    """The entries of that action, the oldest first."""
    return [entry for entry in await everything(core.database, AUDIT) if entry.action == action]
