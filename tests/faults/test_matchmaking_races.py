"""Everything that may race with a match, at once: cancels, second devices, workers that die, a Redis that restarts.

Workers, two in the long run, share the pool, as processes; the players act through a gateway's core in this one.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from domain.core.errors import AppError, Conflict, Unavailable
from domain.core.ids import TicketId, UserId
from domain.lobbies.seats import AlreadyQueued
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.model import MATCHES, TICKETS
from domain.matchmaking.proposals import MatchOver
from maoga.bootstrap import Core
from tests.e2e.conftest import Start
from tests.support.builders import criteria
from tests.support.connections import NOBODY, connect
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.server import MaogaServer
from tests.support.services import Server, redis_server
from tests.support.wait import eventually

POINTS = ("claimed", "proposed", "settled")
WISHES = [criteria("rocket-league", "casual", groupSize={"min": 2, "max": 2}, skillPreference="any")]
PATIENT = {"MAOGA_ROLE": "worker", "MAOGA_GRACE_S": "3600", "MAOGA_MATCH_ACCEPT_S": "3600"}
"""A worker that gives up nobody because the machine is slow."""

AT_ONCE = 40
SOME = 200
CANCEL_S = 2.0


@pytest.fixture
def cache() -> Iterator[Server]:
    """A Redis of the test's own, to be broken."""
    with redis_server() as server:
        yield server


@pytest.mark.parametrize(
    ("tickets", "doomed", "lives", "restarts"),
    [
        pytest.param(60, 1, 1, 0, id="short"),  # test_storage_outages has a Redis that dies, with every run
        pytest.param(10_000, 2, 6, 6, id="long", marks=pytest.mark.long),
    ],
)
@pytest.mark.timeout(1500)
async def test_nobody_is_lost_booked_twice_or_told_wrong(
    tickets: int, doomed: int, lives: int, restarts: int, start: Start, mongodb_url: str, cache: Server, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    dice, counts = random.Random(seed), Counter[str]()
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": cache.url}
    worker = {"MAOGA_DATABASE_URL": mongodb_url, "MAOGA_REDIS_URL": cache.url, **PATIENT}
    async with a_core(tmp_path, **urls) as core:
        users = await players(core, tickets)
        await connect(core.presence, users)
        over = asyncio.Event()
        workers = [start(**worker, MAOGA_FAULT_POINT=point) for point in POINTS[:doomed]]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stay_connected(core, users, over))
            tasks.create_task(accept_everything(core, over))
            revived = [tasks.create_task(revive(server, lives, start, worker, counts, over)) for server in workers]
            restarted = tasks.create_task(restart_redis(cache, counts, restarts))
            found, answers = dict[UserId, TicketId](), dict[UserId, str]()
            for place in range(0, tickets, SOME):
                some = await enqueue_all(core, users[place : place + SOME], dice, counts)
                cancelled = {user: ticket_id for user, ticket_id in some.items() if dice.random() < 0.1}
                found, answers = found | some, answers | await cancel_all(core, cancelled, dice)
            await restarted
            await eventually(lambda: none_waits(core), timeout=60 + tickets / 10)
            over.set()
            # A process dies with the thread that started it, and those of the loop end before the fixture's turn comes.
            for server in await asyncio.gather(*revived):
                await asyncio.to_thread(server.stop)
        print(dict(counts), dict(Counter(answers.values())))  # noqa: T201
        assert counts["redis restarted"] == restarts
        assert counts["workers killed"]
        assert await broken_invariants(core.database) == []
        ends = await ends_of(core, found)
        assert ends["cancelled"] == list(answers.values()).count("cancelled")
        assert ends["queued"] <= 1
        for user, answer in answers.items():
            seat = await core.lobbies.seat_of(user)
            assert answer == ("cancelled" if seat is None else "matched"), (user, answer, seat)


async def enqueue_all(
    core: Core, users: Sequence[UserId], dice: random.Random, counts: Counter[str]
) -> dict[UserId, TicketId]:
    """Everybody enqueues, every tenth on two devices at once; the tickets."""
    found: dict[UserId, TicketId] = {}

    async def enqueue(user: UserId, devices: int) -> None:
        tickets = await asyncio.gather(*(enqueued(core, user) for _ in range(devices)))
        assert len(set(tickets)) == 1, f"{user} got two tickets"
        counts["second devices"] += devices - 1
        found[user] = tickets[0]

    for place in range(0, len(users), AT_ONCE):
        some = users[place : place + AT_ONCE]
        await asyncio.gather(*(enqueue(user, 2 if dice.random() < 0.1 else 1) for user in some))
    return found


