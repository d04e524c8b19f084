"""A party from its founding to its end: invitations, codes, leadership, comings and goings, and two who are at once."""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.core.errors import AppError, NotFound
from domain.core.events import user_stream
from domain.core.ids import TicketId, UserId
from domain.core.streams import Position
from domain.lobbies.model import SEATS
from domain.matchmaking.commands import CancelTicket
from domain.matchmaking.model import TICKETS
from domain.parties.commands import DeclineParty, JoinParty
from domain.parties.model import PARTIES, PartyView
from domain.parties.parties import AlreadyInParty
from domain.parties.rules import INVITE_S, INVITES_MOST, NotInParty, NotPartyLeader, PartyFull, TooManyInvites
from maoga.bootstrap import Core
from realtime import packet
from tests.integration.matchmaking.conftest import OpenCore
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.parties import POOL, a_party, about, fives, group_of, proposed, ticket
from tests.support.pools import waiting as all_waiting


async def test_an_invitation_is_good_for_its_time_and_for_whom_it_names(core: Core, clock: ManualClock) -> None:
    ann, bob, cid = await players(core, 3)
    party = await core.parties.create(ann)
    by_invitation = JoinParty(party_id=party.id)
    invited = await core.parties.invite(ann, about(bob))
    assert [(bob, ann)] == [(invite.user_id, invite.from_user_id) for invite in invited.invites]
    with pytest.raises(NotFound):
        await core.parties.join(cid, by_invitation)
    clock.advance(INVITE_S)
    with pytest.raises(NotFound):
        await core.parties.join(bob, by_invitation)
    synced = await core.parties.sync(ann)
    assert synced is not None
    assert synced.invites == ()
    await core.parties.invite(ann, about(bob))
    await core.parties.decline(bob, DeclineParty(party_id=party.id))
    for refused in (core.parties.join(bob, by_invitation), core.parties.decline(bob, DeclineParty(party_id=party.id))):
        with pytest.raises(NotFound):
            await refused
    await core.parties.invite(ann, about(bob))
    joined = await core.parties.join(bob, by_invitation)
    assert (joined.invites, [member.user_id for member in joined.members]) == ((), [ann, bob])
    assert joined == await core.parties.join(bob, by_invitation)  # a retry
    await core.parties.invite(bob, about(cid))
    await core.parties.kick(ann, about(cid))  # takes it back
    with pytest.raises(NotFound):
        await core.parties.join(cid, by_invitation)
    assert await broken_invariants(core.database) == []


async def test_what_a_party_refuses_has_a_name(core: Core) -> None:
    leader, *others = await players(core, 7 + INVITES_MOST)
    party = await core.parties.create(leader)
    with pytest.raises(AlreadyInParty):
        await core.parties.create(leader)
    for missing in (
        core.parties.join(leader, JoinParty(join_code="NOSUCH22")),
        core.parties.invite(leader, about(UserId("nobody"))),
    ):
        with pytest.raises(NotFound):
            await missing
    for user in others[:INVITES_MOST]:
        await core.parties.invite(leader, about(user))
    with pytest.raises(TooManyInvites):
        await core.parties.invite(leader, about(others[-1]))
    await core.parties.invite(leader, about(others[0]))  # once more is no more
    for user in others[:4]:
        await core.parties.join(user, JoinParty(party_id=party.id))
    assert party.join_code is not None
    with pytest.raises(PartyFull) as full:
        await core.parties.join(others[5], JoinParty.parse({"joinCode": party.join_code.lower()}))
    assert full.value.details == {"limit": core.settings.party_max_size}
    with pytest.raises(PartyFull):
        await core.parties.invite(leader, about(others[5]))
    other = await core.parties.create(others[5])
    with pytest.raises(AlreadyInParty) as elsewhere:
        await core.parties.join(others[0], JoinParty(join_code=other.join_code))
    assert elsewhere.value.details == {"partyId": party.id}
    for refused in (core.parties.kick(others[0], about(leader)), core.parties.promote(others[0], about(others[1]))):
        with pytest.raises(NotPartyLeader):
            await refused
    for missing in (
        core.parties.kick(leader, about(others[-1])),
        core.parties.promote(leader, about(others[-1])),
        core.parties.leave(others[-1]),
        core.parties.invite(others[-1], about(leader)),
    ):
        with pytest.raises(NotInParty):
            await missing
    assert await core.parties.sync(others[-1]) is None
    assert await broken_invariants(core.database) == []


