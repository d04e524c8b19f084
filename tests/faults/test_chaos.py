"""Chaos: whatever happens to instances, Redis and lines, after `resume` every client holds exactly its streams' events.

The truth is the log of each stream, which Redis keeps over its restarts, and the documents.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.auth.commands import EnterAsGuest
from domain.chat.model import MESSAGES
from domain.core.errors import Unavailable
from domain.core.events import Outgoing, user_stream
from domain.core.ids import GameId, MatchId, TicketId, UserId, new_id
from domain.core.streams import Position
from domain.lobbies.matched import LobbyPlan, Place
from domain.lobbies.model import LOBBIES, SEATS, Capacity, Seat
from maoga.bootstrap import Core
from realtime import packet
from tests.faults.disasters import Disasters
from tests.faults.listener import Heard, Listener
from tests.support.cores import a_core
from tests.support.invariants import audited, everything
from tests.support.server import maoga_server
from tests.support.services import Server, free_port, redis_server
from tests.support.wait import eventually

MEMBERS = 5
KEY = "instances-that-share-their-data-share-their-key"
PAGE = 100
SETTLED_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Scale:
    """rooms: of `MEMBERS` each. pace_s: between what a player does and the next thing, at least and at most."""

    rooms: int
    faults: int
    seconds: float
    pace_s: tuple[float, float]


@dataclass
class Player:
    """A member of a room. said: the names of its acked messages. turns: how often it has changed its readiness."""

    listener: Listener
    room: str
    said: list[str] = field(default_factory=list)
    turns: int = 0

    async def play(self, over: asyncio.Event, pace_s: tuple[float, float]) -> None:
        """Talks and fidgets until told to stop, everything until it is acked."""
        while not over.is_set():
            await asyncio.sleep(random.uniform(*pace_s))
            if random.random() < 0.6:
                name = f"{self.listener.user}-{len(self.said)}"
                message = {"channelId": self.room, "clientMessageId": name, "content": name}
                await self.listener.insist("/chat", "send", message)
                self.said.append(name)
            else:
                await self.listener.insist("/lobby", "set_ready", {"ready": self.turns % 2 == 0})
                self.turns += 1


@pytest.fixture
def cache() -> Iterator[Server]:
    """A Redis of the test's own, to be broken."""
    with redis_server() as server:
        yield server


