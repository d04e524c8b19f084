"""Each rule of the audit finds what was planted against it, in both databases, and nothing beside it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from domain.chat.model import CHANNELS
from domain.core.ids import MatchId, TicketId
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS
from domain.matchmaking.model import MATCHES, TICKETS, pool_entry
from domain.parties.model import PARTIES, PARTY_SEATS
from domain.social.model import FRIENDSHIPS
from maoga.audit.inspection import inspect
from maoga.audit.invariants import invariants
from maoga.core import SPECS
from storage.documents.factory import open_database
from storage.memory.tickets import MemoryTicketPool
from storage.redis.factory import open_redis
from storage.redis.tickets import KEYS, RedisTicketPool
from tests.integration.audit.planting import JUST_NOW, LATER, LONG_AGO, NOW, Garden, an_opening
from tests.support.clock import ManualClock

Found = set[tuple[str, str, str]]
"""Invariant, what it is about without the case's name, and what is said of it without it."""

Plant = Callable[[Garden], Awaitable[None]]


async def healthy(garden: Garden) -> None:
    """One of everything, as it should be."""
    await garden.ticket("waiting", "a", "b")
    await garden.ticket("scheduled", "c", status="scheduled", scheduled_by=garden.user("c"), due_at=LATER, seated=False)
    await garden.match("proposed", await garden.ticket("t1", "d"), await garden.ticket("t2", "e"))
    lobby = await garden.lobby("lobby", "f", "g", spectators=(garden.user("h"),), join_code="code")
    await garden.say(lobby, 1, 2, 3)
    backfill = await garden.ticket("fill", "f", seated=False, opening=an_opening(lobby), backfill_of=lobby.id)
    newcomer = await garden.ticket("t4", "x")
    await garden.match("filling", newcomer, backfill=TicketId(backfill.id), lobby_id=lobby.id)
    await garden.change(TICKETS, backfill.id, status="proposed", match_id=garden.id("filling"))
    await garden.pool.remove([TicketId(backfill.id)])
    ticket = await garden.ticket("t3", "i", seated=False)
    await garden.lobby("confirmed", "i")
    await garden.match("confirmed", ticket, status="confirmed")
    await garden.party("party", "a", "b")
    group = await garden.channel("group", garden.user("a"))
    await garden.say(group, 4, 5)
    await garden.read(group, "a", 5)
    await garden.friends("a", "b")
    await garden.block("a", "c")
    await garden.job("job", leased_until=JUST_NOW)


async def seat_of_an_ended_ticket(garden: Garden) -> None:
    ticket = await garden.ticket("t", "a")
    await garden.change(TICKETS, ticket.id, status="cancelled")
    await garden.pool.remove([TicketId(ticket.id)])


async def seat_in_a_lobby_that_knows_them_not(garden: Garden) -> None:
    await garden.lobby("l", "a", "b")
    await garden.lobby("m", "c")
    await garden.change(SEATS, garden.id("b"), lobby_id=garden.id("m"))


async def ticket_without_a_seat(garden: Garden) -> None:
    await garden.ticket("t", "a", "b")
    await garden.delete(SEATS, garden.id("b"))


async def two_tickets_of_one_player(garden: Garden) -> None:
    await garden.ticket("t", "a")
    await garden.ticket("u", "a", seated=False)


async def proposed_in_no_match(garden: Garden) -> None:
    match = await garden.match("m", await garden.ticket("t", "a"))
    await garden.change(MATCHES, match.id, status="cancelled")


async def one_ticket_in_two_matches(garden: Garden) -> None:
    ticket = await garden.ticket("t", "a")
    await garden.match("m", ticket)
    await garden.match("n", ticket)


async def waits_and_names_a_match(garden: Garden) -> None:
    await garden.ticket("t", "a", match_id=MatchId("gone"))


async def confirmed_without_a_lobby(garden: Garden) -> None:
    await garden.match("m", await garden.ticket("t", "a", seated=False), status="confirmed")


async def ended_and_still_scheduled(garden: Garden) -> None:
    await garden.ticket("t", "a", status="expired", scheduled_by=garden.user("a"), due_at=LATER, seated=False)


async def ended_and_still_filling(garden: Garden) -> None:
    lobby = await garden.lobby("l", "a")
    await garden.ticket("t", "a", status="cancelled", opening=an_opening(lobby), backfill_of=lobby.id, seated=False)


async def member_without_a_seat(garden: Garden) -> None:
    await garden.lobby("l", "a", "b")
    await garden.delete(SEATS, garden.id("b"))


async def member_whose_seat_says_they_are_away(garden: Garden) -> None:
    await garden.lobby("l", "a", "b")
    await garden.change(SEATS, garden.id("b"), grace_until=LATER)


async def strange_host(garden: Garden) -> None:
    await garden.lobby("l", "a", host_id=garden.user("nobody"))


async def closed_and_found(garden: Garden) -> None:
    lobby = await garden.lobby("l", "a", join_code="ended")
    await garden.change(LOBBIES, lobby.id, status="closed", closed_at=NOW)
    await garden.change(CHANNELS, lobby.id, closed_at=NOW)
    await garden.delete(SEATS, garden.id("a"))