async def heard(core: Core, user: UserId) -> list[tuple[str, dict[str, Any]]]:
    """The durable events on the user's stream, oldest first."""
    stream = user_stream("matchmaking", user)
    epoch = (await core.streams.positions([stream]))[stream].epoch
    entries = await core.streams.read(stream, Position(epoch=epoch, seq=0, at=0), 100)
    assert entries is not None
    heard = (orjson.loads(b"[%b]" % packet.opened(entry.packet)[1]) for entry in entries)
    return [(name, data) for name, data in heard]


async def test_everybody_is_told_what_becomes_of_the_party_also_who_leaves_it(core: Core) -> None:
    ann, bob, cid = await players(core, 3)
    party = await core.parties.create(ann)
    await core.parties.invite(ann, about(bob))
    await core.parties.join(bob, JoinParty(party_id=party.id))
    await core.parties.join(cid, JoinParty(join_code=party.join_code))
    await core.parties.kick(ann, about(cid))
    await core.parties.leave(ann)
    last = await core.parties.leave(bob)
    assert (last.members, last.join_code) == ((), None)
    told = {user: await heard(core, user) for user in (ann, bob, cid)}
    versions = [data["version"] for name, data in told[ann] if name == "party_updated"]
    assert versions == sorted(set(versions))
    assert [name for name, _ in told[ann]] == (["party_updated"] * 5 + ["party_left"])
    assert [name for name, _ in told[bob]] == ["party_invited"] + ["party_updated"] * 4 + ["party_left"]
    assert [name for name, _ in told[cid]] == ["party_updated", "party_left"]
    assert (told[bob][-2][1]["leaderId"], told[cid][-1][1]["reason"]) == (bob, "kicked")
    invitation = told[bob][0][1]
    assert (invitation["fromUserId"], invitation["party"]["id"]) == (ann, party.id)
    assert "joinCode" not in invitation["party"]
    (over,) = await everything(core.database, PARTIES)
    assert (over.members, over.unpublished) == ((), ())
    assert await broken_invariants(core.database) == []


async def test_who_is_away_stays_for_the_grace_and_then_the_longest_standing_who_is_there_leads(
    core: Core, clock: ManualClock
) -> None:
    ann, bob, cid = await players(core, 3)
    await a_party(core, ann, bob, cid)
    waiting = await core.matchmaking.enqueue(ann, fives(bob, cid))
    await core.grace.gone(ann, bob)
    party = await core.parties.sync(cid)
    assert party is not None
    assert [member.connection for member in party.members] == ["grace", "grace", "connected"]
    clock.advance(core.settings.grace_s / 2)
    await core.grace.back(bob)
    await core.grace.gone(bob)
    assert await broken_invariants(core.database) == []
    clock.advance(core.settings.grace_s / 2)
    await core.worker.run_deadlines()
    party = await core.parties.sync(cid)
    assert party is not None
    assert (party.leader_id, [member.user_id for member in party.members]) == (cid, [bob, cid])
    assert (await ticket(core, waiting.id)).status == "cancelled"
    assert await everything(core.database, SEATS) == []
    clock.advance(core.settings.grace_s / 2)
    await core.worker.run_deadlines()
    await core.grace.gone(cid)
    clock.advance(core.settings.grace_s)
    await core.worker.run_deadlines()
    assert [await core.parties.sync(user) for user in (ann, bob, cid)] == [None] * 3
    assert [(name, data.get("reason")) for name, data in await heard(core, cid)][-1] == ("party_left", "grace_expired")
    assert await broken_invariants(core.database) == []


