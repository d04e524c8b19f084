"""The application behind all namespaces: lets clients in, hands their events on, and sees them off."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from loguru import logger

from domain.core.clock import Clock
from domain.core.errors import AppError, Unavailable
from domain.core.events import user_stream
from domain.core.model import Empty, Model, Timestamp
from domain.core.streams import StreamLog
from realtime.auth import Renew, Renewed, Session, Sessions, SessionUser
from realtime.dispatch import Dispatcher, Namespace, on, table_of
from realtime.engine import Client, Engine
from realtime.events import Hello, StreamPosition
from realtime.follows import Follows
from realtime.presence import Attendance

LIMITED_IN_A_ROW = 200
"""A client that so many times in a row did not heed `RATE_LIMITED` is cut off."""

GREETINGS_AT_ONCE = 20
RETRY_S = (0.5, 1.5)


class Pong(Model):
    """The server's time."""

    at: Timestamp


class Common:
    """The events of every namespace."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    @on("ping", Empty)
    async def ping(self, user: SessionUser, command: Empty) -> Pong:
        """Says that the server is there, and its time."""
        return Pong(at=self._clock.now())

    @on("renew", Renew)
    async def renew(self, user: SessionUser, command: Renew) -> Renewed:
        """Puts a fresh access token in the place of the one that expires."""
        return await self._sessions.renew(user, command.token)


class Gateway:
    """What the engine calls, for every namespace."""

    def __init__(
        self,
        *,
        engine: Engine,
        sessions: Sessions,
        dispatcher: Dispatcher,
        follows: Follows,
        attendance: Attendance,
        streams: StreamLog,
        clock: Clock,
        ping_ms: int,
    ) -> None:
        self._engine, self._sessions, self._dispatcher = engine, sessions, dispatcher
        self._follows, self._attendance, self._streams = follows, attendance, streams
        self._clock, self._ping_ms = clock, ping_ms
        self._namespaces: dict[str, Namespace] = {}
        self._common = Common(sessions, clock)

    def register(self, *namespaces: Namespace) -> None:
        """Opens the namespaces."""
        for namespace in namespaces:
            self._namespaces[namespace.name] = namespace
            self._dispatcher.add(namespace.name, namespace, namespace.handlers)
            self._dispatcher.add(namespace.name, self._common, table_of(Common))
            self._engine.register(namespace.name, self)

    async def connect(self, client: Client, auth: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Lets a client in. Its first event is `hello`."""
        session = await self._sessions.open(client, auth)
        try:
            await self._attendance.arrived(session.principal.user_id, session.id, client.namespace)
            self._follows.begin(client)
            return await self._hello(session, client)
        except BaseException:
            await self.disconnect(client, "refused")
            raise

    async def event(self, client: Client, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
        """Handles an event."""
        session = self._sessions.of(client)
        ack = await self._dispatcher.handle(session, client, name, arguments)
        if session.limited >= LIMITED_IN_A_ROW:
            self._engine.close(client.sid, "limited too often")
        return ack

    async def disconnect(self, client: Client, reason: str) -> None:
        """Sees a client off."""
        self._follows.end(client)
        session = self._sessions.of(client)
        self._sessions.close(client)
        self._attendance.left(session.principal.user_id, session.id, client.namespace)

    async def greet_again(self) -> None:
        """Makes up for events that this process has missed.

        Joins, leaves and kicks may have been among them, so every token and every membership is read again; then
        `hello` tells each client where its streams stand.
        """
        waiting = list(self._sessions)
        while batch := [waiting.pop() for _ in range(min(GREETINGS_AT_ONCE, len(waiting)))]:
            await asyncio.gather(*map(self._greet, batch))

    async def _greet(self, session: Session) -> None:
        while session.clients:
            try:
                await self._sessions.recheck(session)
                for client in filter(self._follows.knows, list(session.clients.values())):
                    self._engine.send(client.sid, *await self._hello(session, client))
                return
            except Unavailable:
                await asyncio.sleep(random.uniform(*RETRY_S))
            except AppError as error:
                self._sessions.end(session, error.code.lower())
                return
            except Exception:  # one session that cannot be greeted must not take the others with it
                logger.exception("a session could not be greeted again")
                self._sessions.end(session, "internal")
                return

    async def _hello(self, session: Session, client: Client) -> tuple[str, dict[str, Any], dict[str, Any]]:
        namespace, user = self._namespaces[client.namespace], session.user(client)
        own = user_stream(namespace.name, user.id)
        streams = await self._follows.refresh(client, own, lambda: namespace.streams_of(user))
        # Read only after the client follows them: what comes later than the position reaches it.
        positions = await self._streams.positions(streams)
        now = self._clock.now()
        places = {stream: StreamPosition.of(position) for stream, position in positions.items()}
        return Hello(streams=places, server_time=now, ping_ms=self._ping_ms).arguments(now)
