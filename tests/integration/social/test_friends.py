"""Friends: requests, answers, limits, blocks, and what both players are told of it."""

import asyncio
import random
from typing import Any

import pytest

from domain.core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from domain.core.events import user_stream
from domain.core.ids import UserId
from domain.core.paging import PageQuery
from domain.notifications.model import NOTIFICATIONS
from domain.social import friends as rules
from domain.social.commands import AnswerFriend, AskFriend, RequestQuery, ToBlock, ToFriend
from domain.social.friends import FriendLimit, FriendRequestLimit
from domain.social.friendships import OVER_KEPT, ended
from domain.social.model import FRIENDSHIPS, Friendship, FriendView
from domain.social.privacy import SetPrivacy
from domain.users.model import USERS
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.told import told


async def ask(core: Core, user: UserId, other: UserId) -> FriendView:
    return await core.friends.request(user, AskFriend(user_id=other))


async def answer(core: Core, user: UserId, other: UserId, accept: bool = True) -> FriendView | None:
    return await core.friends.answer(user, AnswerFriend(user_id=other, accept=accept))


async def remove(core: Core, user: UserId, other: UserId) -> None:
    await core.friends.remove(user, ToFriend(user_id=other))


async def befriend(core: Core, one: UserId, other: UserId) -> None:
    await ask(core, one, other)
    await answer(core, other, one)


async def lists(core: Core, user: UserId) -> dict[str, Any]:
    """Everybody on the user's lists, as clients see them."""
    query = PageQuery(limit=100)
    found = await core.friends.list(user, query), await core.friends.requests(user, RequestQuery(limit=100))
    return {item.user_id: item.wire() for page in found for item in page.items}


async def events(core: Core, user: UserId) -> list[tuple[str, dict[str, Any]]]:
    """What the user was told of friends."""
    found = await told(core, user_stream("social", user))
    return [(name, data) for name, data in found if name.startswith("friend_")]


async def notified(core: Core, user: UserId) -> list[str]:
    found = await everything(core.database, NOTIFICATIONS)
    return [one.news.type for one in found if one.user_id == user]


async def test_a_request_shows_on_both_lists_and_accepting_makes_friends_of_the_two(core: Core) -> None:
    ann, bob = await players(core, 2)
    asked = await ask(core, ann, bob)
    assert (asked.user_id, asked.username, asked.status) == (bob, "player-1", "outgoing")
    assert (await lists(core, bob))[ann]["status"] == "incoming"
    assert not await core.friends.are(ann, bob)
    accepted = await answer(core, bob, ann)
    assert accepted is not None
    assert (accepted.user_id, accepted.status) == (ann, "friends")
    assert (await lists(core, ann))[bob]["status"] == (await lists(core, bob))[ann]["status"] == "friends"
    assert await core.friends.among(ann, [ann, bob, UserId("nobody")]) == {bob}
    assert [await notified(core, bob), await notified(core, ann)] == [["friend_request"], ["friend_accepted"]]
    told = [name for name, _ in await events(core, bob)]
    assert told == [name for name, _ in await events(core, ann)] == ["friend_requested", "friend_added"]


async def test_asking_and_answering_again_changes_nothing(core: Core) -> None:
    ann, bob = await players(core, 2)
    asked = await ask(core, ann, bob)
    assert [asked] * 3 == await asyncio.gather(*(ask(core, ann, bob) for _ in range(3)))
    first = await answer(core, bob, ann)
    assert [first] * 3 == await asyncio.gather(*(answer(core, bob, ann) for _ in range(3)))
    assert (await ask(core, ann, bob)).status == (await ask(core, bob, ann)).status == "friends"
    assert [await notified(core, bob), await notified(core, ann)] == [["friend_request"], ["friend_accepted"]]
    assert len(await events(core, ann)) == len(await events(core, bob)) == 2


async def test_two_who_ask_each_other_are_friends_also_in_the_same_moment(any_core: Core) -> None:
    core = any_core
    ann, bob = await players(core, 2)
    await asyncio.gather(ask(core, ann, bob), ask(core, bob, ann))
    assert await core.friends.are(ann, bob)
    assert [name for name, _ in await events(core, ann)] == ["friend_requested", "friend_added"]


async def test_a_declined_request_and_a_removed_friend_are_off_both_lists(core: Core) -> None:
    ann, bob = await players(core, 2)
    await ask(core, ann, bob)
    for _ in range(2):
        assert await answer(core, bob, ann, accept=False) is None
    await befriend(core, ann, bob)
    assert await answer(core, bob, ann, accept=False) is None
    assert await core.friends.are(ann, bob), "to decline what was accepted is no way to end it"
    for _ in range(2):
        await remove(core, ann, bob)
    assert await lists(core, ann) == await lists(core, bob) == {}
    assert (await events(core, ann))[-1] == ("friend_removed", {"userId": bob})
    assert [name for name, _ in await events(core, bob)].count("friend_removed") == 2
    await ask(core, bob, ann)
    await remove(core, bob, ann)
    assert await lists(core, ann) == {}, "a request can be taken back"


