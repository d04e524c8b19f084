"""An engine on a free port, with an application that notes what reaches it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from domain.core.errors import Forbidden
from realtime.engine import Client, Engine, EngineConfig
from realtime.metrics import Metrics


@asynccontextmanager
async def listening(engine: Engine) -> AsyncIterator[tuple[str, web.AppRunner]]:
    """The engine served on a free port; its URL, and what runs it."""
    app = web.Application()
    engine.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await engine.site(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}", runner
    finally:
        async with asyncio.timeout(10):
            await runner.cleanup()


@dataclass
class Notes:
    """An application that notes every call. `let_in` and `answer` may be replaced by a test."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    let_in: Callable[[Client], Awaitable[object]] | None = None
    answer: Callable[[str, Sequence[Any]], Awaitable[Any]] | None = None

    async def connect(self, client: Client, auth: Any) -> tuple[str, dict[str, Any]]:
        if auth == "refuse me":
            raise Forbidden
        self.clients.append(client)
        if self.let_in:
            await self.let_in(client)
        self.calls.append(("connect", client.namespace))
        return "hello", {}

    async def event(self, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        self.calls.append(("event", name))
        return await self.answer(name, arguments) if self.answer else list(arguments)

    def overflow(self, client: Client, *, last: bool) -> None:
        self.calls.append(("overflow", "last" if last else ""))

    async def disconnect(self, client: Client, reason: str) -> None:
        self.calls.append(("disconnect", client.namespace, reason))


@dataclass
class Stage:
    """What a test of the engine needs."""

    url: str
    engine: Engine
    notes: Notes
    registry: CollectorRegistry
    runner: web.AppRunner

    def tcp_connections(self) -> int:
        """How many the server has open, as the system sees it: established, or half closed by the client."""
        port = f":{self.runner.addresses[0][1]:04X}"
        lines = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
        return sum(local.endswith(port) and state in {"01", "08"} for _, local, _, state, *_ in lines)

    def counted(self, name: str, **labels: str) -> float:
        """The value of a series, 0 before it exists."""
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def stage(**config: Any) -> AsyncIterator[Stage]:
    """An engine with the namespaces /lobby and /chat, both before one `Notes`."""
    registry = CollectorRegistry()
    engine = Engine(EngineConfig(**config), Metrics(registry))
    notes = Notes()
    engine.register("lobby", notes)
    engine.register("chat", notes)
    async with listening(engine) as (url, runner):
        yield Stage(url, engine, notes, registry, runner)
