"""What every stream log does: over a real Redis, over a Redis Cluster, and inside one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.clock import SystemClock
from domain.core.streams import Delivery, Entry, Position, StreamLog
from storage.memory.streams import MemoryStreams
from storage.redis.factory import open_redis
from storage.redis.streams import RedisStreams
from tests.integration.storage.streams import CHAT, LOBBY, USER, fill, replay, running
from tests.support.wait import eventually

SIZE = 5
AGE_S = 600.0

Open = Callable[..., StreamLog]


@pytest.fixture(params=["redis", "cluster", "memory"])
async def open_log(request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    """Makes an empty log with the limits that are given."""
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield lambda size=SIZE, age_s=AGE_S: MemoryStreams(SystemClock(), size=size, age_s=age_s)
            return
        url = request.getfixturevalue(f"{request.param}_url")
        redis = await stack.enter_async_context(open_redis(url, timeout_s=5))
        logs: list[RedisStreams] = []

        def make(size: int = SIZE, age_s: float = AGE_S) -> StreamLog:
            logs.append(RedisStreams(redis, size=size, age_s=age_s))
            return logs[-1]

        yield make
        for log in logs:
            await log.__aexit__()


@pytest.fixture
def log(open_log: Open) -> StreamLog:
    return open_log()


async def test_every_kind_of_packet_arrives_whole_and_in_order(log: StreamLog) -> None:
    """In the order of its stream, that is: in a cluster each stream has a line of its own."""
    async with running(log, LOBBY, USER) as heard:
        first = await log.append(LOBBY, b"\x00 bin\n\xff", id="1")
        await log.notify(LOBBY, b"notice\n")
        await log.control(b"kick\nann")
        second = await log.append(USER, b"", id="2")
        await log.control(b"end")
        sent = [
            Delivery(LOBBY, first, b"\x00 bin\n\xff"),
            Delivery(LOBBY, None, b"notice\n"),
            Delivery(None, None, b"kick\nann"),
            Delivery(USER, second, b""),
            Delivery(None, None, b"end"),
        ]
        await eventually(lambda: len(heard.told) == len(sent))
        for stream in (LOBBY, USER, None):
            assert [one for one in heard.told if isinstance(one, Delivery) and one.stream == stream] == [
                delivery for delivery in sent if delivery.stream == stream
            ]


async def test_two_writers_at_once_get_one_order_without_a_hole(log: StreamLog) -> None:
    """Positions are handed out 1, 2, 3, ... in one epoch, and delivered in that order."""

    async def write(name: str) -> list[Position]:
        return [await log.append(LOBBY, b"x", id=f"{name}{n}") for n in range(50)]

    async with running(log, LOBBY) as heard:
        given = await asyncio.gather(write("ann"), write("bob"))
        await log.notify(LOBBY, b"end")
        told = await heard.until(b"end")
    delivered = [one.position for one in told if isinstance(one, Delivery) and one.position]
    assert [position.seq for position in delivered] == list(range(1, 101))
    assert len({position.epoch for position in delivered}) == 1
    assert all(a.at <= b.at for a, b in pairwise(delivered))
    assert sorted([*given[0], *given[1]], key=lambda position: position.seq) == delivered


async def test_what_nobody_follows_is_not_delivered(log: StreamLog) -> None:
    """Neither other streams, nor one that was unfollowed, nor another namespace's stream of the same user."""
    async with running(log, LOBBY, USER) as heard:
        log.unfollow([LOBBY, "lobby:never"])
        for stream in (LOBBY, CHAT, "lobby:user:ann"):
            await log.append(stream, b"no", id="1")
            await log.notify(stream, b"no")
        await log.follow([LOBBY])
        await log.append(LOBBY, b"again", id="2")
        await log.append(USER, b"mine", id="3")
        await heard.until(b"again")
        await heard.until(b"mine")
        assert sorted(heard.packets) == [b"again", b"mine"]


