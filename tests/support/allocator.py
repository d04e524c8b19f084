"""A game's allocator: a real web server that a test tells what to answer."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECRET = "a-secret-of-the-studio-and-of-maoga-0123456789"
CONNECTION: dict[str, Any] = {"host": "game-7.example.org", "port": 7777, "token": "let-me-in"}


class GameServers:
    """Checks signatures as the guide says, and answers in turn what it is told; then always a connection.

    requests: the requests that came with a good signature, and their bodies. url: where it listens.
    """

    def __init__(self, *answers: Answer | int) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[web.Request, bytes]] = []
        self.elsewhere = 0
        self.url = ""

    async def allocate(self, request: web.Request) -> web.StreamResponse:
        """The route that allocates."""
        body = await request.read()
        signed = request.headers["Maoga-Timestamp"].encode() + b"." + body
        signature = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, request.headers["Maoga-Signature"]):
            return web.Response(status=401)
        self.requests.append((request, body))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, int):
            return web.json_response(CONNECTION, status=answer)
        return await answer(request)

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Any other route."""
        self.elsewhere += 1
        return web.json_response(CONNECTION)


@asynccontextmanager
async def game_servers(*answers: Answer | int) -> AsyncIterator[GameServers]:
    """A running allocator."""
    servers = GameServers(*answers)
    app = web.Application()
    app.router.add_post("/allocate", servers.allocate)
    app.router.add_route("*", "/{path:.*}", servers.other)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    servers.url = f"http://127.0.0.1:{runner.addresses[0][1]}/allocate"
    try:
        yield servers
    finally:
        await runner.cleanup()
