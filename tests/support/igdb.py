"""A server in IGDB's shape on a free port: it grants tokens, and answers `games` from a list written by us."""

import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

CLIENT_ID, CLIENT_SECRET = "a-client", "a-secret-of-that-client"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def a_record(id: int, name: str, **fields: Any) -> dict[str, Any]:
    """A game as IGDB has it, played together by up to four."""
    ordinary: dict[str, Any] = {
        "id": id,
        "name": name,
        "slug": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
        "summary": f"What {name} is about.",
        "cover": {"id": id, "image_id": f"co{id}"},
        "genres": [{"id": 5, "slug": "shooter"}],
        "platforms": [{"id": 6, "slug": "win"}, {"id": 48, "slug": "ps4--1"}, {"id": 167, "slug": "ps5"}],
        "first_release_date": 1_577_836_800,
        "total_rating": 81.26,
        "total_rating_count": 999,
        "game_modes": [{"id": 2, "slug": "multiplayer"}],
        "multiplayer_modes": [{"id": id, "onlinemax": 4, "onlinecoopmax": 0}],
    }
    return {**ordinary, **fields}


@dataclass
class IgdbServer:
    """What the server is and was asked. answers: what it says instead of the games, one after the other.

    tokens: those granted, of which the last is valid. at_once: how many requests it saw at once at most.
    """

    records: list[dict[str, Any]]
    url: str = ""
    answers: deque[int | Answer] = field(default_factory=deque)
    tokens: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    expires_in: int = 5_000_000
    held: Callable[[], Awaitable[None]] | None = None
    at_once: int = 0
    _open: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a Maoga that imports from here."""
        return {
            "igdb_client_id": CLIENT_ID,
            "igdb_client_secret": CLIENT_SECRET,
            "igdb_url": f"{self.url}/v4",
            "igdb_token_url": f"{self.url}/oauth2/token",
        }

    async def token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        asked = (form.get("client_id"), form.get("client_secret"), form.get("grant_type"))
        if asked != (CLIENT_ID, CLIENT_SECRET, "client_credentials") or request.query_string:
            return web.json_response({"status": 403, "message": "invalid client secret"}, status=403)
        self.tokens.append(f"token-{len(self.tokens)}")
        return web.json_response(
            {"access_token": self.tokens[-1], "expires_in": self.expires_in, "token_type": "bearer"}
        )

    async def games(self, request: web.Request) -> web.StreamResponse:
        self._open += 1
        self.at_once = max(self.at_once, self._open)
        try:
            return await self._games(request)
        finally:
            self._open -= 1

    async def _games(self, request: web.Request) -> web.StreamResponse:
        query = await request.text()
        self.queries.append(query)
        if self.held:
            await self.held()
        authorized = self.tokens and request.headers.get("Authorization") == f"Bearer {self.tokens[-1]}"
        if not authorized or request.headers.get("Client-ID") != CLIENT_ID:
            return web.json_response({"message": "Authorization Failure"}, status=401)
        if self.answers:
            answer = self.answers.popleft()
            return web.Response(status=answer) if isinstance(answer, int) else await answer(request)
        return web.json_response(self._found(query))

    def _found(self, query: str) -> list[dict[str, Any]]:
        """What the list has for a query: its `search`, `offset` and `limit` count."""
        searched = re.search(r'search "([^"]*)";', query)
        words = searched[1].split() if searched else []
        found = [record for record in self.records if all(word in str(record["name"]).lower() for word in words)]
        limit = int(re.findall(r"limit (\d+);", query)[-1])
        offset = re.search(r"offset (\d+);", query)
        start = int(offset[1]) if offset else 0
        return found[start : start + limit]


@asynccontextmanager
async def igdb_server(*records: dict[str, Any]) -> AsyncIterator[IgdbServer]:
    """Such a server with those games."""
    server = IgdbServer(list(records))
    app = web.Application()
    app.router.add_post("/oauth2/token", server.token)
    app.router.add_post("/v4/games", server.games)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