async def test_following_twice_is_following_once(log: StreamLog) -> None:
    async with running(log, LOBBY) as heard:
        await asyncio.gather(*(log.follow([LOBBY, LOBBY]) for _ in range(3)))
        await log.append(LOBBY, b"x", id="1")
        await log.notify(LOBBY, b"end")
        await heard.until(b"end")
        assert heard.packets == [b"x", b"end"]
        log.unfollow([LOBBY])
        log.unfollow([LOBBY])
        await log.append(LOBBY, b"y", id="2")
        await log.follow([LOBBY])
        await log.notify(LOBBY, b"end 2")
        await heard.until(b"end 2")
        assert heard.packets == [b"x", b"end", b"end 2"]


async def test_a_transient_packet_is_not_heard_by_its_own_instance(log: StreamLog) -> None:
    async with running(log, LOBBY) as heard:
        await log.append(LOBBY, b"x", id="1")
        log.cast(LOBBY, b"typing")
        await log.notify(LOBBY, b"end")
        await heard.until(b"end")
        assert heard.packets == [b"x", b"end"]


async def test_positions_are_those_of_the_last_durable_packets(log: StreamLog) -> None:
    """A stream that never had one starts at 0, and its first packet keeps the epoch that was told."""
    last = await log.append(LOBBY, b"x", id="1")
    await log.notify(LOBBY, b"y")
    positions = await log.positions([LOBBY, CHAT])
    assert positions[LOBBY] == last
    assert positions[CHAT].seq == 0
    assert await log.positions([CHAT, LOBBY]) == positions
    assert await log.positions([]) == {}
    first = await log.append(CHAT, b"x", id="2")
    assert (first.epoch, first.seq) == (positions[CHAT].epoch, 1)
    assert first.at >= positions[CHAT].at


async def test_thousands_of_positions_at_once(log: StreamLog) -> None:
    names = [f"lobby:{n}" for n in range(1200)]
    await log.append("lobby:1100", b"x", id="1")
    positions = await log.positions(names)
    assert [name for name, position in positions.items() if position.seq] == ["lobby:1100"]
    assert list(positions) == names


async def test_a_log_is_replayed_page_by_page(log: StreamLog) -> None:
    """Each page ends where the next one begins, and the last one is empty."""
    cursor, *_, head = await fill(log, LOBBY, 5)
    pages = []
    while page := await log.read(LOBBY, cursor, 2):
        pages.append([entry.packet for entry in page])
        cursor = page[-1].position
    assert pages == [[b"1", b"2"], [b"3", b"4"], [b"5"]]
    assert cursor == head
    assert page == []


async def test_a_replay_has_the_positions_that_append_returned(log: StreamLog) -> None:
    start, *positions = await fill(log, LOBBY, 3)
    entries = await log.read(LOBBY, start, 10)
    assert entries == [Entry(position, b"%d" % position.seq) for position in positions]


async def test_what_was_trimmed_by_size_is_not_replayed_in_part(log: StreamLog) -> None:
    """The log keeps the last `SIZE`: from the one before them all can be had, from further back nothing."""
    positions = await fill(log, LOBBY, SIZE + 2)
    assert await replay(log, LOBBY, positions[2]) == [b"3", b"4", b"5", b"6", b"7"]
    assert await replay(log, LOBBY, positions[1], limit=1) is None
    assert await replay(log, LOBBY, positions[0]) is None


async def test_what_was_trimmed_by_age_is_not_replayed_in_part(open_log: Open) -> None:
    """Entries that are all too old are gone, but the head stands and is still compared."""
    log = open_log(size=1000, age_s=0.2)
    start, old, older = await fill(log, LOBBY, 2)

    async def is_trimmed() -> bool:
        await log.append(CHAT, b"x", id="1")
        await log.append(LOBBY, b"y", id="2")
        return await replay(log, LOBBY, start) is None

    assert await replay(log, LOBBY, older) == []
    await eventually(is_trimmed)
    assert await replay(log, LOBBY, old) is None


