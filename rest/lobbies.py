"""Lobbies, for clients without a socket at hand."""

from domain.core.errors import Forbidden, NotFound, RateLimited
from domain.core.ids import LobbyId
from domain.lobbies.commands import Browse, CreateLobby, JoinLobby, SetReady, WithCode
from domain.lobbies.model import LobbySummary, LobbyView
from domain.lobbies.rules import (
    LobbyBanned,
    LobbyFromMatch,
    LobbyFull,
    LobbyNotReady,
    LobbyStartedAlready,
    NotInLobby,
)
from domain.lobbies.seats import AlreadyInLobby, AlreadyQueued
from rest.envelope import Reply, page_reply
from rest.routes import Call, Route


async def create(call: Call) -> LobbyView:
    """Opens a lobby. Its host needs a connection within some seconds to keep the place."""
    return await call.services.lobbies.create(call.principal.user_id, call.body)


async def browse(call: Call) -> Reply:
    """Lobbies that have room, the newest first: public ones, and those that friends have opened to friends."""
    page = await call.services.browser.browse(call.principal.user_id, call.query)
    return page_reply(page, call.query.limit)


async def lobby(call: Call) -> LobbyView:
    """One lobby that the caller is in, watches, or could join."""
    return await call.services.lobbies.view(call.principal.user_id, _id(call))


async def join(call: Call) -> LobbyView:
    """Takes a free place in a lobby that the caller can see, or has the code of."""
    command = JoinLobby(lobby_id=_id(call), join_code=call.body.join_code)
    return await call.services.lobbies.join(call.principal.user_id, command)


async def leave(call: Call) -> LobbyView:
    """Gives up the seat, or watches no longer; the lobby as it is without the caller."""
    return await call.services.lobbies.leave(call.principal.user_id, _id(call))


async def ready(call: Call) -> LobbyView:
    """Says whether the caller is ready; when all are, the countdown begins."""
    return await call.services.lobbies.set_ready(call.principal.user_id, call.body, _id(call))


async def start(call: Call) -> LobbyView:
    """The host begins the countdown of a lobby that does not start by itself."""
    return await call.services.lobbies.start(call.principal.user_id, _id(call))


def _id(call: Call) -> LobbyId:
    return LobbyId(call.path["id"])


ELSEWHERE = (AlreadyInLobby, AlreadyQueued)

routes = [
    Route("POST", "/lobbies", create, body=CreateLobby, answer=LobbyView, status=201, rate="write", errors=ELSEWHERE),
    Route("GET", "/lobbies", browse, query=Browse, answer=list[LobbySummary]),
    Route("GET", "/lobbies/{id}", lobby, answer=LobbyView, errors=(NotFound,)),
    Route(
        "POST",
        "/lobbies/{id}/join",
        join,
        body=WithCode,
        answer=LobbyView,
        rate="write",
        errors=(
            *(NotFound, LobbyBanned, LobbyFull, LobbyFromMatch, LobbyStartedAlready, NotInLobby, RateLimited),
            *ELSEWHERE,
        ),
    ),
    Route("POST", "/lobbies/{id}/leave", leave, answer=LobbyView, rate="write", errors=(NotInLobby,)),
    Route(
        "POST",
        "/lobbies/{id}/ready",
        ready,
        body=SetReady,
        answer=LobbyView,
        rate="write",
        errors=(NotInLobby, LobbyStartedAlready),
    ),
    Route(
        "POST",
        "/lobbies/{id}/start",
        start,
        answer=LobbyView,
        rate="write",
        errors=(NotInLobby, Forbidden, LobbyNotReady),
    ),
]
