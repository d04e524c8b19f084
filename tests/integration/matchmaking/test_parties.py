"""Parties and their tickets: the use cases together, on the embedded default and on real servers."""

import pytest

from domain.core.errors import NotFound, ValidationFailed
from domain.core.events import user_stream
from domain.lobbies.model import SEATS
from domain.lobbies.seats import AlreadyInLobby, AlreadyQueued
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.matchmaking import PartyMemberBusy, PartyMismatch
from domain.matchmaking.model import MATCHES
from domain.parties.commands import JoinParty
from domain.parties.model import PARTY_SEATS
from domain.parties.rules import NotPartyLeader, PartyFull
from domain.parties.search import MatchPending
from domain.social.commands import ToBlock
from maoga.bootstrap import Core
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.parties import POOL, a_party, about, accept, fives, group_of, proposed, ticket
from tests.support.pools import waiting as all_waiting


async def test_a_party_waits_as_one_is_proposed_a_match_as_one_and_meets_in_the_lobby_on_one_team(core: Core) -> None:
    ann, bob, cid, dan = await players(core, 4)
    await a_party(core, ann, bob)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    assert ours.party_ids == [ann, bob]
    for user in (ann, bob):
        mine = await core.matchmaking.status(user)
        assert mine is not None
        assert mine.id == ours.id
    await a_party(core, cid, dan)
    theirs = await core.matchmaking.enqueue(cid, fives(dan))
    match = await proposed(core, ours.id, theirs.id)
    assert {player.user_id: player.ticket_id for player in match.players} == {
        ann: ours.id,
        bob: ours.id,
        cid: theirs.id,
        dan: theirs.id,
    }
    assert await all_waiting(core.pool, POOL) == []
    await accept(core, match.match_id, ann, cid, dan)
    assert (await ticket(core, ours.id)).status == "proposed"
    await accept(core, match.match_id, bob)
    lobby = await core.lobbies.sync(bob)
    assert {member.user_id: member.team for member in lobby.members} == {ann: 1, bob: 1, cid: 2, dan: 2}
    assert {(await ticket(core, id)).status for id in (ours.id, theirs.id)} == {"matched"}
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize("who", ["leader", "member"])
async def test_any_member_cancels_for_all(core: Core, who: str) -> None:
    ann, bob, stranger = await players(core, 3)
    await a_party(core, ann, bob)
    waiting = await core.matchmaking.enqueue(ann, fives(bob))
    with pytest.raises(NotFound):
        await core.matchmaking.cancel(stranger, CancelTicket(ticket_id=waiting.id))
    cancelled = await core.matchmaking.cancel(ann if who == "leader" else bob, CancelTicket(ticket_id=waiting.id))
    assert cancelled.status == "cancelled"
    assert await everything(core.database, SEATS) == []
    assert await all_waiting(core.pool, POOL) == []
    await core.matchmaking.enqueue(ann, fives(bob))
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize("how", ["decline", "cancel", "timeout", "leave"])
async def test_one_member_who_refuses_ends_the_ticket_of_the_party_and_the_others_wait_on(
    core: Core, clock: ManualClock, how: str
) -> None:
    ann, bob, cid, dan = await players(core, 4)
    await a_party(core, ann, bob)
    await a_party(core, cid, dan)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    theirs = await core.matchmaking.enqueue(cid, fives(dan))
    waiting_since = (await ticket(core, theirs.id)).queued_at
    clock.advance(3)
    match = await proposed(core, ours.id, theirs.id)
    if how == "decline":
        await core.matchmaking.decline(bob, AnswerMatch(match_id=match.match_id))
    elif how == "cancel":
        assert (await core.matchmaking.cancel(bob, CancelTicket(ticket_id=ours.id))).status == "cancelled"
    elif how == "leave":
        await core.parties.leave(bob)
    else:
        await accept(core, match.match_id, ann, cid, dan)
        clock.advance(core.settings.match_accept_s)
        await core.worker.run_deadlines()
    assert [await core.matchmaking.status(user) for user in (ann, bob)] == [None, None]
    for user in (cid, dan):
        mine = await core.matchmaking.status(user)
        assert mine is not None
        assert (mine.id, mine.status) == (theirs.id, "queued")
    (entry,) = await all_waiting(core.pool, POOL)
    assert (entry.ticket_id, entry.queued_at) == (theirs.id, waiting_since)
    assert [player.user_id for player in entry.players] == [cid, dan]
    assert await broken_invariants(core.database) == []


