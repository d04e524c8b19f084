"""What others see of a player, as a worker finds it out and tells it."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.core.errors import ValidationFailed
from domain.core.events import Outgoing
from domain.core.ids import UserId
from domain.lobbies.commands import SetReady
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.parties.commands import JoinParty, PartyMemberCommand
from domain.presence.presence import Connection, Counts, Holding
from domain.social.commands import AnswerFriend, AskFriend, SetStatus, ToBlock
from domain.social.presences import GATHER_S
from domain.social.privacy import SetPrivacy
from domain.social.seen import OFFLINE_AFTER_S
from maoga.bootstrap import Core
from storage.redis.presence import RedisPresence
from tests.integration.matchmaking.test_main_job import DUEL, proposed
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.wait import eventually

HERE = Counts(1, {"social": 1})


class Watch:
    """Notes what is told of presence, and whose sockets are to look anew."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.told: list[tuple[str, str]] = []
        self.reviewed: list[str] = []
        core.publisher.listen(self._hear)

    async def _hear(self, events: Sequence[Outgoing]) -> None:
        self.told += [(e.data["userId"], e.data["status"]) for e in events if e.name == "presence_changed"]

    def take(self) -> list[tuple[str, str]]:
        told, self.told = self.told, []
        return told


async def connect(core: Core, *users: UserId, instance: RedisPresence | None = None) -> None:
    """The users have a connection now."""
    presence = instance or core.presence
    await presence.beat(HERE)
    holdings = {user: Holding([Connection(f"c-{user}", 0, ("social",))], 1) for user in users}
    assert await presence.put(holdings, HERE) is not None
    await core.presences.moved(*users)


async def disconnect(core: Core, *users: UserId) -> None:
    """The users' last connections are gone."""
    assert await core.presence.put({user: Holding([], 0) for user in users}, HERE) is not None
    await core.presences.gone(*users)


async def look(core: Core, clock: ManualClock, after_s: float = GATHER_S) -> None:
    clock.advance(after_s)
    await core.presences.run()


async def status(core: Core, user: UserId) -> str:
    (view,) = await core.presences.of([user])
    return view.status


async def test_what_a_player_does_is_told_once_when_it_changes(core: Core, clock: ManualClock) -> None:
    ann, bob = await players(core, 2)
    watch = Watch(core)
    await connect(core, ann, bob)
    await core.presences.run()
    assert watch.take() == [], "changes are gathered for a moment"
    await look(core, clock)
    assert sorted(watch.take()) == sorted([(ann, "online"), (bob, "online")])
    for _ in range(3):
        await core.presences.moved(ann)
    await look(core, clock)
    assert watch.take() == [], "nothing is new"
    ticket = await core.matchmaking.enqueue(ann, DUEL)
    await core.presences.set_status(ann, SetStatus(status="away"))
    await look(core, clock)
    assert watch.take() == [(ann, "queued")]
    await core.matchmaking.cancel(ann, CancelTicket(ticket_id=ticket.id))
    await look(core, clock)
    assert watch.take() == [(ann, "away")]


async def test_from_the_queue_to_the_game_and_out(any_core: Core, clock: ManualClock) -> None:
    core = any_core
    users = await players(core, 2)
    ann, bob = users
    watch = Watch(core)
    await connect(core, ann, bob)
    match = await proposed(core, users)
    await look(core, clock)
    assert {status for _, status in watch.take()} == {"queued"}
    for user in users:
        await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    await look(core, clock)
    assert sorted(watch.take()) == sorted((user, "in_lobby") for user in users)
    for user in users:
        await core.lobbies.set_ready(user, SetReady(ready=True))
    clock.advance(60)
    await core.worker.run_deadlines()
    await look(core, clock)
    assert sorted(watch.take()) == sorted((user, "in_game") for user in users)
    await core.lobbies.leave(ann)
    await look(core, clock)
    assert watch.take() == [(ann, "online")]


async def test_a_reconnect_is_told_to_nobody(core: Core, clock: ManualClock) -> None:
    (ann,) = await players(core, 1)
    watch = Watch(core)
    await connect(core, ann)
    await look(core, clock)
    watch.take()
    await disconnect(core, ann)
    await core.presences.moved(ann)  # whatever else happens meanwhile
    await look(core, clock, OFFLINE_AFTER_S / 2)
    assert watch.take() == []
    await connect(core, ann)
    await look(core, clock, OFFLINE_AFTER_S)
    assert watch.take() == []
    await disconnect(core, ann)
    await look(core, clock, OFFLINE_AFTER_S / 2)
    await disconnect(core, ann)
    await look(core, clock, OFFLINE_AFTER_S * 0.9)
    assert watch.take() == [], "the time counts from the last connection"
    await look(core, clock, OFFLINE_AFTER_S)
    assert watch.take() == [(ann, "offline")]


async def test_since_is_when_the_status_began(core: Core, clock: ManualClock) -> None:
    ann, bob = await players(core, 2)
    (never,) = await core.presences.of([bob])
    assert (never.status, never.since) == ("offline", None)
    await connect(core, ann)
    await look(core, clock)
    began = clock.now()
    clock.advance(100)
    (now,) = await core.presences.of([ann])
    assert (now.status, now.since) == ("online", began)
    away = await core.presences.set_status(ann, SetStatus(status="away"))
    assert (away.status, away.since) == ("away", clock.now())
    await look(core, clock)
    clock.advance(100)
    await disconnect(core, ann)
    await look(core, clock, OFFLINE_AFTER_S)
    left = clock.now()
    clock.advance(1000)
    (gone,) = await core.presences.of([ann])
    assert (gone.status, gone.since) == ("offline", left)


