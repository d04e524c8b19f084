"""Deadlines come at least once, to one worker at a time."""

import asyncio
import math
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.clock import seconds
from domain.core.deadlines import Due
from storage.redis.client import Client
from storage.redis.deadlines import PRESENCE_KEY, RedisDeadlines
from tests.support.redis_keys import wipe

START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = 1_767_225_600_000


async def test_due_ones_come_oldest_first(redis: Client) -> None:
    """Only what has come is given out, the oldest first, at most as many as asked for."""
    deadlines = RedisDeadlines(redis)
    await deadlines.set("grace", "late", START + seconds(2))
    await deadlines.set("accept", "early", START + seconds(1))
    await deadlines.set("accept", "later", START + seconds(3))
    until = START_MS + 12_000
    assert await deadlines.due(START + seconds(2), 1) == [Due("accept", "early", until)]
    assert await deadlines.due(START + seconds(2), 10) == [Due("grace", "late", until)]


async def test_a_leased_one_is_hidden_and_comes_again(redis: Client) -> None:
    """Nobody sees a leased deadline for 10 s; unless it is done by then, it comes again."""
    deadlines = RedisDeadlines(redis)
    await deadlines.set("idle", "lobby", START)
    assert len(await deadlines.due(START, 10)) == 1
    assert await deadlines.due(START + seconds(10), 10) == []
    again = await deadlines.due(START + seconds(10.001), 10)
    assert [(due.kind, due.id) for due in again] == [("idle", "lobby")]
    await deadlines.done(again[0])
    assert await deadlines.due(START + seconds(60), 10) == []


async def test_done_spares_one_set_anew(redis: Client) -> None:
    """A deadline that was set again while it was leased stays, even at the very moment the lease ends."""
    deadlines = RedisDeadlines(redis)
    await deadlines.set("countdown", "lobby", START)
    (leased,) = await deadlines.due(START, 10)
    await deadlines.set("countdown", "lobby", START + seconds(10))
    await deadlines.done(leased)
    assert len(await deadlines.due(START + seconds(10), 10)) == 1


async def test_done_spares_the_next_lease(redis: Client) -> None:
    """A worker that was too slow does not take away what another has leased since."""
    deadlines = RedisDeadlines(redis)
    await deadlines.set("accept", "match", START)
    (slow,) = await deadlines.due(START, 10)
    (quick,) = await deadlines.due(START + seconds(11), 10)
    await deadlines.done(slow)
    assert len(await deadlines.due(START + seconds(22), 10)) == 1
    await deadlines.done(quick)
    assert len(await deadlines.due(START + seconds(33), 10)) == 1


async def test_many_are_set_and_done_in_one_call_each(redis: Client) -> None:
    """What was set anew meanwhile stays, and of what is due sooner nothing changes."""
    deadlines = RedisDeadlines(redis)
    await deadlines.set("presence", "soon", START)
    await deadlines.hasten("presence", ["soon", "ann", "bob"], START + seconds(1))
    await deadlines.hasten("presence", [], START)
    assert [due.id for due in await deadlines.due(START, 10)] == ["soon"]
    rest = await deadlines.due(START + seconds(1), 10)
    assert sorted(due.id for due in rest) == ["ann", "bob"]
    await deadlines.hasten("presence", ["bob"], START + seconds(2))
    await deadlines.done(*rest)
    assert [due.id for due in await deadlines.due(START + seconds(3), 10)] == ["bob"]


async def test_an_index_of_its_own_holds_nothing_of_another(redis: Client) -> None:
    """Many deadlines of one kind keep no others waiting."""
    one, other = RedisDeadlines(redis), RedisDeadlines(redis, PRESENCE_KEY)
    await other.hasten("presence", ["ann"], START)
    assert await one.due(START, 10) == []
    (due,) = await other.due(START, 10)
    await one.done(due)
    assert len(await other.due(START + seconds(11), 10)) == 1


async def test_drop(redis: Client) -> None:
    """A dropped deadline does not come; another kind of the same id does."""
    deadlines = RedisDeadlines(redis)
    await deadlines.set("grace", "user:1", START)
    await deadlines.set("accept", "user:1", START)
    await deadlines.drop("grace", "user:1")
    assert [(due.kind, due.id) for due in await deadlines.due(START, 10)] == [("accept", "user:1")]


async def test_workers_share_the_work(redis: Client) -> None:
    """Each of many deadlines goes to exactly one of the workers that ask at once."""
    deadlines = RedisDeadlines(redis)
    await asyncio.gather(*(deadlines.set("grace", str(n), START) for n in range(100)))
    shares = await asyncio.gather(*(deadlines.due(START, 10) for _ in range(20)))
    assert sorted(int(due.id) for share in shares for due in share) == list(range(100))


IDS = st.sampled_from(["a", "b", "c"])
DELAYS = st.integers(0, 30_000)
STEPS = st.one_of(
    st.tuples(st.just("set"), IDS, DELAYS),
    st.tuples(st.just("hasten"), IDS, DELAYS),
    st.tuples(st.just("drop"), IDS, st.just(0)),
    st.tuples(st.just("wait"), st.just(""), DELAYS),
    st.tuples(st.just("due"), st.just(""), st.integers(1, 3)),
    st.tuples(st.just("done"), st.just(""), st.integers(0, 20)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=30))
async def test_any_order_of_calls(redis: Client, steps: list[tuple[str, str, int]]) -> None:
    """Whatever is called in whatever order: each deadline comes when it should, until it is done or dropped."""
    await wipe(redis)
    deadlines, model, now = RedisDeadlines(redis), Model(), 0
    given_out: list[Due] = []
    for step, id, number in steps:
        if step == "wait":
            now += number
        elif step == "set":
            await deadlines.set("grace", id, START + seconds((now + number) / 1000))
            model.at[id] = now + number
        elif step == "hasten":
            await deadlines.hasten("grace", [id], START + seconds((now + number) / 1000))
            model.at[id] = min(now + number, model.at.get(id, math.inf))
        elif step == "drop":
            await deadlines.drop("grace", id)
            model.at.pop(id, None)
        elif step == "due":
            due = await deadlines.due(START + seconds(now / 1000), number)
            assert [one.id for one in due] == model.due(now, number)
            given_out += due
        elif given_out:
            due_before = given_out[number % len(given_out)]
            await deadlines.done(due_before)
            model.done(due_before.id, due_before.leased_until_ms - START_MS)
    end = START + seconds(now / 1000 + 60)
    assert {due.id for due in await deadlines.due(end, 10)} == set(model.at)


class Model:
    """When each deadline comes next, in ms from the start; half a ms marks a lease."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def due(self, now: int, limit: int) -> list[str]:
        """Leases the first `limit` that have come."""
        come = sorted((at, id) for id, at in self.at.items() if at <= now)[:limit]
        self.at.update({id: now + 10_000.5 for _, id in come})
        return [id for _, id in come]

    def done(self, id: str, until: int) -> None:
        """Removes one that its lease still holds."""
        if self.at.get(id) == until + 0.5:
            del self.at[id]
