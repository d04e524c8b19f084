"""A stock python-socketio server before the same application as our engine: what the attacks are measured against."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import socketio
from aiohttp import web

from domain.core.errors import AppError
from realtime.engine import Application, Client

NAMESPACES = ("lobby", "chat")


@dataclass(frozen=True)
class StockServer:
    """Unmodified, on a free port, with the settings it comes with but for those a test names."""

    url: str
    server: socketio.AsyncServer


@asynccontextmanager
async def stock_server(application: Application, **options: Any) -> AsyncIterator[StockServer]:
    """`application` behind /lobby and /chat, wired by the book: handlers of connect, disconnect and the rest."""
    server = socketio.AsyncServer(async_mode="aiohttp", **options)
    for namespace in NAMESPACES:
        _wire(server, namespace, application)
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield StockServer(f"http://{host}:{port}", server)
    finally:
        await runner.cleanup()


def _wire(server: socketio.AsyncServer, namespace: str, application: Application) -> None:
    async def connect(sid: str, environ: Any, auth: Any = None) -> None:
        try:
            await application.connect(Client(sid, namespace, sid), auth)
        except AppError as error:
            raise socketio.exceptions.ConnectionRefusedError(error.code) from error

    async def event(name: str, sid: str, *arguments: Any) -> Any:
        return await application.event(Client(sid, namespace, sid), name, arguments)

    async def disconnect(sid: str, reason: str) -> None:
        await application.disconnect(Client(sid, namespace, sid), reason)

    server.on("connect", connect, namespace=f"/{namespace}")
    server.on("*", event, namespace=f"/{namespace}")
    server.on("disconnect", disconnect, namespace=f"/{namespace}")