async def test_who_asks_again_within_a_day_notifies_nobody_again(core: Core, clock: ManualClock) -> None:
    ann, bob = await players(core, 2)
    for _ in range(3):
        await ask(core, ann, bob)
        await remove(core, ann, bob)
    assert await notified(core, bob) == ["friend_request"]
    clock.advance(OVER_KEPT.total_seconds() + 1)
    await ask(core, ann, bob)
    assert await notified(core, bob) == ["friend_request"] * 2


async def test_nobody_accepts_what_was_not_asked(core: Core) -> None:
    ann, bob = await players(core, 2)
    with pytest.raises(NotFound):
        await answer(core, ann, bob)
    await ask(core, ann, bob)
    with pytest.raises(NotFound):
        await answer(core, ann, bob)
    await remove(core, bob, ann)
    with pytest.raises(NotFound):
        await answer(core, bob, ann)


async def test_nobody_asks_themselves_or_an_account_that_is_not_there(core: Core) -> None:
    ann, bob = await players(core, 2)
    with pytest.raises(ValidationFailed) as refused:
        await ask(core, ann, ann)
    assert [fault["field"] for fault in refused.value.faults] == ["userId"]
    await core.database.collection(USERS).update(bob, {"$set": {"status": "banned"}})
    for nobody in (UserId("nobody"), bob):
        with pytest.raises(NotFound):
            await ask(core, ann, nobody)


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_ends_what_there_was_and_refuses_what_comes_as_if_there_was_nobody(
    core: Core, blocker: int
) -> None:
    users = ann, bob, cat, eve = await players(core, 4)
    one, other = users[blocker], users[1 - blocker]
    await befriend(core, ann, bob)
    await core.blocks.block(one, ToBlock(user_id=other))
    assert await lists(core, ann) == await lists(core, bob) == {}
    assert [(await events(core, user))[-1][0] for user in (ann, bob)] == ["friend_removed"] * 2
    for user in (ann, bob):
        with pytest.raises(NotFound) as refused:
            await ask(core, user, users[1 - users.index(user)])
        with pytest.raises(NotFound) as unknown:
            await ask(core, user, UserId("nobody"))
        assert refused.value.as_error() == unknown.value.as_error()
    await ask(core, cat, eve)
    await core.blocks.block(eve, ToBlock(user_id=cat))
    with pytest.raises(NotFound):
        await answer(core, eve, cat)
    await core.blocks.unblock(one, ToBlock(user_id=other))
    await befriend(core, ann, bob)
    assert await core.friends.are(ann, bob)


async def test_a_block_of_a_stranger_tells_them_nothing(core: Core) -> None:
    ann, bob = await players(core, 2)
    await core.blocks.block(ann, ToBlock(user_id=bob))
    assert await told(core, user_stream("social", bob)) == []


async def test_a_block_and_a_request_in_one_moment_never_leave_both(any_core: Core) -> None:
    core = any_core
    for n in range(8):
        ann, bob = [
            UserId((await core.users.create(username=f"{name}{n}", display_name=name)).id) for name in ("ann", "bob")
        ]
        await asyncio.gather(
            ask(core, bob, ann),
            ask(core, ann, bob),
            core.blocks.block(ann, ToBlock(user_id=bob)),
            return_exceptions=True,
        )
        assert await core.blocks.between([ann, bob]) == {(ann, bob)}
        assert await lists(core, ann) == await lists(core, bob) == {}
    assert await broken_invariants(core.database) == []


async def test_who_takes_no_requests_can_still_ask_and_accept(core: Core) -> None:
    ann, bob = await players(core, 2)
    await core.privacy.set(bob, SetPrivacy(friend_requests="nobody"))
    with pytest.raises(Forbidden):
        await ask(core, ann, bob)
    await ask(core, bob, ann)
    assert (await ask(core, ann, bob)).status == "friends"


