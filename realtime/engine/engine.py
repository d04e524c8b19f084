"""The engine as the rest of the server sees it: clients in namespaces, rooms, events in order."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from domain.core.errors import NotFound, Timeout
from realtime.engine.client import Application, First, Peer
from realtime.engine.config import EngineConfig
from realtime.engine.departures import LATE, departures
from realtime.engine.door import PATH, Door, DoorSite
from realtime.engine.entrance import Entrance
from realtime.engine.packets import EVENT, Message, encode, encoded
from realtime.engine.reception import Reception
from realtime.engine.rooms import Space
from realtime.metrics import Metrics

MAX_HELD = 1000
TOLD_AT_ONCE = 100
"""Connections that are told in one turn of the loop that the server stops."""


class Engine:
    """The sockets of this process. Namespaces are named without their slash."""

    def __init__(self, config: EngineConfig, metrics: Metrics) -> None:
        self._config, self.metrics = config, metrics
        self._reception = Reception(config, metrics)
        self._entrance = Entrance(config, metrics, self._reception)
        self._spaces, self._peers = self._reception.spaces, self._reception.peers
        self._calls = 0
        metrics.watch_queues(self._reception.waiting, self._entrance.backlog, self._entrance.slow)

    def attach(self, app: web.Application) -> None:
        """Serves what comes to Socket.IO's path through `app`, and closes every connection when it shuts down."""

        async def shutdown(_: web.Application) -> None:
            await self.close_all()

        app.router.add_route("*", PATH, self._entrance.serve)
        app.on_shutdown.append(shutdown)

    def site(self, runner: web.AppRunner, host: str, port: int, backlog: int = 128) -> DoorSite:
        """Where to listen: takes WebSockets itself and passes everything else to `runner`, which is set up."""
        config, http = self._config, runner.server
        if http is None:
            raise RuntimeError("set the runner up first")
        door = Door(http, self._entrance, config.trusted_proxies, config.connect_timeout_s)
        return DoorSite(runner, host, port, door=door, backlog=backlog)

    def register(self, namespace: str, application: Application) -> None:
        """Opens a namespace."""
        self._spaces[namespace] = Space(namespace, application)

    # What the application asks for. Nothing of it awaits: a sequence of these calls is one step for every client.

    def emit(self, namespace: str, room: str | None, name: str, *arguments: Any) -> int:
        """Sends an event to the clients in a room; None is everybody connected to the namespace. How many they are.

        A client that is still connecting gets what its rooms are told once it is connected, behind its first event.
        """
        space = self._spaces[namespace]
        if not space.members(room):
            return 0
        return self._tell_all(space, room, name, encode(EVENT, space.prefix, [name, *arguments]))

    def emit_everywhere(self, name: str, *arguments: Any) -> None:
        """Sends an event to everybody in every namespace."""
        for namespace in self._spaces:
            self.emit(namespace, None, name, *arguments)

    def broadcast(self, namespace: str, room: str | None, name: str, payload: bytes) -> int:
        """As `emit`, with the JSON array `[name, *arguments]` ready made."""
        space = self._spaces[namespace]
        return self._tell_all(space, room, name, encoded(EVENT, space.prefix, payload))

    def send(self, sid: str, name: str, *arguments: Any) -> None:
        """Sends an event to one client, if it is still there."""
        if peer := self._peers.get(sid):
            self._tell(peer, encode(EVENT, peer.space.prefix, [name, *arguments]))
            self.metrics.event_out(name, 1)

    def write(self, sid: str, name: str, payload: bytes) -> None:
        """As `send`, with the JSON array `[name, *arguments]` ready made."""
        if peer := self._peers.get(sid):
            self._tell(peer, encoded(EVENT, peer.space.prefix, payload))
            self.metrics.event_out(name, 1)

    async def call(self, sid: str, name: str, *arguments: Any, timeout_s: float) -> list[Any]:
        """Sends an event and returns what the client acks it with; raises `Timeout`, or `NotFound` without client."""
        peer = self._peers.get(sid)
        if peer is None:
            raise NotFound("The client is gone.")
        self._calls += 1
        id, answered = self._calls, asyncio.get_running_loop().create_future()
        calls = peer.calls = peer.calls or {}
        calls[id] = answered
        self._tell(peer, encode(EVENT, peer.space.prefix, [name, *arguments], id))
        self.metrics.event_out(name, 1)
        try:
            async with asyncio.timeout(timeout_s):
                answer: list[Any] = await answered
                return answer
        except TimeoutError:
            raise Timeout("The client did not answer in time.") from None
        finally:
            calls.pop(id, None)

    async def drained(self, sid: str) -> bool:
        """Waits until a client has read nearly all it was sent; False when it is gone."""
        peer = self._peers.get(sid)
        return peer is not None and await peer.connection.line.drained() and sid in self._peers

    def enter(self, sid: str, room: str) -> None:
        """Puts a client into a room of its namespace, if it is still there."""
        if peer := self._peers.get(sid):
            peer.space.enter(peer, room)

    def leave(self, sid: str, room: str) -> None:
        """Takes a client out of a room of its namespace."""
        if peer := self._peers.get(sid):
            peer.space.leave(peer, room)

    def members(self, namespace: str, room: str) -> list[str]:
        """The sids of the clients in a room, those still connecting among them."""
        return [peer.client.sid for peer in self._spaces[namespace].members(room)]

    def close(self, sid: str, reason: str) -> None:
        """Closes the client's whole connection: all its namespaces and the line, behind what was sent so far.

        reason: a few words out of a small set, for the application and the metrics.
        """
        if peer := self._peers.get(sid):
            self._reception.close(peer.connection, reason)

    async def drain(self, seconds: float, notice: Callable[[int], First]) -> None:
        """Lets nobody in any more and parts from everybody within so many seconds; returns when all are gone.

        Each connection is told in all its namespaces, by `notice(milliseconds)`, when it should be made anew; a moment
        after that it is closed, behind the acks of what is being handled. Those that are still not gone in the end
        are left to `close_all`.
        """
        reception, began = self._reception, asyncio.get_running_loop().time()
        reception.draining = True
        plan = departures(list(reception.connections.values()), seconds)
        for place, (after_s, connection) in enumerate(plan):
            for peer in connection.peers.values():
                self.send(peer.client.sid, *notice(round(after_s * 1000)))
            if place % TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)
        for after_s, connection in plan:
            await reception.until_none_left(began + after_s + LATE * seconds)
            reception.see_off(connection)
        await reception.until_none_left(began + seconds)

    async def close_all(self) -> None:
        """Lets nobody in any more, closes every connection, and returns when the application has dealt with it."""
        self._entrance.shut()
        await self._reception.close_all()
        await self._entrance.close()

    def connections(self) -> int:
        """How many connections there are."""
        return len(self._reception.connections)

    def _tell_all(self, space: Space, room: str | None, name: str, message: Message) -> int:
        members = tuple(space.members(room))  # a copy: telling one may end another
        for peer in members:
            if peer.held is None:
                peer.connection.line.send(message)
            else:
                self._hold(peer, message)
        self.metrics.event_out(name, len(members))
        return len(members)

    def _tell(self, peer: Peer, message: Message) -> None:
        if peer.held is None:
            peer.connection.line.send(message)
        else:
            self._hold(peer, message)

    def _hold(self, peer: Peer, message: Message) -> None:
        if peer.held is None or len(peer.held) >= MAX_HELD:
            self._reception.close(peer.connection, "too slow to connect")
        else:
            peer.held.append(message)
