"""A server that may open no more files tells newcomers so, serves those who are there, and recovers by itself."""

import asyncio
import os
import resource
import urllib.request
from contextlib import ExitStack, closing
from socket import create_connection

from clients.python.client import MaogaClient
from tests.e2e.conftest import Enter, Start
from tests.support.server import MaogaServer
from tests.support.tcp import port_of

UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ROOM = 40
"""Files the server may still open. A quarter of all it may open is not for WebSockets."""


async def test_newcomers_are_told_and_all_others_are_served(start: Start, enter: Enter) -> None:
    server = start()
    inside = await enter(server.url)
    before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    most = len(os.listdir(f"/proc/{server.process.pid}/fd")) + ROOM  # noqa: PTH208
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (most, before[1]))
    with ExitStack() as crowd:
        answers = await asyncio.to_thread(_crowd_in, server, crowd)
        assert answers[0].startswith("HTTP/1.1 101")
        assert answers[-1].startswith("HTTP/1.1 503")
        assert '"code":"UNAVAILABLE"' in answers[-1]
        assert await asyncio.to_thread(_lives, server)
        await _is_served(inside)
        assert server.log().count("new connections are refused") == 1
    await _is_served(await enter(server.url))
    await _is_served(inside)


def _crowd_in(server: MaogaServer, crowd: ExitStack) -> list[str]:
    """What so many are answered who come one after the other, and stay; until some were refused."""
    answers: list[str] = []
    while sum(answer.startswith("HTTP/1.1 503") for answer in answers) < 3:
        assert len(answers) < 2 * ROOM
        one = crowd.enter_context(closing(create_connection(("127.0.0.1", port_of(server.url)), timeout=10)))
        one.sendall(UPGRADE)
        answers.append(one.recv(65_536).decode("latin-1"))
    return answers


def _lives(server: MaogaServer) -> bool:
    with urllib.request.urlopen(f"{server.url}/health/live", timeout=10) as answer:
        return bool(answer.status == 200)


async def _is_served(client: MaogaClient) -> None:
    assert await client.status() is None
