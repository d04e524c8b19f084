"""Players who wait are told why, by the worker's tick and by whatever gateway they ask."""

from domain.core.clock import seconds
from domain.matchmaking.estimates import Wait, Waits
from domain.matchmaking.pool import PoolKey, PoolStatistics
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_isolation import Ear
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players

KEY = PoolKey(criteria("rocket-league").games[0].game_id, "casual")


async def test_the_tick_tells_what_keeps_a_ticket(core: Core) -> None:
    """Two who each insist on another region: it is the region that keeps them apart."""
    for user, region in zip(await players(core, 2), ("EU", "US"), strict=True):
        wish = criteria("rocket-league", regions=[region], regionPreference="strict", groupSize={"min": 2, "max": 2})
        await core.matchmaking.enqueue(user, wish)
    ear = Ear()
    core.publisher.attach(ear)
    await core.tick.run()
    told = [delivery for delivery in ear.heard if b'"ticket_updated"' in delivery.packet]
    assert len(told) == 2
    for delivery in told:
        assert b'"blockers":[{"rule":"region","rejected":1.0}]' in delivery.packet
        assert b'"relaxed":[{"rule":"skill","step":0,"limit":100.0}' in delivery.packet
        assert b'"poolSize":2' in delivery.packet


async def test_a_gateway_answers_by_what_the_owner_of_the_pool_has_learned(core: Core, clock: ManualClock) -> None:
    """The size, the estimate with its range, and steps that come as slowly as they do in a busy pool."""
    (user,) = await players(core, 1)
    waits = Waits().plus(Wait(ms=1000 * number, rating=1500, players=1) for number in range(1, 60))
    await core.pool.write_statistics(KEY, PoolStatistics(stretch=3, waits=waits))
    ticket = await core.matchmaking.enqueue(user, criteria("rocket-league"))
    assert ticket.pool_size == 1
    assert ticket.estimated_wait_ms == 30_000
    assert ticket.estimated_wait_range is not None
    assert (ticket.estimated_wait_range.from_ms, ticket.estimated_wait_range.to_ms) == (6000, 54_000)
    assert ticket.next_relaxation_at == ticket.created_at + seconds(15)
    clock.advance(16)
    later = await core.matchmaking.status(user)
    assert later is not None
    assert later.relaxation_level == 1
    assert later.estimated_wait_ms is not None
    assert later.estimated_wait_ms > 30_000, "it has waited longer than a quarter of the others"
