"""Friends and presence over two instances."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.event import Event
from domain.core.ids import UserId
from domain.social.commands import MOST_WATCHED
from domain.social.model import FRIENDSHIPS, Friendship
from domain.social.seen import OFFLINE_AFTER_S
from tests.e2e.conftest import DUEL, Enter, Start, a_guest, meet
from tests.support.cores import a_core
from tests.support.wait import eventually


def call(player: MaogaClient, event: str, data: dict[str, Any] | None = None) -> Any:
    """A call on `/social`."""
    return player.call("social", event, data or {})  # type: ignore[call-overload]


async def befriend(one: MaogaClient, other: MaogaClient) -> None:
    await call(one, "friend_request", {"userId": other.user_id})
    await call(other, "friend_answer", {"userId": one.user_id, "accept": True})


class Ear:
    """Notes what a player is told on `/social`, by name."""

    def __init__(self, player: MaogaClient, *names: str) -> None:
        self.heard: list[tuple[str, Any]] = []
        for name in names:
            player.on(name, self._note)

    def _note(self, event: Event[Any]) -> None:
        self.heard.append((event.name, event.data))

    def statuses(self, of: MaogaClient) -> list[str]:
        """What the player was told of another one, without what they may have been told as both came."""
        told = [
            data["status"] for name, data in self.heard if name == "presence_changed" and data["userId"] == of.user_id
        ]
        return told[1:] if told[:1] == ["online"] else told


async def test_two_become_friends_on_all_their_devices_on_two_instances(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    session = await a_guest(a.url)
    ann, phone, bob = await enter(a.url, session), await enter(b.url, session), await enter(b.url)
    names = ("friend_requested", "friend_added", "friend_removed", "notification")
    ears = [Ear(player, *names) for player in (ann, phone, bob)]
    await befriend(ann, bob)
    assert [item["userId"] for item in (await call(phone, "friends"))["items"]] == [bob.user_id]
    await call(bob, "friend_remove", {"userId": ann.user_id})
    expected = ["friend_requested", "friend_added", "notification", "friend_removed"]
    await eventually(lambda: all(sorted(name for name, _ in ear.heard) == sorted(expected) for ear in ears))
    assert ears[0].heard[0][1]["status"] == "outgoing"
    assert ears[2].heard[0][1]["status"] == "incoming"


async def test_a_friend_s_presence_is_followed_over_instances_without_flicker(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    session = await a_guest(b.url)
    ann, bob, eve = await enter(a.url), await enter(b.url, session), await enter(a.url)
    await befriend(ann, bob)
    ear = Ear(ann, "presence_changed")
    (view,) = await call(ann, "watch_presence", {"userIds": [bob.user_id, eve.user_id, "nobody"]})
    assert (view["userId"], view["status"]) == (bob.user_id, "online")
    assert await call(eve, "watch_presence", {"userIds": [bob.user_id]}) == []
    ticket = await bob.enqueue(DUEL)
    await eventually(lambda: ear.statuses(bob) == ["queued"])
    await bob.cancel(ticket["id"])
    await call(bob, "set_status", {"status": "away", "customStatus": "tea"})
    await eventually(lambda: ear.statuses(bob)[-1] == "away")
    assert ear.heard[-1][1]["customStatus"] == "tea"
    left_at = time.monotonic()
    await bob.close()
    again = await enter(a.url, session)
    away_s = time.monotonic() - left_at
    await meet(again, eve)
    await eventually(lambda: ear.statuses(bob)[-1] == "in_lobby", timeout=10)
    assert "offline" not in ear.statuses(bob) or away_s >= OFFLINE_AFTER_S
    await again.close()
    await eventually(lambda: ear.statuses(bob)[-1] == "offline", timeout=15)
    await call(ann, "unwatch_presence", {"userIds": [bob.user_id]})


async def test_the_end_of_a_friendship_ends_the_watch_on_every_instance(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    """Whether somebody ends it on another instance, or blocks."""
    a, b = start(**shared), start(**shared)
    ann, bob, cat, dan = await enter(a.url), await enter(b.url), await enter(b.url), await enter(a.url)
    friends = (bob, cat, dan)
    for friend in friends:
        await befriend(ann, friend)
    ear, hellos = Ear(ann, "presence_changed"), Ear(ann, "hello")
    assert len(await call(ann, "watch_presence", {"userIds": [friend.user_id for friend in friends]})) == 3
    for friend, event in ((bob, "friend_remove"), (cat, "block")):
        hellos.heard.clear()
        await call(friend, event, {"userId": ann.user_id})
        await eventually(lambda: any(f"social:presence:{dan.user_id}" in data["streams"] for _, data in hellos.heard))
        assert f"social:presence:{friend.user_id}" not in hellos.heard[-1][1]["streams"]
    for friend in friends:
        await call(friend, "set_status", {"status": "away"})
    await eventually(lambda: ear.statuses(dan) == ["away"])
    assert ear.statuses(bob) == ear.statuses(cat) == ["offline"]
    assert await call(ann, "watch_presence", {"userIds": [bob.user_id, cat.user_id]}) == []


async def test_who_shares_a_lobby_is_watched_until_it_is_left_hidden_or_blocked(start: Start, enter: Enter) -> None:
    url = start().url
    players = ann, bob = await enter(url), await enter(url)
    hellos, ear = Ear(ann, "hello"), Ear(ann, "presence_changed")

    async def watch_in_a_lobby() -> None:
        await meet(*players)
        (view,) = await call(ann, "watch_presence", {"userIds": [bob.user_id]})
        assert view["status"] == "in_lobby"
        hellos.heard.clear()
        ear.heard.clear()

    def is_over() -> bool:
        """The last greeting on `/social` names the streams that are left."""
        greetings = [set(data["streams"]) for _, data in hellos.heard]
        return {f"social:user:{ann.user_id}"} in greetings

    await watch_in_a_lobby()
    await call(bob, "set_privacy", {"presence": "friends"})
    await eventually(is_over)
    assert ear.heard[-1] == ("presence_changed", {"userId": bob.user_id, "status": "offline"})
    assert await call(ann, "watch_presence", {"userIds": [bob.user_id]}) == []
    await call(bob, "set_privacy", {"presence": "everyone"})
    assert len(await call(ann, "watch_presence", {"userIds": [bob.user_id]})) == 1
    hellos.heard.clear()
    await bob.leave()
    await eventually(is_over)
    await ann.leave()
    await watch_in_a_lobby()
    await call(bob, "block", {"userId": ann.user_id})
    await eventually(is_over)
    assert await call(ann, "watch_presence", {"userIds": [bob.user_id]}) == []


async def test_the_players_of_a_killed_instance_are_offline_within_15_s(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob = await enter(a.url), await enter(b.url)
    await befriend(ann, bob)
    ear = Ear(ann, "presence_changed")
    await call(ann, "watch_presence", {"userIds": [bob.user_id]})
    b.kill()
    began = time.monotonic()
    await eventually(lambda: ear.statuses(bob) == ["offline"], timeout=20)
    assert time.monotonic() - began < 15


async def test_who_watches_is_greeted_again_when_changes_may_have_been_missed(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    """A client watches again after each greeting, and so knows what it has not heard."""
    url = start(**shared).url
    ann, bob = await enter(url), await enter(url)
    await befriend(ann, bob)
    hellos = {player.user_id: Ear(player, "hello") for player in (ann, bob)}
    await call(ann, "watch_presence", {"userIds": [bob.user_id]})
    async with redis.asyncio.from_url(shared["MAOGA_REDIS_URL"]) as client:
        assert await client.client_kill_filter(_type="pubsub") > 0
    stream = f"social:presence:{bob.user_id}"
    await eventually(lambda: any(stream in data["streams"] for _, data in hellos[ann.user_id].heard), timeout=10)
    assert await call(bob, "ping")
    assert hellos[bob.user_id].heard == []


async def test_a_socket_watches_no_more_than_the_limit(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    """It may watch others once it watches fewer."""
    ann = await enter(start(**shared).url)
    friends = [f"friend-{n}" for n in range(MOST_WATCHED)]
    urls: dict[str, Any] = {"database_url": shared["MAOGA_DATABASE_URL"], "redis_url": shared["MAOGA_REDIS_URL"]}
    async with a_core(tmp_path, **urls) as core:
        now = core.clock.now()
        await core.database.collection(FRIENDSHIPS).insert_many([are_friends(ann.user_id, one, now) for one in friends])
    with pytest.raises(MaogaError) as refused:
        await call(ann, "watch_presence", {"userIds": [*friends, "one more"]})
    assert refused.value.code == "VALIDATION_ERROR"
    assert len(await call(ann, "watch_presence", {"userIds": friends})) == MOST_WATCHED
    with pytest.raises(MaogaError) as refused:
        await call(ann, "watch_presence", {"userIds": [ann.user_id]})
    assert (refused.value.code, refused.value.details) == ("WATCH_LIMIT", {"limit": MOST_WATCHED})
    await call(ann, "unwatch_presence", {"userIds": friends[:1]})
    (own,) = await call(ann, "watch_presence", {"userIds": [ann.user_id]})
    assert own["userId"] == ann.user_id
    await call(ann, "unwatch_presence")
    assert len(await call(ann, "watch_presence", {"userIds": friends})) == MOST_WATCHED


def are_friends(one: str, other: str, now: datetime) -> Friendship:
    ids = sorted([UserId(one), UserId(other)])
    return Friendship(id=":".join(ids), user_ids=tuple(ids), status="friends", asked_by=ids[0], since=now)
