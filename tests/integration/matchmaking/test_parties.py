"""Parties and their tickets: the use cases together, on the embedded default and on real servers."""

from typing import Any

import pytest

from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import MatchId, TicketId, UserId
from domain.lobbies.model import SEATS
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.matcher import Group
from domain.matchmaking.matchmaking import PartyMemberBusy, PartyMismatch
from domain.matchmaking.model import TICKETS, Match, MatchPlayer, Quality, Ticket, TicketView
from domain.matchmaking.pool import PoolKey
from domain.matchmaking.seating import AlreadyInLobby, AlreadyQueued
from domain.parties.commands import JoinParty, PartyMemberCommand
from domain.parties.model import PartyView
from domain.parties.rules import NotPartyLeader
from maoga.bootstrap import Core
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything

POOL = PoolKey("valorant", "competitive")  # type: ignore[arg-type]


def fives(*party: UserId, **fields: Any) -> Criteria:
    """Five against five, with these friends."""
    return criteria("valorant", "competitive", party=list(party), **fields)


async def a_party(core: Core, leader: UserId, *friends: UserId) -> PartyView:
    """A party whose members came by its code."""
    party = await core.parties.create(leader)
    for friend in friends:
        party = await core.parties.join(friend, JoinParty(join_code=party.join_code))
    return party


def about(user: UserId) -> PartyMemberCommand:
    return PartyMemberCommand(user_id=user)


async def group_of(core: Core, *tickets: TicketId) -> Group:
    """The group the matcher would make of these tickets as the pool has them, the players of each on one team."""
    entries = {entry.ticket_id: entry for entry in await core.pool.waiting(POOL)}
    return Group(
        players=tuple(
            MatchPlayer(user_id=player.user_id, ticket_id=id) for id in tickets for player in entries[id].players
        ),
        teams=tuple(tuple(player.user_id for player in entries[id].players) for id in tickets),
        region=None,
        min_size=2,
        quality=Quality(overall=1, skill=1, region=1, language=1, wait=1),
        levels=dict.fromkeys(tickets, 0),
    )


async def proposed(core: Core, *tickets: TicketId) -> Match:
    """A match proposed to these tickets."""
    match = await core.proposals.propose(POOL, await group_of(core, *tickets))
    assert match is not None
    return match


async def accept(core: Core, match_id: MatchId, *users: UserId) -> None:
    for user in users:
        await core.matchmaking.accept(user, AnswerMatch(match_id=match_id))


async def ticket(core: Core, id: TicketId) -> Ticket:
    found = await core.database.collection(TICKETS).get(id)
    assert found is not None
    return found


async def status(core: Core, user: UserId) -> TicketView | None:
    return await core.matchmaking.status(user)


async def test_a_party_waits_as_one_is_proposed_a_match_as_one_and_meets_in_the_lobby_on_one_team(core: Core) -> None:
    ann, bob, cid, dan = await players(core, 4)
    await a_party(core, ann, bob)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    assert ours.party_ids == [ann, bob]
    for user in (ann, bob):
        mine = await status(core, user)
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
    assert await core.pool.waiting(POOL) == []
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
    assert await core.pool.waiting(POOL) == []
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
    assert [await status(core, user) for user in (ann, bob)] == [None, None]
    for user in (cid, dan):
        mine = await status(core, user)
        assert mine is not None
        assert (mine.id, mine.status) == (theirs.id, "queued")
    (entry,) = await core.pool.waiting(POOL)
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
    bobs = await status(core, bob)
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
