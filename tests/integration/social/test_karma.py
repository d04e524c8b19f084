"""Karma and recent players."""

import asyncio
from datetime import timedelta

import pytest

from domain.core.errors import NotFound, ValidationFailed
from domain.core.ids import MatchId, UserId
from domain.core.paging import PageQuery
from domain.matchmaking import karma as rules
from domain.matchmaking.karma import GIVEN_WITHIN, GiveKarma, KarmaGiven, KarmaLimit, KarmaTooLate, KarmaView, Value
from domain.matchmaking.model import MATCHES
from domain.matchmaking.results import MatchNotConfirmed
from domain.social.commands import ToBlock
from maoga.bootstrap import Core
from tests.support.builders import a_match
from tests.support.clock import ManualClock
from tests.support.cores import players


async def play(core: Core, clock: ManualClock, *users: UserId, id: str = "match", status: str = "confirmed") -> MatchId:
    """A match of these users, formed now."""
    match = a_match(*([user] for user in users), id=id, formed_at=clock.now(), status=status)
    await core.database.collection(MATCHES).insert(match)
    return MatchId(id)


async def give(core: Core, user: UserId, match: MatchId, other: UserId, value: Value = 1) -> KarmaView:
    return await core.karma.give(user, match, GiveKarma(user_id=other, value=value))


async def karma(core: Core, user: UserId) -> int:
    return (await core.users.get(user)).karma


async def test_karma_counts_once_for_each_pair_and_match(any_core: Core, clock: ManualClock) -> None:
    core = any_core
    ann, bob = await players(core, 2)
    match = await play(core, clock, ann, bob)
    given = await asyncio.gather(*(give(core, ann, match, bob) for _ in range(5)))
    assert len({view.created_at for view in given}) == 1
    assert await karma(core, bob) == 1
    with pytest.raises(KarmaGiven):
        await give(core, ann, match, bob, -1)
    await give(core, bob, match, ann, -1)
    assert (await karma(core, ann), await karma(core, bob)) == (-1, 1)
    again = await play(core, clock, ann, bob, id="again")
    await give(core, ann, again, bob)
    assert await karma(core, bob) == 2


async def test_only_who_played_together_rate_each_other_and_only_soon(core: Core, clock: ManualClock) -> None:
    ann, bob, eve = await players(core, 3)
    match = await play(core, clock, ann, bob)
    for one, other, id in ((ann, eve, match), (eve, ann, match), (ann, bob, MatchId("none"))):
        with pytest.raises(NotFound):
            await give(core, one, id, other)
    with pytest.raises(ValidationFailed):
        await give(core, ann, match, ann)
    for status in ("proposed", "cancelled"):
        with pytest.raises(MatchNotConfirmed):
            await give(core, ann, await play(core, clock, ann, bob, id=status, status=status), bob)
    await give(core, bob, match, ann)
    clock.advance((GIVEN_WITHIN + timedelta(seconds=1)).total_seconds())
    with pytest.raises(KarmaTooLate):
        await give(core, ann, match, bob)
    assert (await give(core, bob, match, ann)).value == 1, "what was given is answered again"
    assert await karma(core, bob) == 0


async def test_so_many_a_day_and_for_one_player_so_many_a_week(
    any_core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = any_core
    ann, bob, *others = await players(core, 5)
    monkeypatch.setattr(rules, "MOST_A_DAY", 3)
    match = await play(core, clock, ann, *others)
    for other in others:
        await give(core, ann, match, other)
    with pytest.raises(KarmaLimit) as a_day:
        await give(core, ann, await play(core, clock, ann, bob, id="one more"), bob)
    assert a_day.value.as_error()["details"] == {"limit": 3}
    monkeypatch.setattr(rules, "MOST_A_WEEK", 2)
    for n, (one, other) in enumerate([(bob, others[0]), (others[0], bob)]):
        clock.advance(86_400 * n)
        await give(core, one, await play(core, clock, bob, others[0], id=f"m{n}"), other)
    clock.advance(86_400)
    last = await play(core, clock, bob, others[0], id="m2")
    with pytest.raises(KarmaLimit):
        await give(core, bob, last, others[0])
    clock.advance(5 * 86_400)
    await give(core, bob, await play(core, clock, bob, others[0], id="m3"), others[0])


async def test_recent_players_come_in_pages_each_once_and_without_the_blocked(
    any_core: Core, clock: ManualClock
) -> None:
    core = any_core
    ann, bob, cat, dan, eve = await players(core, 5)
    await play(core, clock, ann, bob, cat, id="first")
    clock.advance(60)
    await play(core, clock, ann, bob, dan, eve, id="second")
    clock.advance(60)
    await play(core, clock, ann, cat, id="refused", status="cancelled")
    seen = []
    cursor = None
    for size in (2, 2):
        page = await core.recent_players.list(ann, PageQuery(limit=2, cursor=cursor))
        assert len(page.items) == size
        seen += [(item.user_id, item.match_id) for item in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert set(seen[:3]) == {(bob, "second"), (dan, "second"), (eve, "second")}
    assert seen[3] == (cat, "first")
    await core.blocks.block(ann, ToBlock(user_id=bob))
    await core.blocks.block(eve, ToBlock(user_id=ann))
    left = (await core.recent_players.list(ann, PageQuery())).items
    assert [item.user_id for item in left] == [dan, cat]
    assert (await core.recent_players.list(eve, PageQuery())).next_cursor is None