async def test_friends_and_open_requests_are_limited(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_FRIENDS", 1)
    monkeypatch.setattr(rules, "MOST_REQUESTS", 1)
    ann, bob, cat, eve = await players(core, 4)
    await ask(core, ann, bob)
    with pytest.raises(FriendRequestLimit) as too_many:
        await ask(core, ann, cat)
    assert too_many.value.as_error()["details"] == {"limit": 1}
    await answer(core, bob, ann)
    await ask(core, ann, cat)
    with pytest.raises(FriendLimit) as full:
        await answer(core, cat, ann)
    assert full.value.as_error()["details"] == {"limit": 1}
    await ask(core, eve, cat)
    assert (await lists(core, cat))[ann]["status"] == "incoming", "it waits for a free place"


async def test_lists_come_in_pages_the_newest_first(any_core: Core, clock: ManualClock) -> None:
    core = any_core
    ann, *others = await players(core, 8)
    for n, other in enumerate(others):
        clock.advance(0 if n == 3 else 1)  # two of one moment
        await befriend(core, ann, other)
    seen: list[UserId] = []
    cursor = None
    for size in (3, 3, 1):
        page = await core.friends.list(ann, PageQuery(limit=3, cursor=cursor))
        assert len(page.items) == size
        seen += [item.user_id for item in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert (len(set(seen)), seen[:3], seen[-2:]) == (7, others[:3:-1], others[1::-1])
    for forged in ("x", (await core.friends.list(ann, PageQuery(limit=1))).next_cursor or ""):
        with pytest.raises(ValidationFailed):
            await core.friends.list(ann, PageQuery(cursor=forged[:-4] + "AAAA"))


async def test_requests_are_listed_by_direction(any_core: Core) -> None:
    core = any_core
    ann, bob, cat = await players(core, 3)
    await ask(core, ann, bob)
    await ask(core, cat, ann)
    found = {
        direction: [
            item.user_id for item in (await core.friends.requests(ann, RequestQuery(direction=direction))).items
        ]
        for direction in ("incoming", "outgoing")
    }
    assert found == {"incoming": [cat], "outgoing": [bob]}


async def test_blocks_are_listed_in_pages_for_who_made_them(any_core: Core, clock: ManualClock) -> None:
    core = any_core
    ann, *others = await players(core, 4)
    for other in others:
        clock.advance(1)
        await core.blocks.block(ann, ToBlock(user_id=other))
    first = await core.blocks.list(ann, PageQuery(limit=2))
    second = await core.blocks.list(ann, PageQuery(limit=2, cursor=first.next_cursor))
    assert [item.user_id for item in (*first.items, *second.items)] == others[::-1]
    assert second.next_cursor is None
    assert (await core.blocks.list(others[0], PageQuery())).items == []


async def test_the_events_applied_to_empty_lists_give_the_lists(core: Core) -> None:
    """Whatever happens between three players, each can follow it by events alone."""
    users = await players(core, 3)
    chance = random.Random(11)
    steps = (ask, answer, remove, lambda core, one, other: answer(core, one, other, False))
    for _ in range(60):
        one, other = chance.sample(users, 2)
        try:
            await chance.choice(steps)(core, one, other)
        except NotFound:
            continue
    for user in users:
        known: dict[str, Any] = {}
        for name, data in await events(core, user):
            if name == "friend_removed":
                known.pop(data["userId"], None)
            else:
                known[data["userId"]] = data
        assert known == await lists(core, user)


async def test_events_that_a_crash_kept_from_being_sent_are_sent_by_the_sweep(
    any_core: Core, clock: ManualClock
) -> None:
    core = any_core
    ann, bob = await players(core, 2)
    await befriend(core, ann, bob)
    collection = core.database.collection(FRIENDSHIPS)
    (friendship,) = await everything(core.database, FRIENDSHIPS)
    assert friendship.unpublished == ()
    over = ended(friendship, ann, bob, clock.now())
    assert isinstance(await collection.replace(over), Friendship)
    assert [name for name, _ in await events(core, bob)] == ["friend_requested", "friend_added"]
    clock.advance(3)
    await core.recovery.sweep()
    assert (await events(core, bob))[-1] == ("friend_removed", {"userId": ann})


async def test_many_who_do_everything_at_once_end_where_the_documents_say(any_core: Core) -> None:
    """Thirty calls at once on one pair: what stands in the end is what both were told last."""
    core = any_core
    ann, bob = await players(core, 2)
    chance = random.Random(5)

    async def something() -> None:
        one, other = chance.sample([ann, bob], 2)
        await chance.choice((ask, answer, remove))(core, one, other)

    outcomes = await asyncio.gather(*(something() for _ in range(30)), return_exceptions=True)
    assert all(isinstance(outcome, NotFound | Conflict) for outcome in outcomes if outcome is not None)
    (friendship,) = await everything(core.database, FRIENDSHIPS)
    assert friendship.unpublished == ()
    last = {"asked": "friend_requested", "friends": "friend_added", "over": "friend_removed"}[friendship.status]
    assert [(await events(core, user))[-1][0] for user in (ann, bob)] == [last] * 2


async def test_a_player_is_asked_by_username_whatever_its_case(core: Core) -> None:
    """Just as by id; who has no such name is not there."""
    one, other = await players(core, 2)
    name = (await core.users.get(other)).username
    asked = await core.friends.request(one, AskFriend(username=name.upper()))
    assert asked == await ask(core, one, other)
    with pytest.raises(NotFound):
        await core.friends.request(one, AskFriend(username="nobody-of-that-name"))
    with pytest.raises(ValidationFailed):
        await core.friends.request(other, AskFriend(username=name))
