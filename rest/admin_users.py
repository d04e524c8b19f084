"""What moderators and administrators do with accounts: look, sanction, export."""

from domain.admin.users import AccountDetail, AccountView, UserExport, UserQuery, account_view
from domain.audit.log import AuditQuery, AuditView, audit_view
from domain.core.errors import Forbidden, NotFound
from domain.core.ids import UserId
from domain.reports.commands import Impose, Lift
from domain.reports.sanctions import SanctionLimit, SanctionOver
from domain.reports.views import SanctionView
from rest.envelope import Reply, Stream, listed_reply
from rest.routes import Call, Route

SANCTIONS_SHOWN = 100
CONTENT_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv"}


async def users(call: Call) -> Reply:
    """Accounts, the newest first. `query` is how a username or an email address begins."""
    return listed_reply(await call.services.desks.accounts.list(call.query), account_view)


async def user(call: Call) -> AccountDetail:
    """One account: what its player is doing, and what the moderators know."""
    return await call.services.desks.accounts.detail(_id(call))


async def export(call: Call) -> Stream:
    """All accounts as a stream, the oldest first: JSON in lines, or CSV. The audit log says who took it."""
    body = await call.services.desks.accounts.export(call.actor, call.query)
    return Stream(body, CONTENT_TYPES[call.query.format], f"users.{call.query.format}")


async def sanctions(call: Call) -> Reply:
    """The sanctions of a player, the newest 100 first."""
    found = await call.services.moderation.sanctions.of(_id(call), SANCTIONS_SHOWN)
    return Reply([one.wire() for one in found])


async def impose(call: Call) -> SanctionView:
    """Imposes a sanction on a player of a lower role. A suspension or ban ends their sessions, cuts their connections
    and frees their places at once; a mute silences them in all channels within a second."""
    return await call.services.moderation.sanctions.impose(call.actor, _id(call), call.body)


async def lift(call: Call) -> SanctionView:
    """Ends a sanction before its time."""
    return await call.services.moderation.sanctions.lift(call.actor, call.path["id"], call.body.reason)


async def audit(call: Call) -> Reply:
    """The audit log, the newest entries first: who did what to whom or what, and what it was before."""
    return listed_reply(await call.services.desks.audit.list(call.query), audit_view)


def _id(call: Call) -> UserId:
    return UserId(call.path["id"])


routes = [
    Route("GET", "/admin/users", users, permission="users:read", query=UserQuery, answer=list[AccountView]),
    Route(
        "GET",
        "/admin/users/export",
        export,
        permission="users:export",
        query=UserExport,
        answer=bytes,
        content=tuple(CONTENT_TYPES.values()),
    ),
    Route("GET", "/admin/users/{id}", user, permission="users:read", answer=AccountDetail, errors=(NotFound,)),
    Route("GET", "/admin/users/{id}/sanctions", sanctions, permission="users:read", answer=list[SanctionView]),
    Route(
        "POST",
        "/admin/users/{id}/sanctions",
        impose,
        permission="sanctions:write",
        body=Impose,
        answer=SanctionView,
        status=201,
        rate="write",
        errors=(NotFound, Forbidden, SanctionLimit),
    ),
    Route(
        "POST",
        "/admin/sanctions/{id}/lift",
        lift,
        permission="sanctions:write",
        body=Lift,
        answer=SanctionView,
        rate="write",
        errors=(NotFound, Forbidden, SanctionOver),
    ),
    Route("GET", "/admin/audit", audit, permission="audit:read", query=AuditQuery, answer=list[AuditView]),
]
