"""Who is connected, told in batches: each arrival gets its own answer, and every coming and going is heard once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from domain.presence.presence import Counts
from realtime.engine import TooManyConnections
from realtime.presence import AT_ONCE, GATHER_S, Attendance
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.presence import RedisPresence
from tests.integration.realtime.handshake import enter, refusal_of
from tests.integration.realtime.node import CLOCK, node, token_of
from tests.integration.realtime.wire import wire
from tests.support.services import redis_server
from tests.support.wait import eventually

ANN, BOB = UserId("ann"), UserId("bob")

Heard = tuple[str, Sequence[UserId]]


@dataclass
class Hall:
    """The attendance of one process, and what it told the use cases."""

    redis: Client
    presence: RedisPresence
    heard: list[Heard] = field(default_factory=list)
    act: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)

    def __post_init__(self) -> None:
        self.attendance = Attendance(self.presence, CLOCK, on_back=self._came, on_gone=self._went)

    async def _came(self, *users: UserId) -> None:
        self.heard.append(("came", users))
        await self.act()

    async def _went(self, *users: UserId) -> None:
        self.heard.append(("went", users))
        await self.act()

    async def scripts_run(self) -> int:
        """How many scripts this Redis has run."""
        stats = await self.redis.info("commandstats")
        return int(stats["cmdstat_evalsha"]["calls"])


@asynccontextmanager
async def a_hall(url: str, *, most: int = 0, timeout_s: float = 5.0) -> AsyncIterator[Hall]:
    """A living attendance."""
    async with open_redis(url, timeout_s=timeout_s) as redis:
        hall = Hall(redis, RedisPresence(redis, "one", connections_per_user=most))
        await hall.attendance.beat()
        yield hall
        await hall.attendance.close()


async def test_those_who_come_at_once_are_told_of_in_few_calls(redis_url: str) -> None:
    """600 arrivals and departures take a call of Redis for 250 each, and one of the use cases for as many."""
    users = [UserId(f"u{n}") for n in range(600)]
    async with a_hall(redis_url) as hall:
        before = await hall.scripts_run()
        await asyncio.gather(*(hall.attendance.arrived(user, f"c-{user}", "lobby") for user in users))
        assert await hall.scripts_run() - before == 3
        assert await hall.presence.online(users) == set(users)
        assert await hall.presence.counts() == {"one": Counts(600, {"lobby": 600})}
        before = await hall.scripts_run()
        for user in users:
            hall.attendance.left(user, f"c-{user}", "lobby")
        await eventually(lambda: sum(len(them) for what, them in hall.heard if what == "went") == 600)
        assert await hall.scripts_run() - before == 3
        assert await hall.presence.online(users) == set()
        for what in ("came", "went"):
            told = [them for said, them in hall.heard if said == what]
            assert [user for them in told for user in them] == users
            assert max(map(len, told)) <= AT_ONCE
            assert len(told) <= 3


async def test_those_who_come_one_after_another_share_calls_too(redis_url: str) -> None:
    """There is a pause between two calls, in which the next gather."""
    async with a_hall(redis_url) as hall:
        before, began = await hall.scripts_run(), time.monotonic()
        arrivals = []
        for n in range(60):
            arrivals.append(asyncio.create_task(hall.attendance.arrived(UserId(f"u{n}"), f"c{n}", "lobby")))
            await asyncio.sleep(0.001)
        await asyncio.gather(*arrivals)
        assert await hall.scripts_run() - before <= (time.monotonic() - began) / GATHER_S + 1


async def test_each_of_those_who_wait_gets_an_own_answer(redis_url: str) -> None:
    """Of one batch some are admitted and some are one too many, and those are forgotten at once."""
    async with a_hall(redis_url, most=2) as hall:
        arrivals = [(user, f"{user}-{n}") for user in (ANN, BOB) for n in range(4)]
        outcomes = await asyncio.gather(
            *(hall.attendance.arrived(user, id, "lobby") for user, id in arrivals), return_exceptions=True
        )
        refused = [id for (_, id), outcome in zip(arrivals, outcomes, strict=True) if outcome is not None]
        assert refused == ["ann-2", "ann-3", "bob-2", "bob-3"]
        assert {type(outcome) for outcome in outcomes} == {type(None), TooManyConnections}
        assert [one.id for one in (await hall.presence.sockets_of(ANN))["one"]] == ["ann-0", "ann-1"]
        hall.attendance.left(ANN, "ann-2", "lobby")
        hall.attendance.left(ANN, "ann-0", "lobby")
        await hall.attendance.arrived(ANN, "ann-4", "lobby")
        await hall.attendance.beat()
        assert await hall.presence.counts() == {"one": Counts(4, {"lobby": 4})}


async def test_all_namespaces_of_a_connection_are_let_in_or_none(redis_url: str) -> None:
    """Those that come while the first still waits get its answer; later ones need none, and are told by the beat."""
    async with a_hall(redis_url, most=1) as hall:
        names = ("lobby", "chat")
        await asyncio.gather(*(hall.attendance.arrived(ANN, "c1", name) for name in names))
        outcomes = await asyncio.gather(
            *(hall.attendance.arrived(ANN, "c2", name) for name in names), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [TooManyConnections] * 2
        before = await hall.scripts_run()
        await hall.attendance.arrived(ANN, "c1", "social")
        hall.attendance.left(ANN, "c1", "lobby")
        assert await hall.scripts_run() == before
        await hall.attendance.beat()
        assert [one.namespaces for one in (await hall.presence.sockets_of(ANN))["one"]] == [("chat", "social")]
        assert await hall.presence.counts() == {"one": Counts(1, {"chat": 1, "social": 1})}
        assert hall.heard == [("came", (ANN,))]


async def test_who_leaves_before_the_answer_is_not_left_behind(redis_url: str) -> None:
    """A client that goes away while it is let in ends as gone, whatever was on its way."""
    async with a_hall(redis_url) as hall:
        for pause in (0, 0.0002, 0.0005, 0.001, 0.002):
            arrival = asyncio.create_task(hall.attendance.arrived(ANN, f"c{pause}", "lobby"))
            await asyncio.sleep(pause)
            arrival.cancel()
            hall.attendance.left(ANN, f"c{pause}", "lobby")
            await asyncio.gather(arrival, return_exceptions=True)

        async def is_gone() -> bool:
            return await hall.presence.online([ANN]) == set()

        await eventually(is_gone)
        await hall.attendance.beat()
        assert await hall.presence.counts() == {"one": Counts(0, {})}
        await eventually(lambda: hall.heard and hall.heard[-1] == ("went", (ANN,)))


async def test_while_redis_is_away_who_comes_is_turned_away_and_who_is_here_stays() -> None:
    """Afterwards the next beat registers those who stayed, and tells of those who left meanwhile."""
    with redis_server() as server:
        async with a_hall(server.url, timeout_s=0.3) as hall:
            for user in (ANN, BOB):
                await hall.attendance.arrived(user, f"c-{user}", "lobby")
            server.pause()
            carl = UserId("carl")
            with pytest.raises(Unavailable):
                await hall.attendance.arrived(carl, "c-carl", "lobby")
            hall.attendance.left(BOB, "c-bob", "lobby")
            with pytest.raises(Unavailable):
                await hall.attendance.beat()
            server.resume()
            await hall.attendance.beat()
            assert await hall.presence.online([ANN, BOB, carl]) == {ANN}
            assert await hall.presence.counts() == {"one": Counts(1, {"lobby": 1})}
            await eventually(lambda: {who for said, them in hall.heard if said == "went" for who in them} >= {BOB})
            await hall.attendance.arrived(carl, "c-carl-2", "lobby")


async def test_who_comes_when_redis_has_forgotten_everybody_is_let_in(redis_url: str) -> None:
    """And brings everybody else back, without waiting for the next beat."""
    async with a_hall(redis_url) as hall:
        await hall.attendance.arrived(ANN, "c1", "lobby")
        await hall.redis.flushall()
        await hall.attendance.arrived(BOB, "c2", "lobby")

        async def are_back() -> bool:
            return await hall.presence.online([ANN, BOB]) == {ANN, BOB}

        await eventually(are_back, timeout=1)


async def test_when_the_lease_was_lost_those_who_are_here_are_told_as_back(redis_url: str) -> None:
    """They may have been taken for gone meanwhile."""
    async with a_hall(redis_url) as hall:
        for user in (ANN, BOB):
            await hall.attendance.arrived(user, f"c-{user}", "lobby")
        await eventually(lambda: {user for _, users in hall.heard for user in users} == {ANN, BOB})
        hall.heard.clear()
        await hall.attendance.beat()
        await hall.redis.flushall()
        await hall.attendance.beat()
        await eventually(
            lambda: {(what, user) for what, users in hall.heard for user in users} == {("came", ANN), ("came", BOB)}
        )
        assert await hall.presence.online([ANN, BOB]) == {ANN, BOB}
        hall.heard.clear()
        await hall.attendance.beat()
        assert hall.heard == []


async def test_of_comings_and_goings_the_last_is_heard_last(redis_url: str) -> None:
    """A use case that takes its time hears of nobody out of order, and one that fails hears of the next."""
    async with a_hall(redis_url) as hall:
        may_go_on = asyncio.Event()

        async def slow() -> None:
            await may_go_on.wait()
            raise Unavailable if len(hall.heard) == 1 else ZeroDivisionError("a bug")

        hall.act = slow
        await hall.attendance.arrived(ANN, "c0", "lobby")
        for n in range(3):
            hall.attendance.left(ANN, f"c{n}", "lobby")
            await hall.attendance.arrived(ANN, f"c{n + 1}", "lobby")
        await hall.attendance.arrived(BOB, "b", "lobby")
        assert hall.heard == [("came", (ANN,))]
        may_go_on.set()
        await eventually(lambda: {user for _, them in hall.heard[1:] for user in them} == {ANN, BOB})
        assert [said for said, them in hall.heard if ANN in them][-1] == "came"


async def test_an_orderly_stop_tells_of_everybody_who_left(redis_url: str) -> None:
    """Those who are cut off by it as well; then the instance is gone from all counts."""
    async with a_hall(redis_url) as hall:
        users = [UserId(f"u{n}") for n in range(300)]
        await asyncio.gather(*(hall.attendance.arrived(user, f"c-{user}", "lobby") for user in users))
        for user in users:
            hall.attendance.left(user, f"c-{user}", "lobby")
        await hall.attendance.close()
        assert {user for said, them in hall.heard if said == "went" for user in them} == set(users)
        assert await hall.presence.counts() == {}


async def test_a_user_has_so_many_connections_on_all_instances_together(redis_url: str) -> None:
    """The one too many is refused on whichever instance it comes, until one is gone on the other."""
    async with (
        node(redis_url, instance="one", connections_per_user=2) as one,
        node(redis_url, instance="two", connections_per_user=2) as two,
        wire(two.url) as second,
        wire(two.url) as third,
    ):
        async with wire(one.url) as first:
            await enter(first)
            await enter(second)
            await enter(second, namespace="/chat")
            assert refusal_of(await third.connect("/lobby", {"token": token_of("ann")})) == "TOO_MANY_CONNECTIONS"
            await enter(third, "bob")
        await eventually(lambda: list(one.sessions) == [])

        async def is_told() -> bool:
            return list(await two.presence.sockets_of(ANN)) == ["two"]

        await eventually(is_told)
        async with wire(one.url) as again:
            await enter(again)