async def test_who_had_the_last_packet_gets_the_next_however_late_it_comes(open_log: Open) -> None:
    """In a quiet stream a position may be older than the log; what follows it is there all the same."""
    log = open_log(size=1000, age_s=0.05)
    _, quiet = await fill(log, LOBBY, 1)
    await asyncio.sleep(0.2)  # older than the log's age, on the clock of the log itself
    await log.append(LOBBY, b"at last", id="2")
    assert await replay(log, LOBBY, quiet) == [b"at last"]
    assert await replay(log, LOBBY, replace(quiet, at=quiet.at + 1)) is None


async def test_a_position_that_is_none_of_this_stream_is_refused(log: StreamLog) -> None:
    """Another epoch, another moment at that number (also at the head), a number beyond the head, no such stream."""
    start, first, head = await fill(log, LOBBY, 2)
    for wrong in (
        replace(first, epoch="other"),
        replace(start, epoch="other"),
        replace(first, at=first.at - 1),
        replace(head, at=head.at + 1),
        replace(head, seq=3),
    ):
        assert await replay(log, LOBBY, wrong) is None
    assert await replay(log, CHAT, first) is None
    assert await replay(log, LOBBY, replace(start, at=0)) == [b"1", b"2"]


async def test_the_start_of_an_empty_stream_is_its_head(log: StreamLog) -> None:
    start = (await log.positions([LOBBY]))[LOBBY]
    assert await replay(log, LOBBY, start) == []
    assert await replay(log, LOBBY, replace(start, at=0)) == []


async def test_an_event_published_again_keeps_its_place(log: StreamLog) -> None:
    """It is delivered again as it was, and nothing new is numbered."""
    async with running(log, LOBBY) as heard:
        start, first, second = await fill(log, LOBBY, 2)
        assert first == await log.append(LOBBY, b"1", id="1", again=True)
        await log.notify(LOBBY, b"end")
        told = await heard.until(b"end")
        assert told[:-1] == [
            Delivery(LOBBY, first, b"1"),
            Delivery(LOBBY, second, b"2"),
            Delivery(LOBBY, first, b"1"),
        ]
        assert (await log.positions([LOBBY]))[LOBBY] == second
        assert await replay(log, LOBBY, start) == [b"1", b"2"]


async def test_an_event_published_again_that_is_not_in_the_log_gets_a_place(log: StreamLog) -> None:
    """Also in a stream that has none yet. Ids are compared whole."""
    first = await log.append(LOBBY, b"x", id="10", again=True)
    second = await log.append(LOBBY, b"y", id="1", again=True)
    assert [first.seq, second.seq] == [1, 2]
    assert second == await log.append(LOBBY, b"y", id="1", again=True)


async def test_a_closed_subscription_is_no_longer_ready(log: StreamLog) -> None:
    async def is_ready() -> bool:
        try:
            async with asyncio.timeout(0.01):
                await log.ready()
        except TimeoutError:
            return False
        return True

    async with running(log):
        assert await is_ready()
    assert not await is_ready()


STEPS = st.lists(st.tuples(st.sampled_from(["append", "again", "read"]), st.integers(0, 12), st.integers(1, 4)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 4), steps=STEPS)
async def test_a_log_is_a_list_of_which_the_end_is_kept(
    open_log: Open, size: int, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever is appended, repeated and read: as with a plain list of all there ever was."""
    log, stream = open_log(size=size), f"lobby:{uuid4()}"
    everything = [Entry((await log.positions([stream]))[stream], b"")]
    epoch = everything[0].position.epoch
    for step, n, limit in steps:
        if step == "read":
            after = everything[n].position if n < len(everything) else Position(epoch, n, 0)
            is_there = len(everything) - 1 - size <= n < len(everything)
            assert await log.read(stream, after, limit) == (everything[n + 1 :][:limit] if is_there else None)
            continue
        name = f"event {n}" if step == "again" else f"event {uuid4()}"
        known = [entry.position for entry in everything[1:][-size:] if entry.packet == name.encode()]
        position = await log.append(stream, name.encode(), id=name, again=step == "again")
        if known:
            assert [position] == known
        else:
            assert (position.epoch, position.seq) == (epoch, len(everything))
            everything.append(Entry(position, name.encode()))