@pytest.mark.parametrize("matched", [True, False])
async def test_a_member_who_was_away_when_the_search_began_ends_it_or_refuses_the_match_with_the_end_of_their_grace(
    core: Core, clock: ManualClock, matched: bool
) -> None:
    ann, bob, cid = await players(core, 3)
    await a_party(core, ann, bob)
    await core.grace.gone(bob)
    ours = await core.matchmaking.enqueue(ann, fives(bob))
    theirs = await core.matchmaking.enqueue(cid, fives())
    clock.advance(core.settings.grace_s - 1)
    if matched:
        await proposed(core, ours.id, theirs.id)
    clock.advance(1)
    await core.worker.run_deadlines()
    if matched:
        reasons = [data["reason"] for name, data in await heard(core, cid) if name == "match_cancelled"]
        assert reasons == ["disconnected"]
    assert await core.matchmaking.status(ann) is None
    party = await core.parties.sync(ann)
    assert party is not None
    assert [ann] == [member.user_id for member in party.members]
    assert [theirs.id] == [entry.ticket_id for entry in await all_waiting(core.pool, POOL)]
    assert await broken_invariants(core.database) == []


async def test_when_the_ticket_of_a_party_expires_all_are_told_and_free(
    open_core: OpenCore, clock: ManualClock
) -> None:
    async with open_core(ticket_max_s=60) as core:
        ann, bob = await players(core, 2)
        await a_party(core, ann, bob)
        waiting = await core.matchmaking.enqueue(ann, fives(bob))
        clock.advance(60)
        await core.matchmaking.expire(waiting.id)
        for user in (ann, bob):
            assert ("ticket_expired", {"ticketId": waiting.id}) == (await heard(core, user))[-1]
            assert await core.matchmaking.status(user) is None
        assert await broken_invariants(core.database) == []


async def test_the_sweep_finds_a_member_whose_instance_told_nobody(core: Core, clock: ManualClock) -> None:
    (ann,) = await players(core, 1)
    await core.parties.create(ann)
    for _ in range(2):
        await core.recovery.sweep()
        clock.advance(5)
    away = await core.parties.sync(ann)
    assert away is not None
    assert [member.connection for member in away.members] == ["grace"]
    clock.advance(core.settings.grace_s + 5)
    await core.recovery.sweep()  # as if the index had lost the deadline
    assert await core.parties.sync(ann) is None
    assert await broken_invariants(core.database) == []


async def outcome(work: Any) -> Any:
    """What the use case answers, or the error a player would be told."""
    try:
        return await work
    except AppError as error:
        return error


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_players_of_two_instances_do_at_once_nobody_is_in_two_places(
    tmp_path: Path, mongodb_url: str, redis_url: str, seed: int
) -> None:
    """Joins for the last place, joins against enqueues, leaves against claims, and all the rest."""
    randomness, clock = random.Random(seed), ManualClock()
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url, "party_max_size": 3}
    async with (
        a_core(tmp_path, clock, instance="a", **urls) as a,
        a_core(tmp_path, clock, instance="b", **urls) as b,
    ):
        users = await players(a, 6)
        codes = [(await a.parties.create(user)).join_code for user in users[:2]]

        async def enqueue(core: Core, user: UserId) -> None:
            party = await core.parties.of(user)
            friends = [] if party is None else [friend for friend in party.member_ids if friend != user]
            await core.matchmaking.enqueue(user, fives(*friends))

        async def cancel(core: Core, user: UserId) -> None:
            mine = await core.matchmaking.status(user)
            if mine is not None:
                await core.matchmaking.withdraw(user, mine.id, "declined")

        async def propose(core: Core, user: UserId) -> None:
            tickets = [entry.ticket_id for entry in await all_waiting(core.pool, POOL)][:2]
            with suppress(KeyError):  # one of them has been cancelled in this moment
                if len(tickets) == 2:
                    await core.proposals.propose(POOL, await group_of(core, *tickets))

        async def lead(core: Core, user: UserId) -> None:
            party = await core.parties.of(user)
            if party is not None:
                act = randomness.choice((core.parties.kick, core.parties.promote))
                await act(user, about(randomness.choice(party.member_ids)))

        async def join(core: Core, user: UserId) -> None:
            await core.parties.join(user, JoinParty(join_code=randomness.choice(codes)))

        async def leave(core: Core, user: UserId) -> None:
            await core.parties.leave(user)

        acts = (enqueue, enqueue, cancel, propose, propose, lead, join, join, join, leave)
        told: list[Any] = []
        for _ in range(12):
            calls = [randomness.choice(acts)(randomness.choice((a, b)), user) for user in users]
            async with asyncio.timeout(20):
                told += await asyncio.gather(*map(outcome, calls))
            assert await broken_invariants(a.database) == []
            parties = [party for party in await everything(a.database, PARTIES) if party.members]
            assert all(len(party.members) <= 3 for party in parties)
            codes = [party.join_code for party in parties] or [(await a.parties.create(users[0])).join_code]
        assert None in told
        await a.recovery.refill_pool()
        queued = [TicketId(ticket.id) for ticket in await everything(a.database, TICKETS) if ticket.status == "queued"]
        assert await a.pool.unknown(queued) == []


