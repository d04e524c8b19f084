"""A mode that is disabled, or a game that is removed, begins nothing new: who waits is told, what has begun goes on."""

import asyncio

import pytest

from domain.audit.model import CLI
from domain.core.errors import ValidationFailed
from domain.core.ids import GameId, UserId
from domain.games.commands import ReplaceGame
from domain.games.games import TTL_S
from domain.lobbies.commands import CreateLobby
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import TICKETS
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import DUEL, proposed
from tests.integration.matchmaking.test_party_life import heard
from tests.integration.matchmaking.test_schedule import HOUR_S, in_an_hour, pass_time
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants

ROCKET = GameId("rocket-league")


async def disable(core: Core, mode: str = "casual") -> None:
    """Says anew all of the game, with that mode disabled."""
    game = await core.catalogue.get(ROCKET)
    modes = [one.model_copy(update={"enabled": one.mode != mode}) for one in game.modes]
    await core.catalogue.replace(CLI, ROCKET, ReplaceGame(name=game.name, modes=modes))


async def status(core: Core, ticket_id: str) -> str:
    ticket = await core.database.collection(TICKETS).get(ticket_id)
    assert ticket is not None
    assert ticket.unpublished == ()
    return ticket.status


@pytest.mark.parametrize("removed", [False, True])
async def test_who_waits_is_told_and_free_at_the_next_tick(core: Core, removed: bool) -> None:
    ann, bob, eve = await players(core, 3)
    ticket = await core.matchmaking.enqueue(ann, DUEL)
    await core.tick.run()
    await (core.catalogue.remove(CLI, ROCKET) if removed else disable(core))
    assert await core.tick.run() == 0
    assert await status(core, ticket.id) == "cancelled"
    assert (await heard(core, ann))[-1] == ("ticket_cancelled", {"ticketId": ticket.id, "reason": "mode_disabled"})
    assert await core.matchmaking.status(ann) is None
    assert await core.pool.pools() == []
    with pytest.raises(ValidationFailed):
        await core.matchmaking.enqueue(bob, DUEL)
    with pytest.raises(ValidationFailed):
        await core.lobbies.create(eve, CreateLobby(game_id=ROCKET, mode="casual"))
    if not removed:
        assert (await core.matchmaking.enqueue(ann, ranked())).status == "queued"
    assert await broken_invariants(core.database) == []


def ranked() -> Criteria:
    return criteria("rocket-league", "ranked")


async def test_who_slips_in_where_the_change_is_not_known_yet_is_told_too(core: Core) -> None:
    """Another instance may not know of the change for a second: the tick looks at what waits, not at what changed."""
    ann, bob = await players(core, 2)
    await disable(core)
    stale = core.games.get

    async def before_the_change(game_id: GameId) -> object:
        game = await stale(game_id)
        assert game is not None
        return game.changed(modes=tuple(mode.model_copy(update={"enabled": True}) for mode in game.modes))

    core.games.get = before_the_change  # type: ignore[assignment]  # what the other instance still has
    tickets = [await core.matchmaking.enqueue(user, DUEL) for user in (ann, bob)]
    core.games.get = stale  # type: ignore[method-assign]
    assert await core.tick.run() == 0
    assert [await status(core, ticket.id) for ticket in tickets] == ["cancelled", "cancelled"]


async def test_who_has_another_game_waits_on_for_that_one(core: Core) -> None:
    ann, bob = await players(core, 2)
    both = criteria("rocket-league", "casual", groupSize={"min": 2, "max": 2}).model_dump(by_alias=True, mode="json")
    both["games"].append({"gameId": "valorant", "weight": 1})
    wish = Criteria.parse({name: value for name, value in both.items() if value is not None})
    first = await core.matchmaking.enqueue(ann, wish)
    await core.tick.run()
    await disable(core)
    await core.tick.run()
    assert await status(core, first.id) == "queued"
    await core.matchmaking.enqueue(bob, criteria("valorant", "casual", groupSize={"min": 2, "max": 2}))
    assert await core.tick.run() == 1
    assert await status(core, first.id) == "proposed"


async def test_a_match_that_was_proposed_goes_on(core: Core) -> None:
    users: list[UserId] = await players(core, 2)
    match = await proposed(core, users)
    await disable(core)
    await core.tick.run()
    await asyncio.gather(*(core.proposals.accept(user, match.match_id) for user in users))
    seat = await core.lobbies.seat_of(users[0])
    assert seat is not None
    assert await broken_invariants(core.database) == []


async def test_whose_match_fails_after_that_does_not_wait_for_nothing(core: Core) -> None:
    ann, bob = await players(core, 2)
    match = await proposed(core, [ann, bob])
    await disable(core)
    await core.proposals.accept(ann, match.match_id)
    await core.proposals.decline(bob, match.match_id)
    await core.tick.run()
    assert await core.matchmaking.status(ann) is None
    assert (await heard(core, ann))[-1][0] == "ticket_cancelled"


async def test_a_search_that_was_scheduled_is_told_when_it_would_begin(core: Core, clock: ManualClock) -> None:
    (ann,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(ann, in_an_hour(clock))
    await disable(core)
    clock.advance(TTL_S)
    await pass_time(core, clock, HOUR_S, ann)
    await core.tick.run()
    assert await status(core, ticket.id) == "cancelled"