async def spectator_without_a_seat(garden: Garden) -> None:
    await garden.lobby("l", "a", spectators=(garden.user("b"),))
    await garden.delete(SPECTATOR_SEATS, garden.id("b"))


async def spectator_whom_nobody_knows(garden: Garden) -> None:
    lobby = await garden.lobby("l", "a", spectators=(garden.user("b"),))
    await garden.change(LOBBIES, lobby.id, spectators=[])


async def stranger_in_the_channel(garden: Garden) -> None:
    await garden.lobby("l", "a", "b")
    await garden.change(CHANNELS, garden.id("l"), member_ids=[garden.user("a"), garden.user("x")])


async def channel_of_a_closed_lobby(garden: Garden) -> None:
    lobby = await garden.lobby("l", "a")
    await garden.change(LOBBIES, lobby.id, status="closed", closed_at=NOW)
    await garden.delete(SEATS, garden.id("a"))


async def two_parties_of_one_player(garden: Garden) -> None:
    await garden.party("p", "a", "b")
    await garden.party("q", "c")
    await garden.change(PARTY_SEATS, garden.id("b"), party_id=garden.id("q"))


async def party_of_nobody(garden: Garden) -> None:
    await garden.party("p", "a")
    await garden.change(PARTIES, garden.id("p"), members=[])
    await garden.delete(PARTY_SEATS, garden.id("a"))


async def gap_in_a_channel(garden: Garden) -> None:
    await garden.say(await garden.channel("c", garden.user("a")), 1, 2, 4)


async def lobby_channel_that_begins_late(garden: Garden) -> None:
    await garden.say(await garden.lobby("l", "a"), 2, 3)


async def read_beyond_the_end(garden: Garden) -> None:
    channel = await garden.channel("c", garden.user("a"))
    await garden.say(channel, 1)
    await garden.read(channel, "a", 3)


async def friends_in_spite_of_a_block(garden: Garden) -> None:
    await garden.friends("a", "b")
    await garden.block("b", "a")


async def friendship_of_a_stranger(garden: Garden) -> None:
    await garden.change(FRIENDSHIPS, (await garden.friends("a", "b")).id, asked_by=garden.user("x"))


async def accept_that_came_due(garden: Garden) -> None:
    await garden.match("m", await garden.ticket("t", "a"), accept_by=LONG_AGO)


async def lobby_deadlines_that_passed(garden: Garden) -> None:
    await garden.lobby("l", "a", status="countdown", starts_at=LONG_AGO)
    await garden.lobby("m", "b", ready_by=LONG_AGO)
    await garden.lobby("n", "c", idle_at=LONG_AGO)
    await garden.lobby("just", "d", idle_at=JUST_NOW)


async def scheduled_search_that_never_began(garden: Garden) -> None:
    user = garden.user("a")
    await garden.ticket("t", "a", status="scheduled", scheduled_by=user, due_at=LONG_AGO, seated=False)


async def grace_that_is_over(garden: Garden) -> None:
    await garden.ticket("t", "a")
    await garden.change(SEATS, garden.id("a"), grace_until=LONG_AGO)


async def events_nobody_published(garden: Garden) -> None:
    await garden.lobby("l", "a", unpublished=("{}",), unpublished_at=LONG_AGO)
    await garden.lobby("m", "b", unpublished=("{}",), unpublished_at=JUST_NOW)
    await garden.channel("c", noted_at=LONG_AGO)


async def job_of_a_dead_worker(garden: Garden) -> None:
    await garden.job("j", leased_until=LONG_AGO)


async def ticket_the_pool_has_forgotten(garden: Garden) -> None:
    await garden.pool.remove([TicketId((await garden.ticket("t", "a")).id)])


async def ticket_that_only_the_pool_knows(garden: Garden) -> None:
    ticket = await garden.ticket("t", "a")
    await garden.delete(TICKETS, ticket.id)
    await garden.delete(SEATS, garden.id("a"))


async def claim_of_a_dead_worker(garden: Garden) -> None:
    ticket = await garden.ticket("t", "a")
    young = await garden.ticket("u", "b")
    assert await garden.pool.claim(MatchId(garden.id("m")), [TicketId(ticket.id)], LONG_AGO)
    assert await garden.pool.claim(MatchId(garden.id("n")), [TicketId(young.id)], JUST_NOW)
    await garden.pool.add(pool_entry(ticket))