async def test_of_two_who_want_the_last_place_one_gets_it(tmp_path: Path, mongodb_url: str, redis_url: str) -> None:
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url, "party_max_size": 2}
    async with a_core(tmp_path, instance="a", **urls) as a, a_core(tmp_path, instance="b", **urls) as b:
        ann, bob, cid = await players(a, 3)
        party = await a.parties.create(ann)
        by_code = JoinParty(join_code=party.join_code)
        answers = await asyncio.gather(*map(outcome, (a.parties.join(bob, by_code), b.parties.join(cid, by_code))))
        assert sorted(type(answer).__name__ for answer in answers) == [PartyFull.__name__, PartyView.__name__]
        assert await broken_invariants(a.database) == []


async def test_a_join_against_an_enqueue_ends_with_the_friend_in_the_ticket_or_the_leader_told(
    tmp_path: Path, mongodb_url: str, redis_url: str
) -> None:
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with a_core(tmp_path, instance="a", **urls) as a, a_core(tmp_path, instance="b", **urls) as b:
        users = await players(a, 12)
        for ann, bob in zip(users[::2], users[1::2], strict=True):
            party = await a.parties.create(ann)
            await asyncio.gather(
                outcome(a.matchmaking.enqueue(ann, fives())),
                outcome(b.parties.join(bob, JoinParty(join_code=party.join_code))),
            )
            assert await broken_invariants(a.database) == []
        for queued in await everything(a.database, TICKETS):
            shown = await a.parties.of(queued.user_id)
            assert shown is not None
            assert set(queued.player_ids) == set(shown.member_ids)


async def soon(delay_s: float, work: Any) -> Any:
    """What comes of it when it is begun in a moment."""
    await asyncio.sleep(delay_s)
    return await outcome(work)


@pytest.mark.parametrize("against", ["claim", "cancel"])
async def test_who_leaves_or_joins_in_the_moment_the_ticket_moves_on_is_where_the_documents_say(
    tmp_path: Path, mongodb_url: str, redis_url: str, against: str
) -> None:
    """A leave meets a claim, a join meets a cancel, at all kinds of moments."""
    urls: dict[str, Any] = {"database_url": mongodb_url, "redis_url": redis_url}
    async with a_core(tmp_path, instance="a", **urls) as a, a_core(tmp_path, instance="b", **urls) as b:
        users = [await a_player(a, f"player-{number}") for number in range(60)]
        moves_on: Awaitable[Any]
        for number in range(20):
            ann, bob, cid = users[3 * number : 3 * number + 3]
            if against == "claim":
                await a_party(a, ann, bob)
                ours = await a.matchmaking.enqueue(ann, fives(bob))
                theirs = await a.matchmaking.enqueue(cid, fives())
                group = await group_of(a, ours.id, theirs.id)
                moves_on, changes = a.proposals.propose(POOL, group), b.parties.leave(bob)
            else:
                party = await a.parties.create(ann)
                ours = await a.matchmaking.enqueue(ann, fives())
                moves_on = a.matchmaking.cancel(ann, CancelTicket(ticket_id=ours.id))
                changes = b.parties.join(bob, JoinParty(join_code=party.join_code))
            async with asyncio.timeout(20):
                await asyncio.gather(soon(number / 1000, moves_on), outcome(changes))
            assert await broken_invariants(a.database) == []
            party_of_ann = await a.parties.of(ann)
            assert party_of_ann is not None
            assert [ann] + [bob] * (against == "cancel") == party_of_ann.member_ids


async def a_player(core: Core, name: str) -> UserId:
    return UserId((await core.users.create(username=name, display_name=name)).id)
