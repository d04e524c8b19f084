"""Reports: those of players, and the moderators' queue."""

from domain.core.errors import Forbidden, NotFound
from domain.core.ids import MediaId
from domain.core.paging import PageQuery
from domain.reports.cases import CaseResolved, OwnCase
from domain.reports.commands import AddNote, AssignCase, CaseQuery, ResolveCase, SubmitReport
from domain.reports.sanctions import SanctionLimit
from domain.reports.views import CaseSummary, CaseView, MyReport
from rest.envelope import Download, Reply, page_reply
from rest.routes import Call, Route


async def submit(call: Call) -> MyReport:
    """Tells the moderators of a player. Messages, images, lobbies and matches that are pointed at are copied as they
    are now; the caller must have had a part in them. Once more for the same reason adds to the first report."""
    return await call.services.moderation.reports.submit(call.principal.user_id, call.body)


async def mine(call: Call) -> Reply:
    """What the caller has reported, the newest first, and what came of it."""
    return page_reply(await call.services.moderation.reports.mine(call.principal.user_id, call.query), call.query.limit)


async def cases(call: Call) -> Reply:
    """The cases moderators have to look at, those of the highest priority first. A case is all open reports of one
    player."""
    return page_reply(await call.services.moderation.cases.queue(call.query), call.query.limit)


async def case(call: Call) -> CaseView:
    """One case: its reports with their evidence, notes, and earlier sanctions."""
    return await call.services.moderation.cases.view(call.actor, call.path["id"])


async def image(call: Call) -> Download:
    """An image that evidence of a report names (`imageId`), also when its message is gone: until the case is closed,
    and for 30 days after that."""
    media, data = await call.services.moderation.cases.image(call.actor, MediaId(call.path["id"]))
    return Download(data, media.content_type, media.digest, 0)


async def note(call: Call) -> CaseView:
    """Writes a note for the other moderators."""
    return await call.services.moderation.cases.note(call.actor, call.path["id"], call.body)


async def assign(call: Call) -> CaseView:
    """Gives a case to a moderator, or with no `assigneeId` back to all."""
    return await call.services.moderation.cases.assign(call.actor, call.path["id"], call.body)


async def resolve(call: Call) -> CaseView:
    """Ends a case with nothing, or with a sanction, which counts at once. The reporters are told whether anything was
    done, and the player what and until when."""
    return await call.services.moderation.cases.resolve(call.actor, call.path["id"], call.body)


routes = [
    Route(
        "POST",
        "/reports",
        submit,
        body=SubmitReport,
        answer=MyReport,
        status=201,
        rate="write",
        errors=(NotFound,),
    ),
    Route("GET", "/reports/mine", mine, query=PageQuery, answer=list[MyReport]),
    Route("GET", "/admin/reports", cases, permission="reports:read", query=CaseQuery, answer=list[CaseSummary]),
    Route("GET", "/admin/reports/{id}", case, permission="reports:read", answer=CaseView, errors=(NotFound, OwnCase)),
    Route("GET", "/admin/evidence/{id}", image, permission="reports:read", answer=bytes, errors=(NotFound,)),
    Route(
        "POST",
        "/admin/reports/{id}/notes",
        note,
        permission="reports:resolve",
        body=AddNote,
        answer=CaseView,
        rate="write",
        errors=(
            NotFound,
            OwnCase,
        ),
    ),
    Route(
        "POST",
        "/admin/reports/{id}/assign",
        assign,
        permission="reports:resolve",
        body=AssignCase,
        answer=CaseView,
        rate="write",
        errors=(NotFound, OwnCase, CaseResolved),
    ),
    Route(
        "POST",
        "/admin/reports/{id}/resolve",
        resolve,
        permission="reports:resolve",
        body=ResolveCase,
        answer=CaseView,
        rate="write",
        errors=(NotFound, OwnCase, CaseResolved, Forbidden, SanctionLimit),
    ),
]
