"""`/bench`: what benchmarks talk to, on the same path as everything else. MAOGA_BENCH=1 opens it, never in production.

CONNECT carries `auth: {room, token?}`. Who brings no token gets one, of a made-up user, which is then checked.
"""

from collections.abc import Sequence
from typing import Any

from domain.auth.model import Principal, Session
from domain.auth.tokens import Tokens
from domain.core.clock import Clock
from domain.core.ids import UserId, new_id
from domain.core.model import Command, WireId
from domain.users.model import User
from realtime.auth import Authenticator, SessionUser
from realtime.dispatch import Namespace, on
from realtime.engine import Application, Client
from realtime.engine.client import First
from realtime.publisher import StreamPublisher


class Move(Command):
    """What games tell each other many times a second: when, what, where, and some more."""

    t: int
    k: str
    p: list[float]
    d: str


class BenchHandshake(Command):
    """The `auth` of a CONNECT."""

    room: WireId
    token: str | None = None


class BenchNamespace(Namespace):
    """One room for each client."""

    name = "bench"

    def __init__(self, publisher: StreamPublisher) -> None:
        self._publisher = publisher
        self.streams: dict[str, str] = {}

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        return [self.streams[user.sid]]

    @on("msg", Move)
    def msg(self, user: SessionUser, command: Move) -> None:
        """Tells the room."""
        self._publisher.cast(self.streams[user.sid], "msg", command.wire_json())

    @on("echo", Move)
    def echo(self, user: SessionUser, command: Move) -> Move:
        """Answers the same."""
        return command


MADE_UP = "bench-"
"""How the session ids of made-up users begin; only this server signs such."""


class BenchTokens(Authenticator):
    """Makes up users, and knows their tokens; all others are somebody else's to read."""

    def __init__(self, tokens: Tokens, others: Authenticator, clock: Clock) -> None:
        self._tokens, self._others, self._clock = tokens, others, clock

    def make(self) -> str:
        """An access token of a user that exists nowhere."""
        id, now = MADE_UP + new_id(), self._clock.now()
        session = Session(id=id, user_id=UserId(id), created_at=now, rotated_at=now, expires_at=now)
        return self._tokens.access(session, User(id=id, username=id, username_key=id, display_name=id, created_at=now))

    async def authenticate(self, access_token: str) -> Principal:
        principal = self._tokens.read_access(access_token)
        if principal.session_id.startswith(MADE_UP):
            return principal
        return await self._others.authenticate(access_token)


class BenchDoor(Application):
    """Stands before the gateway: notes the room a client names, and gives it a token if it has none."""

    def __init__(self, gateway: Application, namespace: BenchNamespace, tokens: BenchTokens) -> None:
        self._gateway, self._namespace, self._tokens = gateway, namespace, tokens

    async def connect(self, client: Client, auth: Any) -> First:
        handshake = BenchHandshake.parse(auth)
        self._namespace.streams[client.sid] = f"bench:{handshake.room}"
        try:
            return await self._gateway.connect(client, {"token": handshake.token or self._tokens.make()})
        except BaseException:
            del self._namespace.streams[client.sid]
            raise

    def event(self, client: Client, name: str, arguments: Sequence[Any]) -> Any:
        return self._gateway.event(client, name, arguments)

    def overflow(self, client: Client, *, last: bool) -> None:
        self._gateway.overflow(client, last=last)

    async def disconnect(self, client: Client, reason: str) -> None:
        await self._gateway.disconnect(client, reason)
        self._namespace.streams.pop(client.sid, None)
