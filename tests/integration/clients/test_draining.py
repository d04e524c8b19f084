"""Both clients leave a server that is about to stop when it asks them to, once, and nobody sees an error."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from clients.python.client import MaogaClient
from clients.python.session import Session
from clients.python.types import Me
from tests.support.browser import page_of_the_repository
from tests.support.draining_server import DrainingServer, draining_server
from tests.support.wait import eventually

RECONNECT_MS = 300
ME: Me = {
    "id": "me",
    "username": "me",
    "displayName": "Me",
    "karma": 0,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "emailVerified": False,
    "guest": True,
    "roles": ["user"],
    "identities": [],
    "status": "active",
    "preferences": {
        "competitiveness": "balanced",
        "games": [],
        "regions": [],
        "languages": [],
        "playTimes": [],
        "research": False,
    },
    "gameProfiles": [],
    "privacy": {
        "presence": "everyone",
        "profile": "everyone",
        "directMessages": "friends",
        "friendRequests": "everyone",
    },
    "notificationSettings": {
        "friendRequest": True,
        "friendAccepted": True,
        "matchFound": True,
        "lobbyInvite": True,
        "mention": True,
        "reportOutcome": True,
        "system": True,
    },
}


@pytest.fixture
async def server() -> AsyncIterator[DrainingServer]:
    async with draining_server() as server:
        yield server


async def drain(server: DrainingServer) -> None:
    """Tells the clients to go, and waits until one has come anew."""
    server.asked.clear()
    since = time.monotonic()
    await server.tell("server_draining", {"reconnectInMs": RECONNECT_MS})
    await eventually(lambda: len(server.came) == 2)
    assert list(server.came.values())[1] - since >= RECONNECT_MS / 1000
    await eventually(lambda: {"status", "sync", "channels"} <= set(server.asked))  # it cannot resume
    await eventually(lambda: server.asked.count("resume") == 4)
    await asyncio.sleep(2 * RECONNECT_MS / 1000)
    assert len(server.came) == 2  # once, though it was told in every namespace


async def test_the_python_client_leaves_once(server: DrainingServer) -> None:
    told: list[tuple[str, object]] = []
    async with MaogaClient(server.url, Session("token", None, 900, ME)) as client:
        for name in ("server_draining", "rate_limited", "kicked"):
            client.on(name, lambda event: told.append((event.name, event.data)))
        await server.tell("rate_limited", {"retryInMs": 50})
        await drain(server)
        await client.wait_until(lambda: client.connected)
        assert await client.status() is None
    assert told.count(("rate_limited", {"retryInMs": 50})) == 4
    assert told.count(("server_draining", {"reconnectInMs": RECONNECT_MS})) == 4


CONNECT = """
async ({ url, user }) => {
  const { Maoga } = await import("/clients/js/maoga.js");
  const { Manager } = await import("/rest/static/vendor/socket.io.esm.min.js");
  const session = { user, token: async () => "token", refresh: async () => "token" };
  window.states = [];
  window.told = [];
  window.maoga = new Maoga({
    Manager, url, session, name: "maoga-test",
    load: {
      matchmaking: async () => { await maoga.call("matchmaking", "status"); },
      lobby: async () => { await maoga.call("lobby", "sync").catch(() => {}); },
      chat: async () => { await maoga.call("chat", "channels"); },
    },
    onState: (online) => window.states.push(online),
    onEnd: (error) => window.states.push(error.code),
  });
  for (const event of ["rate_limited", "server_draining"]) {
    maoga.on("chat", event, (data) => window.told.push([event, data]));
  }
}
"""


async def test_the_javascript_client_leaves_once(server: DrainingServer) -> None:
    async with page_of_the_repository() as page:
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.evaluate(CONNECT, {"url": server.url, "user": dict(ME)})
        await eventually(lambda: page.evaluate("window.states.length"))
        await server.tell("rate_limited", {"retryInMs": 50})
        await drain(server)
        assert await page.evaluate("window.states") == [True, False, True]
        assert await page.evaluate("window.told") == [
            ["rate_limited", {"retryInMs": 50}],
            ["server_draining", {"reconnectInMs": RECONNECT_MS}],
        ]
        assert problems == []
