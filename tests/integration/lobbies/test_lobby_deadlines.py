"""What time does to lobbies: ready checks, games that take too long, results, and spectators who stay away."""

import pytest

from domain.core.clock import seconds
from domain.core.ids import MatchId, UserId
from domain.lobbies.commands import SetReady, Spectate
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS
from domain.lobbies.rules import NotInLobby
from domain.matchmaking.commands import Result
from domain.matchmaking.model import MATCHES
from maoga.bootstrap import Core
from tests.support.builders import a_match
from tests.support.clock import ManualClock
from tests.support.connections import connect
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.lobbies import a_lobby, enter, opened


@pytest.mark.parametrize("index_is_lost", [False, True])
async def test_time_ends_ready_checks_and_games_also_without_the_index(
    core: Core, clock: ManualClock, index_is_lost: bool
) -> None:
    async def time_passes(seconds: float) -> None:
        clock.advance(seconds)
        if index_is_lost:
            clock.advance(3)
            await core.recovery.overdue()
        else:
            await core.worker.run_deadlines()

    ann, bob, cid = await players(core, 3)
    lobby = await opened(core, ann, settings={"removeUnready": True})
    for user in (bob, cid):
        await enter(core, user, lobby)
    checked = await core.lobbies.ready_check(ann)
    assert checked.ready_by is not None
    for user in (bob, ann):
        await core.lobbies.set_ready(user, SetReady(ready=True))
    await time_passes(core.settings.lobby_ready_check_s)
    counting = await core.lobbies.sync(ann)
    assert (counting.status, [member.user_id for member in counting.members]) == ("countdown", [ann, bob])
    await enter_is_open_again(core, cid)
    await time_passes(core.settings.lobby_countdown_s)
    assert (await core.lobbies.sync(ann)).status == "active"
    await time_passes(core.settings.lobby_active_max_s)
    closed = await core.lobbies.get(lobby.id)
    assert closed is not None
    assert (closed.status, closed.close_reason, closed.join_code) == ("closed", "expired", None)
    with pytest.raises(NotInLobby):
        await core.lobbies.sync(bob)
    assert await broken_invariants(core.database) == []


async def enter_is_open_again(core: Core, user: UserId) -> None:
    """Who lost the place is free to go elsewhere."""
    elsewhere = await opened(core, user)
    assert (await core.lobbies.leave(user)).id == elsewhere.id


async def test_who_watches_and_stays_away_makes_room(core: Core, clock: ManualClock) -> None:
    host, gone, back = await players(core, 3)
    lobby = await opened(core, host, settings={"visibility": "public", "allowSpectators": True})
    for user in (gone, back):
        await core.lobbies.spectate(user, Spectate(lobby_id=lobby.id))
    await core.recovery.sweep()
    await connect(core.presence, [host, back])
    clock.advance(core.settings.grace_s - 1)
    await connect(core.presence, [host, back])
    await core.recovery.sweep()
    assert (await core.lobbies.view(host, lobby.id)).spectators == [gone, back]
    clock.advance(1)
    await core.recovery.sweep()
    assert (await core.lobbies.view(host, lobby.id)).spectators == [back]
    assert [seat.id for seat in await everything(core.database, SPECTATOR_SEATS)] == [back]


@pytest.mark.parametrize("index_is_lost", [False, True])
async def test_the_result_of_its_match_closes_a_lobby(core: Core, clock: ManualClock, index_is_lost: bool) -> None:
    ann, bob = await players(core, 2)
    lobby_id = await a_lobby(core, ann, bob, match_id=MatchId("m1"))
    later = {"$set": {"idle_at": clock.now() + seconds(core.settings.lobby_idle_s)}}
    assert await core.database.collection(LOBBIES).update(lobby_id, later) is not None
    match = a_match([ann], [bob], id="m1", formed_at=clock.now())
    await core.database.collection(MATCHES).insert(match)
    await core.results.decide(match.match_id, Result(places=[[ann], [bob]]))
    if index_is_lost:
        clock.advance(3)
        await core.recovery.overdue()
    else:
        await core.worker.run_deadlines()
    closed = await core.lobbies.get(lobby_id)
    assert closed is not None
    assert (closed.status, closed.close_reason) == ("closed", "finished")
    assert await everything(core.database, SEATS) == []
    with pytest.raises(NotInLobby):
        await core.lobbies.sync(ann)


async def test_a_lobby_that_waits_for_its_server_is_not_looked_at_by_the_sweep(core: Core, clock: ManualClock) -> None:
    """It is a job's; however many there are, those that are overdue have room before them."""
    waiting, overdue = await players(core, 2)
    for user in (waiting, overdue):
        await opened(core, user, capacity={"min": 1, "max": 2})
        await core.lobbies.set_ready(user, SetReady(ready=True))
    (first, second) = [await core.lobbies.sync(user) for user in (waiting, overdue)]
    await core.database.collection(LOBBIES).update(first.id, {"$set": {"allocating": True}})
    clock.advance(core.settings.lobby_countdown_s + 3)
    assert [lobby.id for lobby in await core.lobby_upkeep.overdue(clock.now(), 1)] == [second.id]
