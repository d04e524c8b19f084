"""The tick, on a pool in memory and a clock moved by hand."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from domain.core.clock import ms_between
from domain.core.ids import GameId, TicketId
from domain.games.model import Game, GroupSize, Mode
from domain.matchmaking.pool import PoolEntry
from domain.matchmaking.served import UPDATE_EVERY_S
from storage.memory.tickets import MemoryTicketPool
from tests.support.builders import a_pool_entry
from tests.support.clock import ManualClock
from tests.support.ticks import CHESS, TICKET_MAX_S, World

DUEL = Mode(mode="casual", group_size=GroupSize(min=2, max=2))
TRIO = Mode(mode="casual", group_size=GroupSize(min=3, max=3))
HERE = {"regions": ["EU"], "regionPreference": "strict"}


def entries(world: World, count: int, **fields: Any) -> list[PoolEntry]:
    """Tickets that begin to wait now, who take anybody."""
    return [a_pool_entry(queued_at=world.clock.now(), skillPreference="any", **fields) for _ in range(count)]


async def test_a_ticket_that_comes_is_matched_in_the_next_tick() -> None:
    world = World(DUEL)
    one, two = entries(world, 2)
    await world.pool.add(one)
    assert await world.tick.run() == 0
    await world.pool.add(two)
    assert await world.tick.run() == 1
    assert {one.ticket_id, two.ticket_id} == set(world.proposed[0].ticket_ids)
    assert await world.tick.run() == 0
    assert await world.pool.pools() == []


async def test_a_ticket_that_left_is_in_no_group() -> None:
    world = World(DUEL)
    (one,) = entries(world, 1)
    await world.pool.add(one)
    await world.tick.run()
    await world.pool.remove([one.ticket_id])
    await world.pool.add(*entries(world, 1))
    assert await world.tick.run() == 0


async def test_a_replaced_ticket_is_matched_as_it_is_now() -> None:
    world = World(DUEL)
    one, two = [entries(world, 1, regions=[name], regionPreference="strict")[0] for name in ("EU", "US")]
    await world.pool.add(one, two)
    assert await world.tick.run() == 0
    (moved,) = entries(world, 1, **HERE)
    await world.pool.replace(two.model_copy(update={"criteria": moved.criteria}))
    assert await world.tick.run() == 1


async def test_tickets_of_a_group_that_somebody_broke_wait_on() -> None:
    """They are in the groups of the next tick."""
    world = World(DUEL)
    one, two = entries(world, 2)
    await world.pool.add(one, two)
    world.spoiled.add(one.ticket_id)
    assert [await world.tick.run() for _ in range(2)] == [0, 0]
    world.spoiled.clear()
    assert await world.tick.run() == 1


async def test_a_proposal_that_fails_keeps_nobody_from_the_next_tick() -> None:
    """The failure is reported; the other groups of the tick, and later its own tickets, get their matches."""
    world = World(DUEL)
    await world.pool.add(*entries(world, 40))
    broken = [ValueError("broken")]

    def fail_once() -> None:
        if broken:
            raise broken.pop()

    world.on_propose = fail_once
    await world.tick.run()
    assert [str(error) for error in world.reported] == ["broken"]
    await world.tick.run()
    assert len(world.proposed) == 20


async def test_a_mode_that_changes_is_played_by_its_new_rules() -> None:
    world = World(DUEL)
    await world.pool.add(*entries(world, 3))
    assert await world.tick.run() == 1
    world.games[CHESS.game_id] = Game(
        id="chess", name="Chess", modes=(Mode(mode="casual", group_size=GroupSize(min=3, max=3)),)
    )
    await world.pool.add(*entries(world, 1))
    assert await world.tick.run() == 0
    await world.pool.add(*entries(world, 1))
    assert await world.tick.run() == 1


@pytest.mark.parametrize("other_game", [True, False])
async def test_tickets_expire_in_time_in_every_pool_and_whatever_the_catalogue_says(other_game: bool) -> None:
    """A ticket waits on in a pool that nobody plays in as long as it has another game."""
    world = World(DUEL)
    (one,) = entries(world, 1)
    await world.pool.add(one)
    await world.tick.run()
    if other_game:
        world.elsewhere.add(one.ticket_id)
        del world.games[CHESS.game_id]
    await world.run(until_s=TICKET_MAX_S, every_s=10)
    assert world.expired == []
    await world.run(until_s=10, every_s=1)
    assert world.expired == [one.ticket_id]
    assert world.cancelled == []


@pytest.mark.parametrize("modes", [(), (Mode(mode="casual", enabled=False),)])
async def test_a_mode_that_is_taken_away_or_disabled_has_no_matches_and_no_tickets_in_the_next_tick(
    modes: tuple[Mode, ...],
) -> None:
    world = World(DUEL)
    (one, two) = entries(world, 2)
    await world.pool.add(one)
    await world.tick.run()
    world.games[CHESS.game_id] = Game(id="chess", name="Chess", modes=modes)
    await world.pool.add(two)
    assert await world.tick.run() == 0
    assert {*world.cancelled} == {one.ticket_id, two.ticket_id}
    assert await world.pool.size(CHESS) == 0


async def test_who_waits_is_told_why_at_least_every_five_seconds() -> None:
    """With a tick each second; the first time at once."""
    world = World(DUEL)
    start = world.clock.now()
    kept_apart = [entries(world, 1, regions=[name], regionPreference="strict")[0] for name in ("EU", "US", "CN")]
    await world.pool.add(*kept_apart)
    await world.run(until_s=60)
    for entry in kept_apart:
        told = [at for at, ticket_id, _, state in world.shown if ticket_id == entry.ticket_id and state.size == 3]
        times = [*told, world.clock.now()]
        gaps = [ms_between(earlier, later) for earlier, later in pairwise(times)]
        assert told[0] == start
        assert max(gaps) <= 5000, gaps


async def test_who_relaxes_is_told_in_that_very_tick() -> None:
    world = World(DUEL)
    (one,) = entries(world, 1)
    await world.pool.add(one)
    await world.tick.run()
    steps: list[datetime] = []
    for _ in range(700):
        _, _, explanation, _ = world.shown[-1]
        if explanation.next_relaxation_at and explanation.next_relaxation_at not in steps:
            steps.append(explanation.next_relaxation_at)
        world.clock.advance(0.1)
        await world.tick.run()
    assert len(steps) > 2
    assert {*steps} <= {at for at, *_ in world.shown}


async def test_a_pool_that_grows_a_lot_is_told_of() -> None:
    world = World(DUEL)
    first = entries(world, 4, **HERE, groupSize={"min": 3, "max": 3})  # no such size here: they wait
    await world.pool.add(*first)
    await world.tick.run()
    world.clock.advance(0.1)
    world.shown.clear()
    await world.tick.run()
    assert world.shown == []
    await world.pool.add(*entries(world, 4, groupSize={"min": 3, "max": 3}))
    await world.tick.run()
    assert {entry.ticket_id for entry in first} < set(world.times_shown())
    assert {state.size for *_, state in world.shown} == {8}


async def test_only_the_pool_of_its_first_game_tells_of_a_ticket() -> None:
    world = World(DUEL)
    world.games[GameId("go")] = Game(id="go", name="Go", modes=(DUEL,))
    both = a_pool_entry(queued_at=world.clock.now(), games=[{"gameId": "go"}, {"gameId": "chess"}])
    await world.pool.add(both)
    await world.tick.run()
    assert world.times_shown() == {both.ticket_id: 1}


async def test_players_learn_from_the_waits_of_others() -> None:
    """Once enough were matched, those who wait are told how long it takes, and gateways and the next owner know."""
    world = World(DUEL)
    for number in range(60):
        one, two = entries(world, 2)
        await world.pool.add(one)
        await world.tick.run()
        world.clock.advance(2 + number % 3)
        await world.pool.add(two)
        await world.tick.run()
    waits = (await world.pool.statistics(CHESS)).waits
    assert {wait.ms for wait in waits.last} == {2000, 3000, 4000}
    other = World(DUEL, pool=world.pool, clock=world.clock)
    await other.pool.add(*entries(world, 1))
    await other.tick.run()
    assert other.shown[-1][-1].statistics.waits == waits


async def test_a_pool_whose_lease_is_lost_is_left_alone() -> None:
    """Even in the middle of a tick: what was not proposed is left to the new owner."""
    world = World(DUEL)
    await world.pool.add(*entries(world, 100))
    world.on_propose = lambda: world.clock.advance(0.2)
    made = await world.tick.run()
    assert 0 < made < 50
    assert await world.pool.size(CHESS) == 100 - 2 * made


async def test_a_run_is_repeatable() -> None:
    """The same tickets at the same times make the same matches in the same order."""

    async def run() -> list[list[TicketId]]:
        world = World(DUEL, clock=ManualClock(ManualClock().now().replace(year=2030, microsecond=0)))
        for second in range(20):
            await world.pool.add(
                *(
                    a_pool_entry(rating=1000 + (second * 37 + n * 91) % 1000, queued_at=world.clock.now()).model_copy(
                        update={"ticket_id": TicketId(f"{second}-{n}")}
                    )
                    for n in range(5)
                )
            )
            await world.tick.run()
            world.clock.advance(1)
        return [group.ticket_ids for group in world.proposed]

    first = await run()
    assert len(first) > 10
    assert first == await run()


async def test_everybody_is_served_while_pools_come_and_go() -> None:
    """A pool that was empty for long is dropped, and read again when somebody comes."""
    world = World(DUEL)
    for _ in range(3):
        await world.pool.add(*entries(world, 2))
        assert await world.tick.run() == 1
        await world.run(until_s=70, every_s=5)


@pytest.mark.parametrize("tickets", [1, 100])
async def test_a_closed_tick_starts_anew(tickets: int) -> None:
    world = World(DUEL, pool=MemoryTicketPool())
    await world.pool.add(*entries(world, tickets, **HERE, groupSize={"min": 3, "max": 3}))
    await world.tick.run()
    await world.tick.close()
    await world.pool.add(*entries(world, 2))
    world.clock.advance(UPDATE_EVERY_S)
    assert await world.tick.run() == 1
