"""A whole gateway on a free port: engine, sessions, streams, fan-out, and one namespace of our own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar

from prometheus_client import CollectorRegistry
from pydantic import Field

from domain.auth.model import Principal, Session
from domain.auth.tokens import Tokens
from domain.core.clock import SystemClock
from domain.core.errors import AppError, Conflict
from domain.core.events import Event, Outgoing, to
from domain.core.ids import UserId, new_id
from domain.core.index import may_lag
from domain.core.model import Command, Model, Text
from domain.core.streams import StreamLog
from domain.presence.presence import Presence
from domain.users.model import User
from realtime.auth import Sessions, SessionUser
from realtime.dispatch import Dispatcher, Namespace, Reply, on
from realtime.engine import Engine, EngineConfig
from realtime.fanout import Fanout
from realtime.follows import Follows
from realtime.gateway import Gateway
from realtime.greeter import Greeter
from realtime.hub import LINGER_S, Hub
from realtime.metrics import Metrics
from realtime.presence import Attendance
from realtime.publisher import StreamPublisher
from storage.memory.streams import MemoryStreams
from storage.redis.factory import open_redis
from storage.redis.presence import RedisPresence
from storage.redis.streams import RedisStreams
from tests.integration.realtime.stage import listening

KEY = b"a key of the tests, 32 bytes or more"
CLOCK = SystemClock()


class Say(Command):
    """The payload of the test events."""

    text: Text = Field(max_length=100)
    times: int = Field(default=1, ge=1, le=3)


class Said(Model):
    """The answer of the test events."""

    said_text: str
    by: UserId


class News(Event):
    """A durable event of the tests."""

    wire_name: ClassVar[str] = "news"

    number: int


class Long(Event):
    """A durable event with much to say."""

    wire_name: ClassVar[str] = "long"

    number: int
    text: str


class Rumour(Event):
    """A transient event of the tests."""

    wire_name: ClassVar[str] = "rumour"
    durable = False

    number: int


class TestNamespace(Namespace):
    """What a feature's namespace looks like, with handlers that misbehave."""

    __test__ = False
    name = "lobby"
    sends: ClassVar = {"lobby:<lobbyId>": (News, Long, Rumour)}

    def __init__(self) -> None:
        self.member_of: dict[UserId, Sequence[str]] = {}
        self.reading: asyncio.Event | None = None
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.hanging = 0

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        streams = list(self.member_of.get(user.id, ()))
        if self.reading:
            self.reading.set()
        await self.may_read.wait()
        return streams

    @on("say", Say)
    async def say(self, user: SessionUser, command: Say) -> Said:
        """Says something."""
        return Said(said_text=command.text * command.times, by=user.id)

    @on("list", Say, cost=5)
    async def list_all(self, user: SessionUser, command: Say) -> list[Said]:
        return [Said(said_text=command.text, by=user.id)] * command.times

    @on("snapshot", Say)
    async def snapshot(self, user: SessionUser, command: Say) -> Reply[Said]:
        return Reply(Said(said_text=command.text, by=user.id), {"stale": True})

    @on("nothing", Command)
    async def nothing(self, user: SessionUser, command: Command) -> None:
        return None

    @on("conflict", Command)
    async def conflict(self, user: SessionUser, command: Command) -> None:
        raise Conflict(details={"ticketId": "t1"})

    @on("crash", Command)
    async def crash(self, user: SessionUser, command: Command) -> None:
        raise ZeroDivisionError("a bug")

    @on("inner_timeout", Command)
    async def inner_timeout(self, user: SessionUser, command: Command) -> None:
        raise TimeoutError("a bug of another kind")

    @on("hang", Command)
    async def hang(self, user: SessionUser, command: Command) -> None:
        self.hanging += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.hanging -= 1


class ChatTestNamespace(Namespace):
    """A second namespace."""

    __test__ = False
    name = "chat"


@dataclass
class Door:
    """Reads the tokens of `token_of`, and refuses the users it is told to."""

    refused: dict[UserId, AppError] = field(default_factory=dict)

    async def authenticate(self, access_token: str) -> Principal:
        principal = Tokens([KEY], CLOCK, access_s=900).read_access(access_token)
        if refusal := self.refused.get(principal.user_id):
            raise refusal
        return principal