async def test_what_keeps_a_party_from_searching_is_named_and_nothing_is_enqueued(core: Core) -> None:
    ann, bob, stranger = await players(core, 3)
    await core.matchmaking.enqueue(bob, fives())
    mine = await core.matchmaking.enqueue(stranger, fives())
    await core.matchmaking.cancel(stranger, CancelTicket(ticket_id=mine.id))
    with pytest.raises(AlreadyQueued):
        await a_party(core, ann, bob)
    bobs = await core.matchmaking.status(bob)
    assert bobs is not None
    await core.matchmaking.cancel(bob, CancelTicket(ticket_id=bobs.id))
    party = await core.parties.sync(ann)
    assert party is not None
    await core.parties.join(bob, JoinParty(join_code=party.join_code))
    for wrong in ([], [stranger], [bob, stranger]):
        with pytest.raises(PartyMismatch) as mismatch:
            await core.matchmaking.enqueue(ann, fives(*wrong))
        assert mismatch.value.details == {"expected": [bob]}
    with pytest.raises(PartyMismatch):
        await core.matchmaking.enqueue(stranger, fives(ann))
    with pytest.raises(NotPartyLeader):
        await core.matchmaking.enqueue(bob, fives(ann))
    assert await everything(core.database, SEATS) == []


async def test_a_party_too_large_for_the_mode_is_told_the_field_and_the_limit(core: Core) -> None:
    ann, *friends = await players(core, 4)
    await a_party(core, ann, *friends)
    with pytest.raises(ValidationFailed) as refused:
        await core.matchmaking.enqueue(ann, criteria("apex", "casual", party=friends))
    assert refused.value.faults == [{"field": "party", "message": "apex casual takes parties of at most 3"}]
    with pytest.raises(ValidationFailed) as refused:
        await core.matchmaking.enqueue(
            ann, criteria("valorant", "casual", party=friends, groupSize={"min": 2, "max": 3})
        )
    assert refused.value.faults == [{"field": "party", "message": "valorant casual takes parties of at most 3"}]
    assert await everything(core.database, SEATS) == []


async def test_a_member_who_sits_elsewhere_is_named_to_the_leader(core: Core) -> None:
    ann, bob, cid, dan = await players(core, 4)
    await a_party(core, cid, dan)
    ours = await core.matchmaking.enqueue(cid, fives(dan))
    theirs = await core.matchmaking.enqueue(bob, fives())
    match = await proposed(core, ours.id, theirs.id)
    await accept(core, match.match_id, bob, cid, dan)
    await a_party(core, ann, bob)  # a lobby keeps nobody from a party
    with pytest.raises(PartyMemberBusy) as busy:
        await core.matchmaking.enqueue(ann, fives(bob))
    assert busy.value.details == {"userIds": [bob]}
    with pytest.raises(AlreadyInLobby):
        await core.matchmaking.enqueue(cid, fives(dan))
    await core.lobbies.leave(bob)
    await core.matchmaking.enqueue(ann, fives(bob))
    assert await broken_invariants(core.database) == []


async def test_a_friend_joins_a_running_search_and_its_waiting_time(core: Core, clock: ManualClock) -> None:
    ann, bob, cid = await players(core, 3)
    waiting = await core.matchmaking.enqueue(ann, fives())
    since = (await ticket(core, waiting.id)).queued_at
    clock.advance(30)
    await a_party(core, ann, bob, cid)  # founded while its leader searches alone
    (entry,) = await all_waiting(core.pool, POOL)
    assert [ann, bob, cid] == [player.user_id for player in entry.players]
    assert (entry.queued_at, entry.criteria.party) == (since, [bob, cid])
    shown = await core.matchmaking.status(cid)
    assert shown is not None
    assert (shown.id, shown.party_ids, shown.waited_ms) == (waiting.id, [ann, bob, cid], 30_000)
    assert await broken_invariants(core.database) == []


async def test_a_friend_cannot_join_while_a_match_is_proposed_nor_a_search_that_has_no_room(core: Core) -> None:
    ann, bob, cid, dan = await players(core, 4)
    party = await a_party(core, ann, bob)
    by_code = JoinParty(join_code=party.join_code)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    theirs = await core.matchmaking.enqueue(dan, fives())
    with pytest.raises(AlreadyQueued):
        await core.parties.join(dan, by_code)
    match = await proposed(core, ours.id, theirs.id)
    with pytest.raises(MatchPending):
        await core.parties.join(cid, by_code)
    await core.matchmaking.decline(dan, AnswerMatch(match_id=match.match_id))
    await core.matchmaking.cancel(ann, CancelTicket(ticket_id=ours.id))
    await core.matchmaking.enqueue(ann, criteria("valorant", "casual", party=[bob], groupSize={"min": 2, "max": 2}))
    with pytest.raises(PartyFull) as full:
        await core.parties.join(cid, by_code)
    assert full.value.details == {"limit": 2}
    assert await core.database.collection(SEATS).get(cid) is None
    assert await core.database.collection(PARTY_SEATS).get(cid) is None
    assert await broken_invariants(core.database) == []


