"""What a crash between two steps leaves, and the loss of Redis, is mended from the documents."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from domain.core.collection import Spec
from domain.core.events import WithEvents, carrying, to, user_stream
from domain.core.ids import MatchId, TicketId, UserId
from domain.lobbies.commands import SetReady
from domain.lobbies.model import LOBBIES
from domain.matchmaking.board import first_pool
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.events import TicketExpired
from domain.matchmaking.grace import SURE_AFTER_S
from domain.matchmaking.model import MATCHES, TICKETS, pool_entry
from domain.matchmaking.ownership import Ownership
from domain.matchmaking.recovery import CLAIM_MAX_S, OVERDUE_S
from domain.matchmaking.tick import Tick
from maoga.bootstrap import Core
from maoga.process import report
from storage.memory.leases import SoleLeases
from tests.integration.matchmaking.test_main_job import DUEL, proposed, seated
from tests.support.clock import ManualClock
from tests.support.connections import connect, put
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.pools import waiting


async def queued(core: Core, count: int) -> list[TicketId]:
    """Tickets of so many new players."""
    return [(await core.matchmaking.enqueue(user, DUEL)).id for user in await players(core, count)]


async def test_a_claim_whose_worker_died_before_the_match_is_released(core: Core, clock: ManualClock) -> None:
    tickets = await queued(core, 2)
    assert await core.pool.claim(MatchId("dead"), tickets, clock.now())
    assert await core.tick.run() == 0
    clock.advance(CLAIM_MAX_S + 1)
    await core.recovery.stale_claims()
    assert await core.tick.run() == 1
    assert await broken_invariants(core.database) == []


async def test_a_slow_worker_whose_claim_was_released_meanwhile_books_nobody_twice(
    core: Core, clock: ManualClock
) -> None:
    """Its commit finds the tickets moved on, or wins and the other's does: never both."""
    tickets = await queued(core, 2)
    await core.pool.claim(MatchId("slow"), tickets, clock.now())
    clock.advance(CLAIM_MAX_S + 1)
    await core.recovery.stale_claims()
    assert await core.tick.run() == 1
    for entry in await everything(core.database, TICKETS):
        await core.pool.add(pool_entry(entry))  # the index is wrong: the documents say `proposed`
    assert await core.tick.run() == 0
    assert await broken_invariants(core.database) == []


async def test_a_written_match_whose_claim_was_never_settled_is_settled(core: Core, clock: ManualClock) -> None:
    users = await players(core, 2)
    match = await proposed(core, users)
    tickets = [player.ticket_id for player in match.players]
    for ticket in await everything(core.database, TICKETS):
        await core.pool.add(pool_entry(ticket))
    await core.pool.claim(match.match_id, tickets, clock.now())
    clock.advance(CLAIM_MAX_S + 1)
    await core.recovery.stale_claims()
    assert tickets == await core.pool.unknown(tickets)


async def test_who_is_innocent_waits_at_once_though_the_claim_is_not_settled_yet(core: Core) -> None:
    """A cancel may come between the commit that proposes a match and the worker's word to the pool."""
    users = await players(core, 2)
    match = await proposed(core, users)
    await core.pool.add(*map(pool_entry, await everything(core.database, TICKETS)))
    assert await core.pool.claim(match.match_id, match.ticket_ids, match.formed_at)
    refusers, innocent = match.players
    await core.matchmaking.cancel(refusers.user_id, CancelTicket(ticket_id=refusers.ticket_id))
    await core.pool.settle(match.match_id)  # the worker goes on
    assert [entry.ticket_id for entry in await waiting(core.pool, first_pool(DUEL))] == [innocent.ticket_id]
    assert await broken_invariants(core.database) == []


async def test_tickets_the_pool_forgot_are_put_back(core: Core) -> None:
    tickets = await queued(core, 2)
    await core.redis.flushall()
    await core.pool.remove(tickets)  # the embedded pool is not in Redis
    assert await core.tick.run() == 0
    await core.recovery.refill_pool()
    assert await core.pool.unknown(tickets) == []
    assert await core.tick.run() == 1


async def test_deadlines_lost_with_redis_are_acted_on_from_the_documents(core: Core, clock: ManualClock) -> None:
    users, lobby = await seated(core)
    for user in users:
        await core.lobbies.set_ready(user, SetReady(ready=True))
    others = await players_named(core, ["late-1", "late-2"])
    match = await proposed(core, others)
    await core.redis.flushall()
    clock.advance(core.settings.match_accept_s + OVERDUE_S + 1)
    await core.worker.run_deadlines()
    await core.recovery.overdue()
    started = await core.database.collection(LOBBIES).get(lobby.id)
    cancelled = await core.database.collection(MATCHES).get(match.id)
    assert started is not None
    assert cancelled is not None
    assert (started.status, cancelled.status) == ("active", "cancelled")
    assert await broken_invariants(core.database) == []


