"""Whom the attacks are tried on: our engine, our whole gateway, and a stock server, all before the same application."""

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import socketio
from loguru import logger

from realtime.engine import Engine
from tests.integration.realtime.node import node, token_of
from tests.integration.realtime.stage import Notes, stage
from tests.integration.realtime.wire import CONNECT, Wire, wire
from tests.support.stock import stock_server


@dataclass
class Victim(ABC):
    """A server, and the hands of its application on it. errors: what it logged as errors. auth: lets a client in."""

    url: str
    notes: Notes
    errors: list[str]
    auth: Any = None

    @abstractmethod
    async def broadcast(self, name: str, *arguments: Any) -> int:
        """Tells everybody in /lobby; how many that are."""

    @abstractmethod
    async def send(self, sid: str, name: str, *arguments: Any) -> None:
        """Tells one client of /lobby."""

    @abstractmethod
    async def kick(self, sid: str) -> None:
        """Ends a client of /lobby."""

    @abstractmethod
    async def join(self, sid: str, room: str) -> None:
        """Puts a client of /lobby into a room."""

    @abstractmethod
    async def call(self, sid: str, name: str) -> list[Any]:
        """Asks one client of /lobby; its ack."""

    @asynccontextmanager
    async def enter(self, **options: Any) -> AsyncIterator[Wire]:
        """A client that is in /lobby."""
        async with wire(self.url, **options) as client:
            assert (await client.connect("/lobby", self.auth)).kind == CONNECT
            yield client

    def count(self, kind: str) -> int:
        """How many calls of that kind have reached the application."""
        return sum(1 for call in self.notes.calls if call[0] == kind)

    def sid(self, number: int = -1) -> str:
        """The sid of a client, in the order in which they came."""
        return self.notes.clients[number].sid


@dataclass
class Ours(Victim):
    """What this repository is about."""

    engine: Engine = field(kw_only=True)

    async def broadcast(self, name: str, *arguments: Any) -> int:
        return self.engine.emit("lobby", None, name, *arguments)

    async def send(self, sid: str, name: str, *arguments: Any) -> None:
        self.engine.send(sid, name, *arguments)

    async def kick(self, sid: str) -> None:
        self.engine.close(sid, "kicked")

    async def join(self, sid: str, room: str) -> None:
        self.engine.enter(sid, room)

    async def call(self, sid: str, name: str) -> list[Any]:
        return await self.engine.call(sid, name, timeout_s=5)


@dataclass
class Stock(Victim):
    """What it is measured against."""

    server: socketio.AsyncServer = field(kw_only=True)

    async def broadcast(self, name: str, *arguments: Any) -> int:
        heard_by = len(list(self.server.manager.get_participants("/lobby", None)))
        await self.server.emit(name, arguments, namespace="/lobby")
        return heard_by

    async def send(self, sid: str, name: str, *arguments: Any) -> None:
        await self.server.emit(name, arguments, to=sid, namespace="/lobby")

    async def kick(self, sid: str) -> None:
        await self.server.disconnect(sid, namespace="/lobby")

    async def join(self, sid: str, room: str) -> None:
        await self.server.enter_room(sid, room, namespace="/lobby")

    async def call(self, sid: str, name: str) -> list[Any]:
        return [await self.server.call(name, to=sid, namespace="/lobby", timeout=5)]


@dataclass(frozen=True)
class Setting:
    """How the servers are set up for an attack.

    engine: of our `EngineConfig`. stock: options of the stock server that mean the same. gateway: options of `node`;
    None attacks the engine alone.
    """

    engine: Mapping[str, Any] = field(default_factory=dict)
    stock: Mapping[str, Any] = field(default_factory=dict)
    gateway: Mapping[str, Any] | None = None


@asynccontextmanager
async def ours(setting: Setting) -> AsyncIterator[Ours]:
    """Our server, ready to be attacked."""
    with _errors() as errors:
        if setting.gateway is not None:
            async with node(**setting.gateway) as one:
                yield Ours(one.url, Notes(), errors, {"token": token_of("mallory")}, engine=one.engine)
        else:
            async with stage(**setting.engine) as scene:
                yield Ours(scene.url, scene.notes, errors, engine=scene.engine)


@asynccontextmanager
async def stock(setting: Setting) -> AsyncIterator[Stock]:
    """The stock server, ready to be attacked."""
    notes = Notes()
    with _errors() as errors:
        async with stock_server(notes, **setting.stock) as scene:
            yield Stock(scene.url, notes, errors, server=scene.server)


class _Errors(logging.Handler):
    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        self._errors.append(record.getMessage())


@contextmanager
def _errors() -> Iterator[list[str]]:
    """Every error that anybody logs."""
    errors: list[str] = []
    handler = _Errors(errors)
    logging.getLogger().addHandler(handler)
    sink = logger.add(errors.append, level="ERROR")
    try:
        yield errors
    finally:
        logger.remove(sink)
        logging.getLogger().removeHandler(handler)
