"""What operators do with a running server: lobbies, queues, connections, jobs, broadcasts, flags."""

from domain.admin.broadcasts import BroadcastView, SendBroadcast
from domain.admin.jobs import JobQuery, JobView, job_view
from domain.admin.lobbies import CloseLobby, LobbyInside, LobbyQuery
from domain.admin.queues import QueueView
from domain.admin.sockets import Connections, UserConnections
from domain.admin.switches import FlagView, SetMaintenance, SetQueue
from domain.core.errors import NotFound
from domain.core.ids import GameId, LobbyId, UserId
from domain.lobbies.model import LobbySummary, LobbyView, lobby_summary
from domain.lobbies.rules import LobbyOver
from rest.envelope import Reply, listed_reply
from rest.routes import Call, Route


async def lobbies(call: Call) -> Reply:
    """Lobbies of every visibility, the newest first."""
    return listed_reply(await call.services.desks.lobbies.list(call.query), lobby_summary)


async def lobby(call: Call) -> LobbyInside:
    """A lobby from inside, without what lets into it, and its trail: who changed what, and when."""
    return await call.services.desks.lobbies.inside(LobbyId(call.path["id"]))


async def close_lobby(call: Call) -> LobbyView:
    """Closes a lobby at once, whatever it is doing; its members are told `lobby_closed {reason: moderated}`."""
    return await call.services.desks.lobbies.close(call.actor, LobbyId(call.path["id"]), call.body)


async def queues(call: Call) -> Reply:
    """The queues in which somebody waits, and those that are closed: how many wait, how long the last ones did, which
    rules refuse the most."""
    return Reply([queue.wire() for queue in await call.services.desks.queues.list()])


async def set_queue(call: Call) -> Reply:
    """Opens or closes the queue of a game's mode: `enqueue` answers `QUEUE_DISABLED` on every instance within a second.
    Who waits already goes on waiting, and is matched. Answers the flags that are on."""
    found = await call.services.desks.switches.set_queue(call.actor, GameId(call.path["id"]), call.body)
    return Reply([flag.wire() for flag in found])


async def flags(call: Call) -> Reply:
    """The flags that are on."""
    return Reply([flag.wire() for flag in await call.services.desks.switches.on()])


async def set_maintenance(call: Call) -> Reply:
    """Switches maintenance on or off. While it is on, REST writes and CONNECT are refused with `MAINTENANCE` on every
    instance within a second, but for administrators, and for logging in and out. Who is connected stays so. Answers the
    flags that are on."""
    found = await call.services.desks.switches.set_maintenance(call.actor, call.body)
    return Reply([flag.wire() for flag in found])


async def sockets(call: Call) -> Connections:
    """How many are connected to each instance and namespace."""
    return await call.services.desks.sockets.all()


async def sockets_of(call: Call) -> UserConnections:
    """Where one user is connected, on all instances."""
    return await call.services.desks.sockets.of(UserId(call.path["id"]))


async def jobs(call: Call) -> Reply:
    """Jobs, the newest first; with `status=dead` those that have failed for good."""
    return listed_reply(await call.services.desks.jobs.list(call.query), job_view)


async def job(call: Call) -> JobView:
    """One job, and how far it has come."""
    return await call.services.desks.jobs.get(call.path["id"])


async def requeue(call: Call) -> JobView:
    """Puts a dead job back into the queue with all its attempts."""
    return await call.services.desks.jobs.requeue(call.actor, call.path["id"])


async def broadcast(call: Call) -> BroadcastView:
    """Says something to everybody who is connected, on every instance: the event `announcement` in every namespace."""
    return await call.services.desks.broadcasts.send(call.actor, call.body)


routes = [
    Route("GET", "/admin/lobbies", lobbies, permission="lobbies:read", query=LobbyQuery, answer=list[LobbySummary]),
    Route("GET", "/admin/lobbies/{id}", lobby, permission="lobbies:read", answer=LobbyInside, errors=(NotFound,)),
    Route(
        "POST",
        "/admin/lobbies/{id}/close",
        close_lobby,
        permission="lobbies:write",
        body=CloseLobby,
        answer=LobbyView,
        rate="write",
        errors=(NotFound, LobbyOver),
    ),
    Route("GET", "/admin/queues", queues, permission="queues:read", scope="queues:read", answer=list[QueueView]),
    Route(
        "PUT",
        "/admin/queues/{id}",
        set_queue,
        permission="flags:write",
        body=SetQueue,
        answer=list[FlagView],
        rate="write",
        errors=(NotFound,),
    ),
    Route("GET", "/admin/flags", flags, permission="flags:write", answer=list[FlagView]),
    Route(
        "PUT",
        "/admin/flags/maintenance",
        set_maintenance,
        permission="flags:write",
        body=SetMaintenance,
        answer=list[FlagView],
        rate="write",
    ),
    Route("GET", "/admin/sockets", sockets, permission="sockets:read", scope="sockets:read", answer=Connections),
    Route(
        "GET",
        "/admin/users/{id}/sockets",
        sockets_of,
        permission="sockets:read",
        scope="sockets:read",
        answer=UserConnections,
        errors=(NotFound,),
    ),
    Route("GET", "/admin/jobs", jobs, permission="jobs:read", scope="jobs:read", query=JobQuery, answer=list[JobView]),
    Route(
        "GET", "/admin/jobs/{id}", job, permission="jobs:read", scope="jobs:read", answer=JobView, errors=(NotFound,)
    ),
    Route(
        "POST",
        "/admin/jobs/{id}/requeue",
        requeue,
        permission="jobs:write",
        answer=JobView,
        rate="write",
        errors=(NotFound,),
    ),
    Route(
        "POST",
        "/admin/broadcast",
        broadcast,
        permission="broadcast:write",
        body=SendBroadcast,
        answer=BroadcastView,
        status=202,
        rate="write",
    ),
]