async def test_what_a_player_says_of_themselves_is_kept_and_cleaned(core: Core, clock: ManualClock) -> None:
    (ann,) = await players(core, 1)
    await connect(core, ann)
    said = SetStatus.parse({"status": "away", "customStatus": "  back at 8 "})
    assert (await core.presences.set_status(ann, said)).custom_status == "back at 8"
    assert SetStatus.parse({"status": "away", "customStatus": "  "}).custom_status is None
    for unseemly in ("a\nb", "a\u202eb", "\u200b", "x" * 81):
        with pytest.raises(ValidationFailed):
            SetStatus.parse({"status": "away", "customStatus": unseemly})
    await look(core, clock)
    await disconnect(core, ann)
    await look(core, clock, OFFLINE_AFTER_S)
    assert (await core.presences.of([ann]))[0].custom_status is None, "who is offline says nothing"
    await connect(core, ann)
    (view,) = await core.presences.of([ann])
    assert (view.status, view.custom_status) == ("away", "back at 8")
    assert (await core.presences.set_status(ann, SetStatus(status="online"))).custom_status is None


async def test_who_is_hidden_is_offline_to_all(core: Core, clock: ManualClock) -> None:
    (ann,) = await players(core, 1)
    watch = Watch(core)
    await connect(core, ann)
    await look(core, clock)
    await core.privacy.set(ann, SetPrivacy(presence="nobody"))
    await look(core, clock)
    await core.matchmaking.enqueue(ann, DUEL)
    await look(core, clock)
    assert watch.take() == [(ann, "online"), (ann, "offline")]
    await core.privacy.set(ann, SetPrivacy(presence="friends"))
    await look(core, clock)
    assert watch.take() == [(ann, "queued")]


async def test_the_players_of_a_killed_instance_are_offline_once_its_lease_has_lapsed(
    any_core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who came back elsewhere meanwhile are not."""
    core = any_core
    monkeypatch.setattr("storage.redis.presence.LEASE_MS", 300)
    users = await players(core, 3)
    ann, bob, cat = users
    watch = Watch(core)
    killed = RedisPresence(core.redis, "killed")
    await connect(core, *users, instance=killed)
    await look(core, clock)
    assert len(watch.take()) == 3
    await core.presences.sweep()
    monkeypatch.setattr("storage.redis.presence.LEASE_MS", 10_000)
    await connect(core, bob)

    async def only_bob_is_there() -> bool:
        return await core.presence.online(users) == {bob}

    await eventually(only_bob_is_there)
    await look(core, clock, 60)
    assert watch.take() == [], "nobody has looked at the others yet"
    assert {lease.partition(":")[0] for lease in await core.presence.lapsed()} == {"killed"}
    await core.presences.sweep()
    await look(core, clock, 0)
    assert sorted(watch.take()) == sorted([(ann, "offline"), (cat, "offline")])
    assert await core.presence.lapsed() == {}


async def test_whom_an_instance_that_stops_has_not_told_of_the_sweep_finds(core: Core, clock: ManualClock) -> None:
    (ann,) = await players(core, 1)
    watch = Watch(core)
    stopping = RedisPresence(core.redis, "stopping")
    await connect(core, ann, instance=stopping)
    await look(core, clock)
    await stopping.leave()
    await core.presences.sweep()
    await look(core, clock, 0)
    assert watch.take() == [(ann, "online"), (ann, "offline")]


async def test_of_two_findings_the_one_begun_later_is_told(any_core: Core, clock: ManualClock) -> None:
    """A worker that found out earlier what it tells later tells nothing."""
    core = any_core
    (ann,) = await players(core, 1)
    watch = Watch(core)
    await connect(core, ann)
    earlier = await core.presences._find([ann])
    await core.matchmaking.enqueue(ann, DUEL)
    await look(core, clock)
    assert await core.presences._told.tell(earlier.now, earlier.reading.mark) == set()
    assert watch.take() == [(ann, "queued")]
    assert (await core.presences._told.read([ann])).last[ann].status == "queued"


async def test_one_of_whom_it_cannot_be_found_out_keeps_nobody_waiting(
    core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = await players(core, 2)
    watch = Watch(core)
    await connect(core, ann, bob)
    find = core.presences._find

    async def fails(users: Sequence[UserId]) -> Any:
        if ann in users:
            raise RuntimeError("no good")
        return await find(users)

    monkeypatch.setattr(core.presences, "_find", fails)
    await look(core, clock)
    assert watch.take() == [(bob, "online")]


async def test_friends_and_companions_are_watched_and_nobody_else(core: Core, clock: ManualClock) -> None:
    users = await players(core, 5)
    ann, bob, cat, eve, dan = users
    assert await core.presences.visible_to(ann, users) == {ann}
    await core.friends.request(ann, AskFriend(user_id=bob))
    assert await core.presences.visible_to(ann, users) == {ann}, "a request is no friendship"
    await core.friends.answer(bob, AnswerFriend(user_id=ann, accept=True))
    party = await core.parties.create(ann)
    await core.parties.invite(ann, PartyMemberCommand(user_id=cat))
    await core.parties.join(cat, JoinParty(party_id=party.id))
    assert await core.presences.visible_to(ann, users) == {ann, bob, cat}
    match = await proposed(core, [eve, dan])
    for user in (eve, dan):
        await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    assert await core.presences.visible_to(eve, users) == {eve, dan}
    await core.privacy.set(dan, SetPrivacy(presence="friends"))
    assert await core.presences.visible_to(eve, users) == {eve}
    await core.blocks.block(cat, ToBlock(user_id=ann))
    assert await core.presences.visible_to(ann, users) == {ann, bob}
    assert await core.presences.visible_to(cat, users) == {cat}
    await core.blocks.block(ann, ToBlock(user_id=bob))
    assert await core.presences.visible_to(bob, users) == {bob}
