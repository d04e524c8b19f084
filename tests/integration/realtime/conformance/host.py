"""What the official clients talk to: an application on our engine, at the far end of a tunnel."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from domain.core.errors import Conflict
from realtime.engine import Client, Engine
from tests.integration.realtime.conformance.official import Official
from tests.integration.realtime.stage import stage
from tests.support.tunnel import Tunnel

ROOMY = {"rate_limit_scale": 0, "inbox_size": 5_000}


@dataclass
class Game:
    """An application that answers what it is asked, with `echo` or nothing, and keeps what it was told."""

    clients: list[Client] = field(default_factory=list)
    auths: list[Any] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)

    async def connect(self, client: Client, auth: Any) -> tuple[str, dict[str, Any]]:
        self.auths.append(auth)
        if auth == {"token": "wrong"}:
            raise Conflict("Not you again.", details={"tries": len(self.auths)})
        self.clients.append(client)
        return "hello", {"namespace": client.namespace}

    async def event(self, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        if name == "hang":
            await asyncio.sleep(0.6)
        self.told.append((name, *arguments))
        return list(arguments) if name == "echo" else {"done": name}

    def overflow(self, client: Client, *, last: bool) -> None:
        self.told.append(("overflow", last))

    async def disconnect(self, client: Client, reason: str) -> None:
        self.gone.append((client.namespace, reason))

    def sid(self, number: int = -1) -> str:
        """The sid of a client, in the order in which they came."""
        return self.clients[number].sid


@dataclass
class Table:
    """Who meets in a test: the engine and its application, the tunnel, and a client at the near end of it."""

    engine: Engine
    game: Game
    tunnel: Tunnel
    client: Official


@asynccontextmanager
async def hosting(tunnel: Tunnel, **config: Any) -> AsyncIterator[tuple[Engine, Game]]:
    """An engine with the namespaces /game and /chat at the far end."""
    game = Game()
    async with stage(**{**ROOMY, **config}) as scene:
        scene.engine.register("game", game)
        scene.engine.register("chat", game)
        tunnel.target = scene.url
        yield scene.engine, game
