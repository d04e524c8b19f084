"""A server that says it is about to stop, and does not.

It speaks the wire contract with python-socketio, knows nobody's ticket, lobby or channels, and cannot resume.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import socketio
from aiohttp import web

NAMESPACES = ("matchmaking", "lobby", "chat", "social")
AT = "2026-01-01T00:00:00.000Z"
STATE: dict[str, Any] = {"status": None, "channels": []}


class DrainingServer:
    """url: where it is. came: when each connection was made, of `time.monotonic`. asked: what clients have emitted."""

    def __init__(self) -> None:
        self.url = ""
        self.came: dict[str, float] = {}
        self.asked: list[str] = []
        self.io = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", always_connect=True)
        for namespace in NAMESPACES:
            self.io.on("connect", partial(self._connect, namespace), namespace=f"/{namespace}")
            self.io.on("*", self._event, namespace=f"/{namespace}")

    async def tell(self, name: str, data: dict[str, Any]) -> None:
        """Tells everybody, in every namespace."""
        for namespace in NAMESPACES:
            await self.io.emit(name, (data, {"at": AT}), namespace=f"/{namespace}")

    async def _connect(self, namespace: str, sid: str, *_: Any) -> None:
        self.came.setdefault(self.io.manager.eio_sid_from_sid(sid, f"/{namespace}"), time.monotonic())
        streams = {f"{namespace}:user:me": {"epoch": "e", "seq": len(self.came), "at": AT}}
        hello = {"streams": streams, "serverTime": AT, "pingMs": 25_000}
        await self.io.emit("hello", (hello, {"at": AT}), to=sid, namespace=f"/{namespace}")

    async def _event(self, name: str, *_: Any) -> Any:
        self.asked.append(name)
        if name in STATE:
            return {"status": "success", "data": STATE[name]}
        code = "NOT_IN_LOBBY" if name == "sync" else "UNKNOWN_EVENT"
        return {"status": "error", "error": {"code": code, "message": f"no {name}"}}


@asynccontextmanager
async def draining_server() -> AsyncIterator[DrainingServer]:
    """Such a server on a free port."""
    server, app = DrainingServer(), web.Application()
    server.io.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.io.shutdown()
        await runner.cleanup()
