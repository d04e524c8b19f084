"""Blocks, as documents and as matchmaking honours them."""

import asyncio

import pytest

from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import TicketId, UserId
from domain.matchmaking.board import first_pool
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.model import MATCHES, TICKETS
from domain.matchmaking.pool import PoolPlayer
from domain.matchmaking.recent import OPPONENT_S
from domain.parties.commands import JoinParty
from domain.social import blocks
from domain.social.blocks import BlockLimit
from domain.social.commands import ToBlock
from domain.social.model import BLOCKS, Block
from domain.users.model import USERS
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import DUEL, proposed
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.pools import waiting as all_waiting


async def test_a_block_is_one_however_often_it_is_made_and_can_be_taken_back(core: Core) -> None:
    ann, bob = await players(core, 2)
    first = await core.blocks.block(ann, ToBlock(user_id=bob))
    assert [first] * 3 == await asyncio.gather(*(core.blocks.block(ann, ToBlock(user_id=bob)) for _ in range(3)))
    assert len(await everything(core.database, BLOCKS)) == 1
    for _ in range(2):
        await core.blocks.unblock(ann, ToBlock(user_id=bob))
    assert await everything(core.database, BLOCKS) == []


async def test_blocks_are_asked_for_in_both_ways(core: Core) -> None:
    ann, bob, eve = await players(core, 3)
    for blocker, blocked in [(ann, eve), (ann, bob), (eve, bob)]:
        await core.blocks.block(blocker, ToBlock(user_id=blocked))
    found = await core.blocks.blocked_by([ann, bob])
    assert {ann: {eve, bob}, bob: set()} == {user: set(blocked) for user, blocked in found.items()}
    assert {(ann, eve)} == await core.blocks.between([ann, eve])
    assert {(ann, eve), (ann, bob), (eve, bob)} == await core.blocks.between([bob, eve, ann])


async def test_nobody_blocks_themselves_or_a_stranger_to_the_server(core: Core) -> None:
    (ann,) = await players(core, 1)
    with pytest.raises(ValidationFailed) as refused:
        await core.blocks.block(ann, ToBlock(user_id=ann))
    assert [fault["field"] for fault in refused.value.faults] == ["userId"]
    with pytest.raises(NotFound):
        await core.blocks.block(ann, ToBlock(user_id=UserId("nobody")))


async def test_a_player_blocks_no_more_than_the_limit(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob, eve = await players(core, 3)
    monkeypatch.setattr(blocks, "LIMIT", 1)
    await core.blocks.block(ann, ToBlock(user_id=bob))
    with pytest.raises(BlockLimit) as refused:
        await core.blocks.block(ann, ToBlock(user_id=eve))
    assert refused.value.details == {"limit": 1}
    await core.blocks.block(ann, ToBlock(user_id=bob))
    await core.blocks.unblock(ann, ToBlock(user_id=bob))
    await core.blocks.block(ann, ToBlock(user_id=eve))


async def waiting(core: Core, user: UserId) -> PoolPlayer:
    """The user as their waiting ticket has them."""
    status = await core.matchmaking.status(user)
    assert status is not None
    ticket = await core.database.collection(TICKETS).get(status.id)
    assert ticket is not None
    assert await core.pool.unknown([status.id]) == []
    return next(player for player in ticket.players if player.user_id == user)


@pytest.mark.parametrize("blocker", [0, 1])
async def test_two_of_whom_one_has_blocked_the_other_are_in_no_match_together(core: Core, blocker: int) -> None:
    """Whatever the index says: the documents are asked before the match is written."""
    users = await players(core, 2)
    for user in users:
        await core.matchmaking.enqueue(user, DUEL)
    block = ToBlock(user_id=users[1 - blocker])
    await core.blocks.block(users[blocker], block)
    assert await core.tick.run() == 0
    assert await everything(core.database, MATCHES) == []
    assert (await waiting(core, users[blocker])).blocked == (users[1 - blocker],)
    await core.blocks.unblock(users[blocker], block)
    assert (await waiting(core, users[blocker])).blocked == ()
    assert await core.tick.run() == 1
    assert await broken_invariants(core.database) == []


async def test_a_block_the_index_has_not_heard_of_is_honoured_and_then_known(core: Core) -> None:
    ann, bob = await players(core, 2)
    for user in (ann, bob):
        await core.matchmaking.enqueue(user, DUEL)
    block = Block(id=f"{ann}:{bob}", blocker_id=ann, blocked_id=bob, created_at=core.clock.now())
    await core.database.collection(BLOCKS).insert(block)  # all that a process had written when it died
    assert (await waiting(core, ann)).blocked == ()
    assert await core.tick.run() == 0
    assert (await waiting(core, ann)).blocked == (bob,)
    assert await broken_invariants(core.database) == []


async def test_a_pool_that_has_not_heard_of_what_the_tickets_know_learns_it(core: Core) -> None:
    """Else the two would be grouped, and refused, in every tick, and meet nobody else."""
    ann, bob = await players(core, 2)
    for user in (ann, bob):
        await core.matchmaking.enqueue(user, DUEL)
    pool = first_pool(DUEL)
    before = await all_waiting(core.pool, pool)
    await core.blocks.block(ann, ToBlock(user_id=bob))
    await core.pool.replace(*before)  # Redis was away, or a slower process spoke last
    assert await core.tick.run() == 0
    assert {player.blocked for entry in await all_waiting(core.pool, pool) for player in entry.players} == {
        (),
        (bob,),
    }


async def test_a_party_may_hold_players_who_have_blocked_each_other_and_is_matched_with_others(core: Core) -> None:
    ann, bob, eve = await players(core, 3)
    party = await core.parties.create(ann)
    await core.parties.join(bob, JoinParty(join_code=party.join_code))
    await core.blocks.block(bob, ToBlock(user_id=ann))
    acquaintances = [[ann, bob], [eve]]
    assert not await core.acquaintances.at_odds(acquaintances)
    await core.blocks.block(eve, ToBlock(user_id=bob))
    assert await core.acquaintances.at_odds(acquaintances)


async def test_a_ticket_knows_whom_its_players_have_blocked_and_met_and_their_karma(
    core: Core, clock: ManualClock
) -> None:
    one, two, three = await players(core, 3)
    await core.database.collection(USERS).update(one, {"$set": {"karma": -3}})
    await core.blocks.block(one, ToBlock(user_id=three))
    match = await proposed(core, [one, two])
    for user in (one, two):
        await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    await core.lobbies.leave(one)
    await core.matchmaking.enqueue(one, DUEL)
    player = await waiting(core, one)
    assert (player.karma, player.blocked, player.avoided) == (-3, (three,), (two,))
    await core.matchmaking.cancel(one, CancelTicket(ticket_id=await ticket_id(core, one)))
    clock.advance(OPPONENT_S)
    await core.matchmaking.enqueue(one, DUEL)
    assert (await waiting(core, one)).avoided == ()


async def test_the_innocent_of_a_declined_match_avoids_the_decliner_at_once(core: Core) -> None:
    one, two = await players(core, 2)
    match = await proposed(core, [one, two])
    await core.matchmaking.decline(two, AnswerMatch(match_id=match.match_id))
    assert (await waiting(core, one)).avoided == (two,)
    assert await broken_invariants(core.database) == []


async def ticket_id(core: Core, user: UserId) -> TicketId:
    status = await core.matchmaking.status(user)
    assert status is not None
    return status.id