async def players_named(core: Core, names: list[str]) -> list[UserId]:
    return [UserId((await core.users.create(username=name, display_name=name)).id) for name in names]


@pytest.mark.parametrize("spec", [MATCHES, TICKETS], ids=lambda spec: spec.name)
async def test_events_a_crash_left_unpublished_are_published_once(
    core: Core, clock: ManualClock, spec: Spec[Any]
) -> None:
    users = await players(core, 2)
    await proposed(core, users)
    (document, *_) = await everything(core.database, spec)
    stream = user_stream("matchmaking", users[0])
    event = to(stream, TicketExpired(ticket_id=TicketId("t")))
    await core.database.collection(spec).update(document.id, carrying([event], clock.now()))
    clock.advance(3)
    before = (await core.streams.positions([stream]))[stream].seq
    await core.recovery.sweep()
    await core.recovery.sweep()
    assert before + 1 == (await core.streams.positions([stream]))[stream].seq
    left: WithEvents | None = await core.database.collection(spec).get(document.id)
    assert left is not None
    assert (left.unpublished, left.unpublished_at) == ((), None)


async def test_a_player_who_stays_away_loses_the_seat_and_one_who_returns_keeps_it(
    core: Core, clock: ManualClock
) -> None:
    (stays, returns), _ = await seated(core)
    await connect(core.presence, [stays, returns])
    await core.recovery.sweep()
    assert {"connected"} == {member.connection for member in (await core.lobbies.sync(stays)).members}
    for user in (stays, returns):
        assert not (await put(core.presence, user)).elsewhere
    await core.grace.gone(stays, returns)
    assert {"grace"} == {member.connection for member in (await core.lobbies.sync(stays)).members}
    await connect(core.presence, [returns])
    await core.grace.back(returns)
    clock.advance(core.settings.grace_s)
    await core.worker.run_deadlines()
    members = (await core.lobbies.sync(returns)).members
    assert [(returns, "connected")] == [(member.user_id, member.connection) for member in members]
    assert await core.lobbies.seat_of(stays) is None
    assert await broken_invariants(core.database) == []


async def test_players_of_a_killed_instance_are_noticed_by_the_sweep(core: Core, clock: ManualClock) -> None:
    (here, killed), _ = await seated(core)
    await connect(core.presence, [here])
    await core.recovery.sweep()
    assert {"connected"} == {m.connection for m in (await core.lobbies.sync(here)).members}, "not sure yet"
    clock.advance(SURE_AFTER_S)
    await core.recovery.sweep()
    connections = {m.user_id: m.connection for m in (await core.lobbies.sync(here)).members}
    assert {here: "connected", killed: "grace"} == connections
    await connect(core.presence, [killed])
    await core.recovery.sweep()
    assert {"connected"} == {m.connection for m in (await core.lobbies.sync(here)).members}


async def test_a_waiting_player_who_stays_away_loses_the_ticket(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    await connect(core.presence, [two])
    match = await proposed(core, [one, two])
    await core.matchmaking.accept(two, AnswerMatch(match_id=match.match_id))
    await core.grace.gone(one)
    clock.advance(core.settings.grace_s)
    await core.recovery.overdue()
    await core.worker.run_deadlines()
    assert await core.matchmaking.status(one) is None
    status = await core.matchmaking.status(two)
    assert status is not None
    assert status.status == "queued"
    assert await broken_invariants(core.database) == []


def unleased_tick(core: Core) -> Tick:
    """The tick of a worker that thinks it is alone."""
    return Tick(
        pool=core.pool,
        games=core.games,
        expiry=core.matchmaking,
        proposals=core.proposals,
        board=core.board,
        ownership=Ownership(SoleLeases(), core.clock),
        clock=core.clock,
        report=report,
    )


async def test_two_workers_on_one_pool_double_book_nobody(tmp_path: Path, mongodb_url: str, redis_url: str) -> None:
    """1,000 tickets; the workers ignore the leases that would keep them apart."""
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with a_core(tmp_path, instance="a", **urls) as a, a_core(tmp_path, instance="b", **urls) as b:
        users = await players(a, 1000)
        for start in range(0, len(users), 40):
            batch = users[start : start + 40]
            await asyncio.gather(*((a, b)[n % 2].matchmaking.enqueue(user, DUEL) for n, user in enumerate(batch)))
        (key,) = await a.pool.pools()
        made, ticks = [0, 0], [unleased_tick(core) for core in (a, b)]
        while await a.pool.size(key):
            by_a, by_b = await asyncio.gather(*(tick.run() for tick in ticks))
            made = [made[0] + by_a, made[1] + by_b]
        matches = await everything(a.database, MATCHES)
        assert 500 == sum(made) == len(matches)
        assert all(made), "both workers took part"
        assert sorted(users) == sorted(user for match in matches for user in match.player_ids)
        assert await broken_invariants(a.database) == []
