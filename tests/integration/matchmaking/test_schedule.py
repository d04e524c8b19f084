"""Scheduled tickets: searches that begin later, once their players can."""

import asyncio

import pytest

from domain.core.clock import seconds
from domain.core.errors import ValidationFailed
from domain.core.ids import TicketId, UserId
from domain.matchmaking.commands import CancelTicket
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import TICKETS, Ticket
from domain.matchmaking.recovery import OVERDUE_S
from domain.matchmaking.schedule import GIVE_UP_S, RETRY_S, AlreadyScheduled
from domain.parties.commands import JoinParty
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_cooldowns import refuse
from tests.integration.matchmaking.test_main_job import DUEL
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.connections import connect
from tests.support.cores import players
from tests.support.invariants import broken_invariants

HOUR_S = 3600.0


def in_an_hour(clock: ManualClock, **fields: object) -> Criteria:
    """The wish for a duel an hour from now."""
    at = (clock.now() + seconds(HOUR_S)).isoformat()
    return criteria("rocket-league", "casual", groupSize={"min": 2, "max": 2}, scheduledAt=at, **fields)


async def stored(core: Core, ticket_id: str) -> Ticket:
    """The ticket's document."""
    ticket = await core.database.collection(TICKETS).get(ticket_id)
    assert ticket is not None
    return ticket


async def pass_time(core: Core, clock: ManualClock, count: float, *users: UserId) -> None:
    """Lets so many seconds pass, at the end of which the users are connected, and what is due be done."""
    clock.advance(count)
    await connect(core.presence, users)
    await core.worker.run_deadlines()