def token_of(user: str, *, session: str | None = None, lives_s: int = 900) -> str:
    """An access token of that user."""
    now = CLOCK.now()
    login = Session(id=session or new_id(), user_id=UserId(user), created_at=now, rotated_at=now, expires_at=now)
    account = User(id=user, username=user, username_key=user, display_name=user, created_at=now)
    return Tokens([KEY], CLOCK, access_s=lives_s).access(login, account)


@dataclass
class Node:
    """One instance."""

    url: str
    engine: Engine
    hub: Hub
    greeter: Greeter
    sessions: Sessions
    publisher: StreamPublisher
    streams: StreamLog
    presence: Presence
    attendance: Attendance
    namespace: TestNamespace
    door: Door
    registry: CollectorRegistry
    came: list[UserId]
    went: list[UserId]

    def counted(self, name: str, **labels: str) -> float:
        """The value of a series, 0 before it exists."""
        return self.registry.get_sample_value(name, labels) or 0.0

    async def tell(self, stream: str, event: Event, *, join: Sequence[str] = (), leave: Sequence[str] = ()) -> Outgoing:
        """Publishes an event."""
        outgoing = to(stream, event, join=[*map(UserId, join)], leave=[*map(UserId, leave)])
        await self.publisher.publish(outgoing)
        return outgoing


@asynccontextmanager
async def node(
    redis_url: str = "memory://",
    *,
    instance: str = "one",
    handler_timeout_s: float = 5.0,
    rate_limit_scale: float = 0.0,
    connections_per_user: int = 20,
    linger_s: float = LINGER_S,
    log_size: int = 1_000,
    debug: bool = False,
) -> AsyncIterator[Node]:
    """A gateway that takes connections."""
    redis = open_redis(redis_url, timeout_s=2)
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    stack = AsyncExitStack()
    streams: StreamLog
    if redis_url == "memory://":
        streams = MemoryStreams(CLOCK, size=log_size, age_s=600)
    else:
        streams = await stack.enter_async_context(RedisStreams(redis, size=log_size, age_s=600))
    engine, hub = Engine(EngineConfig(), metrics), Hub(streams, CLOCK, linger_s=linger_s)
    door, namespace = Door(), TestNamespace()
    came: list[UserId] = []
    went: list[UserId] = []

    async def on_back(*users: UserId) -> None:
        came.extend(users)

    async def on_gone(*users: UserId) -> None:
        went.extend(users)

    presence = RedisPresence(redis, instance, connections_per_user=connections_per_user)
    attendance = Attendance(presence, CLOCK, on_back=on_back, on_gone=on_gone)
    sessions = Sessions(engine, door, CLOCK, rate_limit_scale=rate_limit_scale)
    greeter = Greeter(engine, sessions)
    follows = Follows(engine, hub, streams, greeter)
    gateway = Gateway(
        engine=engine,
        sessions=sessions,
        dispatcher=Dispatcher(metrics, timeout_s=handler_timeout_s, debug=debug),
        follows=follows,
        attendance=attendance,
        clock=CLOCK,
        ping_ms=25_000,
    )
    gateway.register(namespace, ChatTestNamespace())
    fanout = asyncio.create_task(hub.run(Fanout(engine, follows, sessions, greeter)))
    greeting = asyncio.create_task(greeter.run(gateway))
    publisher = StreamPublisher(streams, CLOCK)
    publisher.attach(hub)
    try:
        async with asyncio.timeout(5):
            await streams.ready()
            await attendance.beat()
        async with listening(engine) as (url, _):
            yield Node(
                url=url,
                engine=engine,
                hub=hub,
                greeter=greeter,
                sessions=sessions,
                publisher=publisher,
                streams=streams,
                presence=presence,
                attendance=attendance,
                namespace=namespace,
                door=door,
                registry=registry,
                came=came,
                went=went,
            )
    finally:
        for task in (fanout, greeting):
            assert not task.done(), "an essential task died"
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        with may_lag():
            await attendance.close()
        await stack.aclose()
        await redis.aclose()