@pytest.mark.parametrize(
    "scale",
    [
        pytest.param(Scale(rooms=10, faults=6, seconds=12, pace_s=(0.2, 1)), id="short"),
        pytest.param(Scale(rooms=100, faults=20, seconds=60, pace_s=(3, 9)), id="long", marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(400)
async def test_every_client_holds_exactly_the_durable_events_of_its_streams(
    scale: Scale, mongodb_url: str, cache: Server, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    shared = {"MAOGA_DATABASE_URL": mongodb_url, "MAOGA_REDIS_URL": cache.url, "MAOGA_SECRET_KEY": KEY}
    settings: dict[str, Any] = {"database_url": mongodb_url, "redis_url": cache.url, "secret_key": KEY}
    ports = [free_port(), free_port()]
    counts: Counter[str] = Counter()
    async with a_core(tmp_path, **settings) as core:
        players = [
            player
            for number in range(scale.rooms)
            for player in await a_room(core, number, [f"http://127.0.0.1:{port}" for port in ports], counts)
        ]
        listeners = [player.listener for player in players]
        with ExitStack() as stack:
            env = {**shared, "MAOGA_GRACE_S": "600"}
            instances = [stack.enter_context(maoga_server(**env, MAOGA_PORT=str(port))) for port in ports]
            async with staying(listeners):
                await all_online(listeners)
                disasters = Disasters(instances, cache, listeners, chance)
                over = asyncio.Event()
                async with asyncio.timeout(2 * scale.seconds + SETTLED_WITHIN_S), asyncio.TaskGroup() as tasks:
                    for player in players:
                        tasks.create_task(player.play(over, scale.pace_s))
                    herald = tasks.create_task(announce(core, players, over, 0.5 * scale.seconds / scale.rooms))
                    await disasters.strike(scale.faults, scale.seconds)
                    over.set()
                await all_online(listeners)
                logs = await settled(core, listeners)
                assert await audited(core.settings) == []
            counts["events logged"] = sum(map(len, logs.values()))
            print(dict(disasters.counts), dict(counts), sep="\n")  # noqa: T201
        assert [wrong for listener in listeners for wrong in listener.wrong] == []
        for listener in listeners:
            for stream, start in listener.starts.items():
                assert listener.held[stream] == logs[stream][start["seq"] :], (listener.user, stream)
        assert_lobbies(players, logs)
        await assert_messages(core, players, logs)
        for stream, number in herald.result().items():
            assert [event.data["number"] for event in logs[stream]] == list(range(number)), stream
    assert all(counts[name] for name in ("resumes", "events heard")), counts


async def a_room(core: Core, number: int, urls: Sequence[str], counts: Counter[str]) -> list[Player]:
    """A lobby with its channel, as matchmaking makes them; its game never starts."""
    sessions = [await core.auth.guest(EnterAsGuest()) for _ in range(MEMBERS)]
    users = [UserId(session.user.id) for session in sessions]
    for user in users:
        await core.database.collection(SEATS).insert(Seat(id=user, ticket_id=TicketId(f"of-{user}")))
    plan = LobbyPlan(
        match_id=MatchId(new_id()),
        name="chaos",
        game_id=GameId("rocket-league"),
        mode="casual",
        region=None,
        places=tuple(Place(user, TicketId(f"of-{user}"), None) for user in users),
        capacity=Capacity(min=MEMBERS + 1, max=MEMBERS + 1),
    )
    lobby = await core.matched_lobbies.create(plan)
    return [
        Player(Listener(user, session.access_token, (urls[place % 2], urls[1 - place % 2]), counts), lobby.id)
        for place, (user, session) in enumerate(zip(users, sessions, strict=True), start=number)
    ]


@asynccontextmanager
async def staying(listeners: Sequence[Listener]) -> AsyncIterator[None]:
    """The listeners are connected, or about to be again, while the block runs. One that comes to grief ends it."""
    async with asyncio.TaskGroup() as tasks:
        lives = [tasks.create_task(listener.stay()) for listener in listeners]
        yield
        for life in lives:
            life.cancel()


async def all_online(listeners: Sequence[Listener]) -> None:
    """Returns when every listener is connected and has resumed."""

    def online() -> int:
        return sum(listener.online.is_set() for listener in listeners)

    try:
        await eventually(lambda: online() == len(listeners), timeout=SETTLED_WITHIN_S)
    except AssertionError:
        raise AssertionError(f"{online()} of {len(listeners)} are online: {dict(listeners[0].counts)}") from None


async def announce(core: Core, players: Sequence[Player], over: asyncio.Event, pause_s: float) -> Counter[str]:
    """Tells players something on streams of their own, from a process without clients; how often on each."""
    told: Counter[str] = Counter()
    while not over.is_set():
        stream = user_stream(random.choice(["chat", "lobby"]), UserId(random.choice(players).listener.user))
        event = Outgoing(id=new_id(), stream=stream, name="told", durable=True, data={"number": told[stream]})
        again = False
        while True:
            try:
                await core.publisher.publish(event, again=again)
                break
            except Unavailable:
                again = True
        told[stream] += 1
        await asyncio.sleep(pause_s)
    return told


async def settled(core: Core, listeners: Sequence[Listener]) -> dict[str, list[Heard]]:
    """The logs of all streams, once nothing waits to be published and every listener stands at every head."""

    async def nothing_waits() -> bool:
        lobbies = core.database.collection(LOBBIES)
        return not await lobbies.find({"unpublished_at": {"$exists": True}}, limit=1)

    await eventually(nothing_waits, timeout=SETTLED_WITHIN_S)
    streams = sorted({stream for listener in listeners for stream in listener.places})
    heads = await core.streams.positions(streams)
    behind: list[Any] = []

    def arrived() -> bool:
        behind[:] = [
            (listener.user, stream, place, heads[stream])
            for listener in listeners
            for stream, place in listener.places.items()
            if (place["epoch"], place["seq"]) != (heads[stream].epoch, heads[stream].seq)
        ]
        return not behind

    try:
        await eventually(arrived, timeout=SETTLED_WITHIN_S)
    except AssertionError:
        raise AssertionError(f"{len(behind)} places are not the heads: {behind[:5]}") from None
    return {stream: await whole_log(core, stream, heads[stream]) for stream in streams}


async def whole_log(core: Core, stream: str, head: Position) -> list[Heard]:
    """Every durable event of a stream."""
    events: list[Heard] = []
    position = Position(head.epoch, 0, 0)
    while position.seq < head.seq:
        page = await core.streams.read(stream, position, PAGE)
        assert page, f"the log of {stream} is not whole"
        for entry in page:
            name, data = orjson.loads(b"[%b]" % packet.opened(entry.packet)[1])
            events.append(Heard(entry.position.epoch, entry.position.seq, name, data))
        position = page[-1].position
    return events


def assert_lobbies(players: Sequence[Player], logs: dict[str, list[Heard]]) -> None:
    """Each lobby's events have its versions without a gap, and say of each player what was acked, once."""
    for room in {player.room for player in players}:
        versions = [event.data["version"] for event in logs[f"lobby:{room}"]]
        assert all(later == earlier + 1 for earlier, later in pairwise(versions)), (room, versions)
    for player in players:
        said = [
            event.data["ready"]
            for event in logs[f"lobby:{player.room}"]
            if event.name == "member_ready" and event.data["userId"] == player.listener.user
        ]
        assert said == [turn % 2 == 0 for turn in range(player.turns)], player.listener.user


async def assert_messages(core: Core, players: Sequence[Player], logs: dict[str, list[Heard]]) -> None:
    """Each channel's events are its stored messages, each once, and these are the acked ones."""
    stored: dict[str, list[str]] = defaultdict(list)
    for message in await everything(core.database, MESSAGES):
        if message.sender_id is not None:
            stored[message.channel_id].append(message.client_message_id)
    for room in {player.room for player in players}:
        heard = [event.data for event in logs[f"chat:{room}"] if event.name == "message"]
        told = [message["clientMessageId"] for message in heard if "senderId" in message]
        acked = [name for player in players if player.room == room for name in player.said]
        assert sorted(told) == sorted(acked) == sorted(stored[room]), room
