"""Players on real servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import aiohttp
import pytest

from clients.python.client import MaogaClient
from clients.python.rest import MaogaRest
from clients.python.session import Session
from clients.python.types import Criteria, Lobby
from tests.support.server import MaogaServer, maoga_server

DUEL: Criteria = {
    "games": [{"gameId": "rocket-league"}],
    "mode": "casual",
    "groupSize": {"min": 2, "max": 2},
    "skillPreference": "any",
}

Enter = Callable[..., Awaitable[MaogaClient]]
Start = Callable[..., MaogaServer]


async def a_guest(url: str) -> Session:
    """The session of a new guest."""
    async with MaogaRest(url) as rest:
        return await rest.guest()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers: `start(MAOGA_ROLE="worker", ...)`. They are stopped at the end; none may have logged a bug."""
    with ExitStack() as stack:
        yield lambda **env: stack.enter_context(maoga_server(**env))


@pytest.fixture
async def enter(start: Start) -> AsyncIterator[Enter]:  # the players part before the servers stop
    """Lets a guest in at a server: `await enter(url)`, or `await enter(url, session)` for one who is known already."""
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)  # each player has a WebSocket
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))

        async def entered(url: str, session: Session | None = None) -> MaogaClient:
            return await stack.enter_async_context(MaogaClient(url, session or await a_guest(url), http=http))

        yield entered


@pytest.fixture
def shared(mongodb_url: str, redis_url: str) -> dict[str, str]:
    """Settings of instances that share real servers."""
    return {
        "MAOGA_DATABASE_URL": mongodb_url,
        "MAOGA_REDIS_URL": redis_url,
        "MAOGA_SECRET_KEY": "instances-that-share-their-data-share-their-key",
    }


async def meet(*players: MaogaClient) -> Lobby:
    """Queues the players for a duel, lets them accept, and returns their lobby."""
    for player in players:
        await player.enqueue(DUEL)
    return await accept_all(*players)


async def accept_all(*players: MaogaClient, timeout: float = 20) -> Lobby:
    """Waits for the proposal, lets everybody accept, and returns the lobby."""
    proposals = [await player.wait_for("match_proposed", timeout=timeout) for player in players]
    match_id = proposals[0].data["match"]["id"]
    assert {match_id} == {proposal.data["match"]["id"] for proposal in proposals}
    await asyncio.gather(*(player.accept(match_id) for player in players))
    confirmed = [await player.wait_for("match_confirmed", timeout=timeout) for player in players]
    assert {match_id} == {event.data["lobbyId"] for event in confirmed}
    lobbies = [await player.sync() for player in players]
    assert len(lobbies[0]["members"]) == len(players)
    return lobbies[0]