async def enqueued(core: Core, user: UserId) -> TicketId:
    """The one ticket the user has after an enqueue, whatever stood in its way."""
    while True:
        try:
            return (await core.matchmaking.enqueue(user, WISHES[0])).id
        except AlreadyQueued as error:
            return TicketId(error.details["ticketId"])  # type: ignore[index,call-overload]
        except (Conflict, Unavailable):
            await asyncio.sleep(0.1)


async def cancel_all(core: Core, tickets: dict[UserId, TicketId], dice: random.Random) -> dict[UserId, str]:
    """What those are told who cancel, some at a time, each at a moment of its own."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def cancel(user: UserId, ticket_id: TicketId) -> str:
        async with turns:
            await asyncio.sleep(dice.uniform(0, CANCEL_S))
            while True:
                try:
                    return (await core.matchmaking.cancel(user, CancelTicket(ticket_id=ticket_id))).status
                except (Conflict, Unavailable):
                    await asyncio.sleep(0.1)

    answers = await asyncio.gather(*(cancel(*ticket) for ticket in tickets.items()))
    return dict(zip(tickets, answers, strict=True))


async def accept_everything(core: Core, over: asyncio.Event) -> None:
    """Everybody accepts every match that is proposed."""

    async def accept(user: UserId, match: AnswerMatch) -> None:
        with suppress(MatchOver, Conflict, Unavailable):
            await core.matchmaking.accept(user, match)

    while not over.is_set():
        with suppress(AppError):
            matches = await core.database.collection(MATCHES).find({"status": "proposed"}, limit=AT_ONCE)
            answers = [(user, AnswerMatch(match_id=match.match_id)) for match in matches for user in match.player_ids]
            await asyncio.gather(*(accept(*answer) for answer in answers))
        await asyncio.sleep(0.05)


async def stay_connected(core: Core, users: Sequence[UserId], over: asyncio.Event) -> None:
    """Keeps the players connected, as a gateway does: Redis is told anew when it has lost them."""
    while not over.is_set():
        with suppress(Unavailable):
            if not await core.presence.beat(NOBODY):
                await connect(core.presence, users)
        await asyncio.sleep(1)


async def revive(
    server: MaogaServer, lives: int, start: Start, env: dict[str, str], counts: Counter[str], over: asyncio.Event
) -> MaogaServer:
    """Whenever the worker has died another takes its place, which dies elsewhere. The last one lives: this."""
    for point in [*islice(cycle(POINTS), lives - 1), ""]:
        while server.process.poll() is None:
            if over.is_set():
                return server
            await asyncio.sleep(0.1)
        counts["workers killed"] += 1
        server = await start_again(start, {**env, "MAOGA_FAULT_POINT": point} if point else env)
    return server


async def start_again(start: Start, env: dict[str, str]) -> MaogaServer:
    """A server; tried again when it could not start because Redis was away."""
    for _ in cycle([None]):
        with suppress(AssertionError):
            return await asyncio.to_thread(start, **env)
    raise AssertionError("unreachable")


async def restart_redis(cache: Server, counts: Counter[str], times: int) -> None:
    """Kills Redis and starts it again, while all this goes on."""
    for _ in range(times):
        await asyncio.sleep(3)
        cache.kill()
        await asyncio.to_thread(cache.restart)
        counts["redis restarted"] += 1


async def none_waits(core: Core) -> bool:
    """Whether at most one ticket, which has nobody to play with, is not at its end."""
    return await core.database.collection(TICKETS).count({"status": {"$in": ["queued", "proposed"]}}) <= 1


async def ends_of(core: Core, found: dict[UserId, TicketId]) -> Counter[str]:
    """How the tickets stand, each player's only one. The matched are those in matches, each in one."""
    tickets = {ticket.user_id: ticket for ticket in await everything(core.database, TICKETS)}
    assert {user: ticket.id for user, ticket in tickets.items()} == found
    ends = Counter(ticket.status for ticket in tickets.values())
    print(dict(ends))  # noqa: T201
    assert set(ends) <= {"matched", "cancelled", "queued"}
    confirmed = [match for match in await everything(core.database, MATCHES) if match.status == "confirmed"]
    matched = sorted(user for match in confirmed for user in match.player_ids)
    assert matched == sorted(user for user, ticket in tickets.items() if ticket.status == "matched")
    return ends
