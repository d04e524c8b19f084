"""Replacement: a match's lobby that loses a player asks for another one by itself, where its mode says so."""

import pytest

from domain.core.ids import TicketId
from domain.games.model import GAMES
from domain.jobs.model import JOBS
from domain.lobbies.commands import CreateLobby, JoinLobby
from domain.lobbies.follow_ups import REPLACE
from domain.lobbies.model import LOBBIES
from domain.matchmaking.commands import CancelTicket
from domain.matchmaking.model import TICKETS
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_backfill import a_game
from tests.support.clock import ManualClock
from tests.support.invariants import broken_invariants, everything


@pytest.mark.parametrize("replaces", [True, False])
async def test_who_leaves_a_match_is_replaced_if_the_mode_says_so(core: Core, replaces: bool) -> None:
    """The job is written with the leaving. Done twice it is one ticket, and one that is not wanted can be cancelled."""
    await replacing(core, replaces)
    stay, lobby, _ = await a_game(core)
    await work(core)
    await core.database.commit(core.jobs.new(REPLACE, {"lobbyId": lobby.id}))
    await work(core)
    tickets = [ticket for ticket in await everything(core.database, TICKETS) if ticket.backfill_of == lobby.id]
    assert len(tickets) == (1 if replaces else 0)
    for ticket in tickets:
        assert ticket.opening.free == 1
        await core.matchmaking.cancel(stay[0], CancelTicket(ticket_id=TicketId(ticket.id)))
    assert await broken_invariants(core.database) == []


async def test_a_player_whose_grace_is_over_is_replaced_and_one_who_comes_back_is_not(
    core: Core, clock: ManualClock
) -> None:
    await replacing(core, True)
    stay, lobby, _ = await a_game(core, without=0)
    await core.database.collection(LOBBIES).update(lobby.id, {"$set": {"status": "active", "active_at": clock.now()}})
    await core.grace.gone(stay[3])
    assert await everything(core.database, JOBS) == []
    clock.advance(core.settings.grace_s)
    await core.grace.elapse(stay[3])
    await work(core)
    (ticket,) = [ticket for ticket in await everything(core.database, TICKETS) if ticket.backfill_of]
    assert (ticket.backfill_of, ticket.status, ticket.opening.free) == (lobby.id, "queued", 1)


async def test_a_lobby_that_is_closed_full_again_or_not_of_a_match_asks_for_nobody(core: Core) -> None:
    await replacing(core, True)
    stay, lobby, _ = await a_game(core)
    for user in stay:
        await core.lobbies.leave(user)
    await work(core)
    made = await core.lobbies.create(stay[0], CreateLobby(game_id=lobby.game_id, mode="competitive"))
    await core.lobbies.join(stay[1], JoinLobby(join_code=made.settings.join_code))
    await core.lobbies.leave(stay[1])
    await work(core)
    assert [ticket for ticket in await everything(core.database, TICKETS) if ticket.backfill_of] == []


async def replacing(core: Core, wanted: bool) -> None:
    """Says whether the mode replaces who leaves."""
    games = core.database.collection(GAMES)
    game = await games.get("rocket-league")
    assert game is not None
    modes = tuple(mode.model_copy(update={"replace_leavers": wanted}) for mode in game.modes)
    await games.update(game.id, {"$set": {"modes": modes}})


async def work(core: Core) -> None:
    """Does all jobs that are due."""
    await core.runner.poll()
    await core.runner.idle()
