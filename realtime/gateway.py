"""The application behind all namespaces: lets clients in, hands their events on, and sees them off."""

from collections.abc import Sequence
from typing import Any

from domain.core.clock import Clock
from domain.core.events import user_stream
from domain.core.model import Empty, Model, Timestamp
from realtime.auth import Renew, Renewed, Session, Sessions, SessionUser
from realtime.dispatch import Dispatcher, Namespace, on, table_of
from realtime.engine import Client, Engine, First
from realtime.events import Hello, StreamPosition
from realtime.follows import Follows
from realtime.metrics import Metrics
from realtime.presence import Attendance
from realtime.resume import Recovery, Resume


class Pong(Model):
    """The server's time."""

    at: Timestamp


class Common:
    """The events of every namespace."""

    def __init__(self, sessions: Sessions, follows: Follows, clock: Clock, metrics: Metrics) -> None:
        self._sessions, self._follows, self._clock, self._metrics = sessions, follows, clock, metrics

    @on("ping", Empty)
    def ping(self, user: SessionUser, command: Empty) -> Pong:
        """Says that the server is there, and its time."""
        return Pong(at=self._clock.now())

    @on("renew", Renew)
    async def renew(self, user: SessionUser, command: Renew) -> Renewed:
        """Puts a fresh access token in the place of the one that expires."""
        return await self._sessions.renew(user, command.token)

    @on("resume", Resume, timed=False)
    async def resume(self, user: SessionUser, command: Resume) -> dict[str, Recovery]:
        """Sends what the client has missed of its streams since the places it knows, in order, before the ack.

        It may be emitted on any instance. Live events may come before the missed ones: until the ack, a client puts
        what comes in the order of `seq`. It costs a token more for every 10 streams.
        """
        self._sessions.charge(user, command.extra_cost)
        places = {stream: place.position() for stream, place in command.streams.items()}
        recovered = await self._follows.resume(user.sid, user.id, places)
        for stream in places:
            self._metrics.resumed(recovered.get(stream, False))
        stands = self._follows.positions(user.sid)
        return {
            stream: Recovery.of(recovered.get(stream, False), stands[stream])
            if stream in stands
            else Recovery(recovered=False)
            for stream in places
        }


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
        clock: Clock,
        ping_ms: int,
    ) -> None:
        self._engine, self._sessions, self._dispatcher = engine, sessions, dispatcher
        self._follows, self._attendance = follows, attendance
        self._clock, self._ping_ms = clock, ping_ms
        self._namespaces: dict[str, Namespace] = {}
        self._common = Common(sessions, follows, clock, engine.metrics)

    def register(self, *namespaces: Namespace) -> None:
        """Opens the namespaces."""
        for namespace in namespaces:
            self._namespaces[namespace.name] = namespace
            self._dispatcher.add(namespace.name, namespace, namespace.handlers)
            self._dispatcher.add(namespace.name, self._common, table_of(Common))
            self._engine.register(namespace.name, self)

    async def connect(self, client: Client, auth: Any) -> First:
        """Lets a client in. Its first event is `hello`."""
        session = await self._sessions.open(client, auth)
        try:
            await self._attendance.arrived(session.principal.user_id, session.id, client.namespace)
            self._follows.begin(client)
            await self.refresh(session, client)
            return self.hello(client)
        except BaseException:
            await self.disconnect(client, "refused")
            raise

    def event(self, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        """Handles an event."""
        session = self._sessions.of(client)
        answer = self._dispatcher.handle(session, client, name, arguments)
        if session.limited:
            self._sessions.warn_of_limit(session, client)
        return answer

    def overflow(self, client: Client, *, last: bool) -> None:
        """Tells a client that it sends more than it may."""
        self._sessions.warn_of_limit(self._sessions.of(client), client, last=last)

    async def disconnect(self, client: Client, reason: str) -> None:
        """Sees a client off."""
        self._follows.end(client)
        session = self._sessions.of(client)
        self._sessions.close(client)
        self._attendance.left(session.principal.user_id, session.id, client.namespace)

    async def refresh(self, session: Session, client: Client) -> bool:
        """Makes a client follow the streams it belongs to now; whether they are others than before."""
        namespace, user = self._namespaces[client.namespace], session.user(client)
        own = user_stream(namespace.name, user.id)
        return await self._follows.refresh(client.sid, own, lambda: namespace.streams_of(user))

    def hello(self, client: Client) -> First:
        """Where the client's streams stand: what comes later than that reaches it."""
        now = self._clock.now()
        positions = self._follows.positions(client.sid)
        places = {stream: StreamPosition.of(position) for stream, position in positions.items()}
        return Hello(streams=places, server_time=now, ping_ms=self._ping_ms).arguments(now)