CASES: dict[Plant, Found] = {
    healthy: set(),
    seat_of_an_ended_ticket: {("seats", "a", "is in ticket t, which has ended or is not for them")},
    seat_in_a_lobby_that_knows_them_not: {
        ("seats", "b", "is in lobby m, which is closed or does not know them"),
        ("lobbies", "l", "member b has no seat there"),
    },
    ticket_without_a_seat: {("tickets", "t", "is queued, and its player b has no seat in it")},
    two_tickets_of_one_player: {("tickets", "u", "is queued, and its player a has no seat in it")},
    proposed_in_no_match: {("tickets", "t", "is proposed in match m, which is not")},
    one_ticket_in_two_matches: {("matches", "m", "is proposed, and its ticket t is proposed in match n")},
    waits_and_names_a_match: {("tickets", "t", "waits, and names match gone")},
    confirmed_without_a_lobby: {("matches", "m", "is confirmed and has no lobby")},
    ended_and_still_scheduled: {
        ("tickets", "t", "is expired, scheduled by a and due at 2026-06-01 13:00:00+00:00"),
    },
    ended_and_still_filling: {("tickets", "t", "is cancelled and fills lobby l")},
    member_without_a_seat: {("lobbies", "l", "member b has no seat there")},
    member_whose_seat_says_they_are_away: {
        ("lobbies", "l", "member b is connected, says the lobby, and not so the seat")
    },
    strange_host: {("lobbies", "l", "its host nobody is no member")},
    closed_and_found: {("lobbies", "l", "is closed and may be found, joined or come due")},
    spectator_without_a_seat: {("lobbies", "l", "spectator b has no seat there")},
    spectator_whom_nobody_knows: {("spectators", "b", "watches lobby l, which is closed or does not know them")},
    stranger_in_the_channel: {("lobby channels", "l", "its channel has other members")},
    channel_of_a_closed_lobby: {("orphans", "l", "is open, and its lobby l is closed or gone")},
    two_parties_of_one_player: {
        ("parties", "p", "member b has no seat there"),
        ("party seats", "b", "is in party q, which is over or does not know them"),
    },
    party_of_nobody: {("parties", "p", "has 0 members and expires at None")},
    gap_in_a_channel: {("messages", "c", "has 3 messages from number 1 to 4")},
    lobby_channel_that_begins_late: {("messages", "l", "its first message is number 2")},
    read_beyond_the_end: {("read markers", "c", "a has read up to 3, and the last message is 1")},
    friends_in_spite_of_a_block: {("blocks", "b:a", "friendship a:b is friends in spite of it")},
    friendship_of_a_stranger: {("friendships", "a:b", "is not of its two players")},
    accept_that_came_due: {("deadlines of matches", "m", "came due at 2026-06-01T11:59:00.000Z")},
    lobby_deadlines_that_passed: {
        ("deadlines of lobbies", lobby, "came due at 2026-06-01T11:59:00.000Z") for lobby in ("l", "m", "n")
    },
    scheduled_search_that_never_began: {("deadlines of tickets", "t", "came due at 2026-06-01T11:59:00.000Z")},
    grace_that_is_over: {("deadlines of seats", "a", "came due at 2026-06-01T11:59:00.000Z")},
    events_nobody_published: {
        ("unpublished lobbies", "l", "has events that wait since 2026-06-01T11:59:00.000Z"),
        ("unpublished channels", "c", "has notes that wait since 2026-06-01T11:59:00.000Z"),
    },
    job_of_a_dead_worker: {("jobs", "j", "a mail job runs nowhere: a-worker had it until 2026-06-01T11:59:00.000Z")},
    ticket_the_pool_has_forgotten: {("pool", "t", "waits, and the pool does not know it")},
    ticket_that_only_the_pool_knows: {("strays", "t", "waits in the pool, and is gone")},
    claim_of_a_dead_worker: {("claims", "m", "holds 1 tickets, and nobody ends it")},
}


@pytest.fixture(scope="module", params=["embedded", "servers"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Found]]:
    """What the audit says of all that is planted in one database, by case."""
    if request.param == "embedded":
        yield asyncio.run(_planted_and_found(f"sqlite:///{tmp_path_factory.mktemp('audit') / 'maoga.db'}", None))
        return
    url, name = request.getfixturevalue("mongod_url"), f"maoga_test_{uuid4().hex}"
    redis_url = request.getfixturevalue("redis_server_url")
    yield asyncio.run(_planted_and_found(url.replace("/?", f"/{name}?"), redis_url))
    client: MongoClient[dict[str, object]]
    with MongoClient(url) as client:
        client.drop_database(name)


async def _planted_and_found(database_url: str, redis_url: str | None) -> dict[str, Found]:
    database = await open_database(database_url, SPECS, timeout_s=20, pool_size=5)
    redis = open_redis(redis_url or "memory://", timeout_s=10)
    try:
        if redis_url:
            await redis.delete(*KEYS)
        pool = RedisTicketPool(redis) if redis_url else MemoryTicketPool()
        for plant in CASES:
            await plant(Garden(database, pool, plant.__name__))
        results = await inspect(invariants(database, pool, ManualClock(NOW)), pause_s=0, patience_s=0.01)
    finally:
        await redis.aclose()
        await database.close()
    found: dict[str, Found] = {plant.__name__: set() for plant in CASES}
    for result in results:
        for id, words in result.wrong.items():
            case = id.partition(".")[0]
            short = f"{case}."
            found[case] |= {(result.name, id.replace(short, ""), said.replace(short, "")) for said in words}
    return found


@pytest.mark.parametrize("plant", CASES, ids=lambda plant: plant.__name__)
def test_what_is_planted_is_found_and_nothing_else(found: dict[str, Found], plant: Plant) -> None:
    assert found[plant.__name__] == CASES[plant]
