"""Refusing a proposed match costs a cooldown, written with the refusal; nothing else does."""

import asyncio
from datetime import datetime

import pytest

from domain.core.clock import seconds
from domain.core.ids import UserId
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.cooldowns import COOLDOWNS, OnCooldown
from domain.matchmaking.model import MATCHES
from domain.parties.commands import JoinParty
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import DUEL, proposed
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.parties import proposed as proposed_to


async def refuse(core: Core, refuser: UserId, other: UserId) -> None:
    """The two are proposed a match, which one of them declines; then nobody waits."""
    match = await proposed(core, [refuser, other])
    await core.matchmaking.decline(refuser, AnswerMatch(match_id=match.match_id))
    left = await core.matchmaking.status(other)
    assert left is not None
    await core.matchmaking.cancel(other, CancelTicket(ticket_id=left.id))


async def cooldowns(core: Core) -> dict[str, tuple[int, datetime]]:
    """Level and end of every cooldown, by user."""
    return {cooldown.id: (cooldown.level, cooldown.until) for cooldown in await everything(core.database, COOLDOWNS)}


async def test_the_first_refusal_is_free_and_the_next_one_costs_half_a_minute(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    await refuse(core, one, two)
    await refuse(core, one, two)
    with pytest.raises(OnCooldown) as refused:
        await core.matchmaking.enqueue(one, DUEL)
    assert refused.value.details == {"retryInMs": 30_000}
    assert await core.lobbies.seat_of(one) is None
    assert await cooldowns(core) == {one: (2, clock.now() + seconds(30))}
    clock.advance(30)
    await core.matchmaking.enqueue(one, DUEL)


async def test_who_does_not_answer_refuses_and_a_cancel_while_nothing_is_proposed_does_not(
    core: Core, clock: ManualClock
) -> None:
    one, two = await players(core, 2)
    ticket = await core.matchmaking.enqueue(one, DUEL)
    await core.matchmaking.cancel(one, CancelTicket(ticket_id=ticket.id))
    assert await cooldowns(core) == {}
    match = await proposed(core, [one, two])
    await core.matchmaking.accept(one, AnswerMatch(match_id=match.match_id))
    clock.advance(core.settings.match_accept_s)
    await core.worker.run_deadlines()
    assert set(await cooldowns(core)) == {two}
    (cancelled,) = await everything(core.database, MATCHES)
    assert cancelled.refused_by == (two,)


async def test_who_stays_away_while_a_match_is_proposed_refuses(core: Core, clock: ManualClock) -> None:
    one, two = await players(core, 2)
    match = await proposed(core, [one, two])
    await core.grace.gone(one)
    (ticket_id,) = [player.ticket_id for player in match.players if player.user_id == one]
    await core.matchmaking.withdraw(one, ticket_id, "disconnected")
    assert set(await cooldowns(core)) == {one}


async def test_of_all_who_decline_at_once_each_who_is_blamed_pays_and_nobody_else(core: Core) -> None:
    users = await players(core, 2)
    for _ in range(3):
        match = await proposed(core, users)
        answer = AnswerMatch(match_id=match.match_id)
        before = await cooldowns(core)
        await asyncio.gather(*(core.matchmaking.decline(user, answer) for user in users))
        after = await cooldowns(core)
        cancelled = await core.database.collection(MATCHES).get(match.id)
        assert cancelled is not None
        paid = [user for user in users if after.get(user) != before.get(user)]
        assert list(cancelled.refused_by) == paid
        assert len(paid) == 1
        assert await broken_invariants(core.database) == []
        (waits,) = [user for user in users if user not in paid]
        left = await core.matchmaking.status(waits)
        assert left is not None
        await core.matchmaking.cancel(waits, CancelTicket(ticket_id=left.id))
        for user in paid:
            await core.database.collection(COOLDOWNS).delete(user)


async def test_a_party_waits_for_its_member_on_cooldown_and_only_the_refuser_pays(
    core: Core, clock: ManualClock
) -> None:
    """Of a party that is proposed a match, one declines twice: the other one may search alone, both together not."""
    leader, member, *others = await players(core, 4)
    party = await core.parties.create(leader)
    await core.parties.join(member, JoinParty(join_code=party.join_code))
    alone, wish = criteria("valorant", "competitive"), criteria("valorant", "competitive", party=[member])
    tickets = [(await core.matchmaking.enqueue(other, alone)).id for other in others]
    for _ in range(2):
        ticket = await core.matchmaking.enqueue(leader, wish)
        clock.advance(2)
        match = await proposed_to(core, *tickets, ticket.id)
        await core.matchmaking.decline(member, AnswerMatch(match_id=match.match_id))
    waited = [await core.matchmaking.status(other) for other in others]
    assert [(ticket.status, ticket.waited_ms) for ticket in waited if ticket] == [("queued", 4000)] * 2
    with pytest.raises(OnCooldown) as refused:
        await core.matchmaking.enqueue(leader, wish)
    assert refused.value.details == {"retryInMs": 30_000, "userIds": [member]}
    assert set(await cooldowns(core)) == {member}
    await core.parties.leave(member)
    ticket = await core.matchmaking.enqueue(leader, alone)
    with pytest.raises(OnCooldown):
        await core.parties.join(member, JoinParty(join_code=party.join_code))
    assert await core.matchmaking.status(leader) == ticket
    assert await broken_invariants(core.database) == []
