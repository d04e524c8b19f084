"""Follows the streams: tells every event once and in order, and asks for what was missed."""

import asyncio
from collections.abc import Callable
from typing import Any

from clients.python.connection import NAMESPACES, Connection
from clients.python.errors import RETRY_HELPS, MaogaError
from clients.python.event import Event
from clients.python.streams import Streams
from clients.python.types import Lobby
from clients.python.view import View

CALL_TIMEOUT_S = 15.0
RESUME_TIMEOUT_S = 60.0
"""A long replay comes before its ack."""

HISTORY_PAGE = 100
UNSEEN_CHANGES = frozenset({"matchmaking"})
"""Their state changes by transient events as well, which no `resume` brings: it is fetched after every connect."""


class Follower:
    """Keeps a view up to date over any number of connections, and tells what is new.

    What was missed and cannot be resumed is fetched: it is told as `ticket_updated`, `lobby_updated` and `message`
    events with an empty `meta`.
    """

    def __init__(self, view: View, tell: Callable[[Event[Any]], None]) -> None:
        self._view, self._tell = view, tell
        self._streams = {namespace: Streams() for namespace in NAMESPACES}
        self._knows_channels = False

    @property
    def settled(self) -> bool:
        """Whether nothing is missing, as far as can be known."""
        return all(streams.settled for streams in self._streams.values())

    def lose(self) -> None:
        """The connection is gone."""
        for streams in self._streams.values():
            streams.lose()

    def receive(self, event: Event[Any]) -> None:
        """Takes what came, and tells what may be told."""
        streams = self._streams[event.namespace]
        if event.name == "hello":
            streams.greet(event.data["streams"])
            if event.namespace in UNSEEN_CHANGES:
                streams.doubt()
        streams.put(event)
        self._release(streams)

    async def settle(self, connection: Connection) -> None:
        """Asks for what is missing until nothing is; raises `MaogaError` when that cannot be."""
        await asyncio.gather(*(self._settle(connection, namespace) for namespace in NAMESPACES))

    async def _settle(self, connection: Connection, namespace: str) -> None:
        streams = self._streams[namespace]
        while not streams.settled:
            if places := streams.ask():
                streams.answer(await _resume(connection, namespace, dict(places)))
            else:
                streams.begin_load()
                await self._load(connection, namespace)
                streams.end_load()
            self._release(streams)

    async def _load(self, connection: Connection, namespace: str) -> None:
        """Fetches how things stand, and tells what is new of it."""
        if namespace == "matchmaking":
            await self._load_ticket(connection)
        elif namespace == "lobby":
            await self._load_lobby(connection)
        elif namespace == "chat":
            await self._load_messages(connection)

    async def _load_ticket(self, connection: Connection) -> None:
        ticket = await _ask(connection, "matchmaking", "status")
        if ticket is None:
            self._view.ticket = None
        else:
            self._take(Event("matchmaking", "ticket_updated", ticket, {}))

    async def _load_lobby(self, connection: Connection) -> None:
        watched = self._view.watched
        found = [await _lobby(connection), await _lobby(connection, watched["id"]) if watched else None]
        known = {lobby["id"]: lobby for lobby in found if lobby}
        if self._view.lobby and self._view.lobby["id"] not in known:
            self._view.lobby = None
        if watched and watched["id"] not in known:
            self._view.watched = None
        for lobby in known.values():
            self._take(Event("lobby", "lobby_updated", lobby, {}))

    async def _load_messages(self, connection: Connection) -> None:
        for channel in await _ask(connection, "chat", "channels"):
            if self._knows_channels:
                unread = max(channel["readSeq"], channel["lastSeq"] - HISTORY_PAGE)
                self._view.read.setdefault(channel["id"], unread)  # of a channel that is new to it, not all its past
                await self._read_on(connection, channel["id"], channel["lastSeq"])
            else:  # what was said before the client was there is history
                self._view.read[channel["id"]] = channel["lastSeq"]
        self._knows_channels = True

    async def _read_on(self, connection: Connection, channel_id: str, last_seq: int) -> None:
        while (read := self._view.read.get(channel_id, 0)) < last_seq:
            page = {"channelId": channel_id, "after": read, "limit": HISTORY_PAGE}
            answer = await _ask(connection, "chat", "history", page)
            for message in answer["messages"]:
                self._take(Event("chat", "message", message, {}))
            if not answer["hasMore"]:
                return

    def _release(self, streams: Streams) -> None:
        while event := streams.pop():
            self._take(event)

    def _take(self, event: Event[Any]) -> None:
        verdict = self._view.take(event)
        if verdict == "gap":
            self._streams[event.namespace].doubt()
        elif verdict == "new":
            self._tell(event)


async def _lobby(connection: Connection, lobby_id: str | None = None) -> Lobby | None:
    """The lobby the player is in, or else watches, or the one of these two that is named."""
    try:
        lobby: Lobby = await _ask(connection, "lobby", "sync", {"lobbyId": lobby_id} if lobby_id else {})
    except MaogaError as error:
        if error.code != "NOT_IN_LOBBY":
            raise
        return None
    return lobby


async def _resume(connection: Connection, namespace: str, places: dict[str, Any]) -> dict[str, Any]:
    """Where each stream stands after the replay; empty from a server that cannot resume."""
    try:
        ends: dict[str, Any] = await _ask(connection, namespace, "resume", {"streams": places}, RESUME_TIMEOUT_S)
    except MaogaError as error:
        if error.code != "UNKNOWN_EVENT":
            raise
        return {}
    return ends


async def _ask(
    connection: Connection,
    namespace: str,
    event: str,
    payload: dict[str, Any] | None = None,
    timeout: float = CALL_TIMEOUT_S,
) -> Any:
    """A call that is made again for as long as the connection lasts, when that helps."""
    attempts = 0
    while True:
        try:
            return await connection.call(namespace, event, payload or {}, timeout)
        except MaogaError as error:
            if error.code not in RETRY_HELPS - {"DISCONNECTED"}:
                raise
            attempts += 1
            error.attempts = attempts
            pause_s = error.pause_s()
        await asyncio.sleep(pause_s)