async def test_the_search_goes_on_without_who_leaves_or_is_kicked_and_ends_with_the_leader(core: Core) -> None:
    ann, bob, cid, dan = await players(core, 4)
    party = await a_party(core, ann, bob, cid, dan)
    waiting = await core.matchmaking.enqueue(ann, fives(bob, cid, dan))
    since = (await ticket(core, waiting.id)).queued_at
    await core.parties.leave(bob)
    await core.parties.kick(ann, about(cid))
    (entry,) = await all_waiting(core.pool, POOL)
    assert ([ann, dan], since) == ([player.user_id for player in entry.players], entry.queued_at)
    with pytest.raises(NotFound):  # the code is a new one
        await core.parties.join(cid, JoinParty(join_code=party.join_code))
    await core.parties.promote(ann, about(dan))
    await core.parties.leave(ann)  # not the leader any more
    (entry,) = await all_waiting(core.pool, POOL)
    assert [dan] == [player.user_id for player in entry.players]
    for user in (bob, cid, ann):
        assert await core.matchmaking.status(user) is None
    assert await broken_invariants(core.database) == []
    party = await core.parties.join(ann, JoinParty(join_code=(await core.parties.create(cid)).join_code))
    await core.matchmaking.enqueue(cid, fives(ann))
    await core.parties.leave(cid)
    assert await core.matchmaking.status(ann) is None
    assert [dan] == [player.user_id for entry in await all_waiting(core.pool, POOL) for player in entry.players]
    await core.parties.leave(dan)  # who plays alone needs no party to go on
    assert await core.matchmaking.status(dan) is not None
    assert await broken_invariants(core.database) == []


async def test_a_kick_while_a_match_is_proposed_declines_it(core: Core) -> None:
    ann, bob, cid = await players(core, 3)
    await a_party(core, ann, bob)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    theirs = await core.matchmaking.enqueue(cid, fives())
    match = await proposed(core, ours.id, theirs.id)
    await core.parties.kick(ann, about(bob))
    cancelled = await core.database.collection(MATCHES).get(match.id)
    assert cancelled is not None
    assert cancelled.status == "cancelled"
    assert {await core.matchmaking.status(user) for user in (ann, bob)} == {None}
    assert await core.database.collection(PARTY_SEATS).get(bob) is None
    assert await broken_invariants(core.database) == []


async def test_who_is_alone_in_a_party_and_leaves_it_goes_on_searching_and_keeps_the_match(core: Core) -> None:
    ann, bob = await players(core, 2)
    await core.parties.create(ann)
    mine = await core.matchmaking.enqueue(ann, fives())
    await core.parties.leave(ann)
    await core.parties.create(ann)
    theirs = await core.matchmaking.enqueue(bob, fives())
    match = await proposed(core, mine.id, theirs.id)
    await core.parties.leave(ann)
    await accept(core, match.match_id, ann, bob)
    assert {ann, bob} == {member.user_id for member in (await core.lobbies.sync(ann)).members}
    assert await broken_invariants(core.database) == []


async def test_a_group_made_of_a_ticket_as_it_was_is_not_proposed_and_the_pool_learns_what_it_is(core: Core) -> None:
    """As when the process that changed the ticket died before it told the pool."""
    ann, bob, cid = await players(core, 3)
    await a_party(core, ann, bob)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    theirs = await core.matchmaking.enqueue(cid, fives())
    group = await group_of(core, ours.id, theirs.id)
    stale = {entry.ticket_id: entry for entry in await all_waiting(core.pool, POOL)}[ours.id]
    await core.parties.leave(bob)
    await core.pool.remove([ours.id])
    await core.pool.add(stale)
    assert await core.proposals.propose(POOL, group) is None
    assert sorted([ann, cid]) == sorted(
        p.user_id for entry in await all_waiting(core.pool, POOL) for p in entry.players
    )
    match = await proposed(core, ours.id, theirs.id)
    assert match.player_ids == (ann, cid)
    assert await broken_invariants(core.database) == []


async def test_an_invitation_from_whom_one_has_blocked_is_not_told_and_looks_like_any_other(core: Core) -> None:
    ann, bob, cid = await players(core, 3)
    await core.blocks.block(bob, ToBlock(user_id=ann))
    await core.parties.create(ann)
    for invited in (bob, cid):
        party = await core.parties.invite(ann, about(invited))
    assert [invite.user_id for invite in party.invites] == [bob, cid]
    streams = [user_stream("matchmaking", user) for user in (bob, cid)]
    assert [position.seq for position in (await core.streams.positions(streams)).values()] == [0, 1]