async def test_a_scheduled_search_begins_in_its_time_and_waits_from_then_on(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    ticket = await core.matchmaking.enqueue(one, in_an_hour(clock))
    assert (ticket.status, ticket.waited_ms, ticket.pool_size) == ("scheduled", 0, 0)
    assert await core.lobbies.seat_of(one) is None
    assert await core.matchmaking.status(one) == ticket
    await pass_time(core, clock, HOUR_S - 1, one)
    assert (await stored(core, ticket.id)).status == "scheduled"
    await pass_time(core, clock, 1, one)
    began = await core.matchmaking.status(one)
    assert began is not None
    assert (began.id, began.status, began.waited_ms) == (ticket.id, "queued", 0)
    await core.matchmaking.enqueue(two, DUEL)
    assert await core.tick.run() == 1
    assert await broken_invariants(core.database) == []


async def test_a_player_may_search_meanwhile_but_schedules_only_once(core: Core, clock: ManualClock) -> None:
    (user,) = await players(core, 1)
    wish = in_an_hour(clock)
    answers = await asyncio.gather(*(core.matchmaking.enqueue(user, wish) for _ in range(5)), return_exceptions=True)
    (ticket,) = [answer for answer in answers if not isinstance(answer, BaseException)]
    refused = [answer.details for answer in answers if isinstance(answer, AlreadyScheduled)]
    assert refused == [{"ticketId": ticket.id}] * 4
    queued = await core.matchmaking.enqueue(user, DUEL)
    assert await core.matchmaking.status(user) == queued
    await core.matchmaking.cancel(user, CancelTicket(ticket_id=queued.id))
    assert await core.matchmaking.status(user) == ticket
    assert (await core.matchmaking.cancel(user, CancelTicket(ticket_id=ticket.id))).status == "cancelled"
    assert await core.matchmaking.status(user) is None
    await core.matchmaking.enqueue(user, wish)
    assert await broken_invariants(core.database) == []


async def test_who_is_busy_begins_when_free(core: Core, clock: ManualClock) -> None:
    (user,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(user, in_an_hour(clock))
    clock.advance(HOUR_S - 60)
    other = await core.matchmaking.enqueue(user, DUEL)
    await pass_time(core, clock, 60, user)
    assert (await stored(core, ticket.id)).due_at == clock.now() + seconds(RETRY_S)
    await core.matchmaking.cancel(user, CancelTicket(ticket_id=other.id))
    await pass_time(core, clock, RETRY_S, user)
    assert (await stored(core, ticket.id)).status == "queued"
    assert await broken_invariants(core.database) == []


async def test_who_is_on_cooldown_begins_after_it(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    ticket = await core.matchmaking.enqueue(one, in_an_hour(clock))
    clock.advance(HOUR_S - 1)
    await refuse(core, one, two)
    await refuse(core, one, two)
    await pass_time(core, clock, 1, one)
    assert (await stored(core, ticket.id)).status == "scheduled"
    await pass_time(core, clock, RETRY_S, one)
    assert (await stored(core, ticket.id)).status == "queued"


async def test_who_stays_away_for_an_hour_is_told_that_the_ticket_expired(core: Core, clock: ManualClock) -> None:
    (user,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(user, in_an_hour(clock))
    await pass_time(core, clock, HOUR_S)
    assert (await stored(core, ticket.id)).status == "scheduled"
    for _ in range(int(GIVE_UP_S / RETRY_S)):
        await pass_time(core, clock, RETRY_S)
    expired = await stored(core, ticket.id)
    assert (expired.status, expired.unpublished) == ("expired", ())
    assert await broken_invariants(core.database) == []


async def test_a_scheduled_search_survives_the_loss_of_redis(core: Core, clock: ManualClock) -> None:
    (user,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(user, in_an_hour(clock))
    await core.redis.flushall()
    await pass_time(core, clock, HOUR_S + OVERDUE_S + 1, user)
    assert (await stored(core, ticket.id)).status == "scheduled"
    await core.recovery.overdue()
    assert (await stored(core, ticket.id)).status == "queued"


async def test_two_workers_begin_a_search_once(core: Core, clock: ManualClock) -> None:
    (user,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(user, in_an_hour(clock))
    clock.advance(HOUR_S + OVERDUE_S + 1)
    await connect(core.presence, [user])
    await asyncio.gather(core.worker.run_deadlines(), core.recovery.overdue(), core.recovery.overdue())
    assert (await stored(core, ticket.id)).status == "queued"
    assert await core.pool.unknown([TicketId(ticket.id)]) == []
    assert await broken_invariants(core.database) == []


async def test_a_party_begins_together_and_only_while_it_is_the_same(core: Core, clock: ManualClock) -> None:
    one, two, three = await players(core, 3)
    party = await core.parties.create(one)
    await core.parties.join(two, JoinParty(join_code=party.join_code))
    at = (clock.now() + seconds(HOUR_S)).isoformat()
    ticket = await core.matchmaking.enqueue(one, criteria("rocket-league", "casual", scheduledAt=at, party=[two]))
    assert await core.matchmaking.status(two) == ticket
    await core.parties.join(three, JoinParty(join_code=party.join_code))
    await pass_time(core, clock, HOUR_S, one, two, three)
    assert (await stored(core, ticket.id)).status == "scheduled"
    await core.parties.leave(three)
    await pass_time(core, clock, RETRY_S, one, two)
    began = await stored(core, ticket.id)
    assert (began.status, [player.user_id for player in began.players]) == ("queued", [one, two])
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize(("offset_s", "status"), [(-30, "queued"), (0, "queued"), (7 * 86_400, "scheduled")])
async def test_a_moment_that_has_just_passed_means_now(
    core: Core, clock: ManualClock, offset_s: float, status: str
) -> None:
    (user,) = await players(core, 1)
    at = (clock.now() + seconds(offset_s)).isoformat()
    ticket = await core.matchmaking.enqueue(user, criteria("rocket-league", "casual", scheduledAt=at))
    assert ticket.status == status


@pytest.mark.parametrize("offset_s", [-61, 7 * 86_400 + 1])
async def test_moments_long_past_or_far_ahead_are_refused(core: Core, clock: ManualClock, offset_s: float) -> None:
    (user,) = await players(core, 1)
    at = (clock.now() + seconds(offset_s)).isoformat()
    with pytest.raises(ValidationFailed) as refused:
        await core.matchmaking.enqueue(user, criteria("rocket-league", "casual", scheduledAt=at))
    assert [fault["field"] for fault in refused.value.faults] == ["scheduledAt"]
    assert await core.matchmaking.status(user) is None
