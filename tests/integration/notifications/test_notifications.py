"""Notifications: made with the write they follow, told on every device, read, deleted, bounded, and forgotten."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.core.collection import Insert
from domain.core.errors import NotFound
from domain.core.events import REPUBLISH_AFTER_S, user_stream
from domain.core.ids import GameId, LobbyId, UserId
from domain.notifications import notifications as rules
from domain.notifications.commands import (
    MARKED_AT_ONCE,
    MarkNotifications,
    NotificationQuery,
    ReadState,
    SetNotifications,
)
from domain.notifications.model import (
    NOTIFICATIONS,
    FriendAccepted,
    LobbyInvite,
    News,
    Notification,
    NotificationList,
    SystemNotice,
)
from maoga.bootstrap import Core
from tests.support.clock import ManualClock
from tests.support.dying import dying_before_it_publishes
from tests.support.told import told

ANN, BOB = UserId("ann"), UserId("bob")


def notice(title: str) -> SystemNotice:
    return SystemNotice(title=title, body="")


async def tell(core: Core, *news: News, user: UserId = ANN) -> list[Insert[Notification]]:
    """Tells the user so many things, each in a commit of its own."""
    written = []
    for one in news:
        writes = await core.notifications.about({user: one})
        await core.database.commit(*writes)
        await core.notifications.tell(writes)
        written += writes
    return written


async def listed(core: Core, user: UserId = ANN, **query: Any) -> NotificationList:
    return await core.notifications.list(user, NotificationQuery(**query))


async def titles(core: Core, user: UserId = ANN, **query: Any) -> list[str]:
    return [item.title for item in (await listed(core, user, **query)).items]


async def events(core: Core, user: UserId = ANN) -> list[tuple[str, dict[str, Any]]]:
    return await told(core, user_stream("social", user))


async def test_what_was_told_is_listed_and_sent_with_a_payload_of_its_kind(core: Core) -> None:
    await tell(core, FriendAccepted(user_id=BOB, name="Bob"))
    ((name, data),) = await events(core)
    (item,) = (await listed(core)).items
    assert (name, data) == ("notification", item.wire())
    assert data["data"] == {"type": "friend_accepted", "userId": "bob", "name": "Bob"}
    assert (data["type"], data["title"], data["body"], data["read"]) == (
        *("friend_accepted", "Friend request accepted", "Bob and you are friends now.", False),
    )


async def test_pages_are_newest_first_and_miss_nothing(core: Core) -> None:
    await tell(core, *(notice(str(n)) for n in range(7)))
    found, cursor, sizes = [], None, []
    while True:
        page = await listed(core, limit=3, cursor=cursor)
        found += [item.title for item in page.items]
        sizes.append(len(page.items))
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (found, sizes) == (list("6543210"), [3, 3, 1])


async def test_reading_some_and_all_is_counted_and_told_to_every_device(core: Core) -> None:
    one, two, three = [write.document.id for write in await tell(core, notice("1"), notice("2"), notice("3"))]
    (others,) = await tell(core, notice("bob's"), user=BOB)
    mine_and_others = MarkNotifications(ids=[one, others.document.id, "nothing"])
    assert (await core.notifications.mark(ANN, mine_and_others)).count == 2
    assert (await listed(core, BOB)).unread == 1
    assert await titles(core, unread=True) == ["3", "2"]
    assert (await core.notifications.mark(ANN, MarkNotifications(all=True))).count == 0
    assert (await core.notifications.mark(ANN, MarkNotifications(all=True))).count == 0
    marked = [data for name, data in await events(core) if name == "notifications_marked"]
    assert marked == [{"ids": [one], "read": True}, {"ids": [two, three], "read": True}]
    assert [item.read for item in (await listed(core)).items] == [True] * 3


async def test_more_than_one_commit_takes_can_be_read_at_once(core: Core) -> None:
    news = {UserId(ANN): notice("x")}
    for _ in range(3):
        writes = [write for _ in range(45) for write in await core.notifications.about(news)]
        await core.database.commit(*writes)
    assert (await core.notifications.mark(ANN, MarkNotifications(all=True))).count == 0
    marked = [len(data["ids"]) for name, data in await events(core) if name == "notifications_marked"]
    assert marked == [MARKED_AT_ONCE, 35]


async def test_devices_that_read_all_at_once_agree(core: Core) -> None:
    await tell(core, *(notice(str(n)) for n in range(5)))
    counts = await asyncio.gather(*(core.notifications.mark(ANN, MarkNotifications(all=True)) for _ in range(4)))
    assert [count.count for count in counts] == [0] * 4
    marked = [data["ids"] for name, data in await events(core) if name == "notifications_marked"]
    assert sorted(id for ids in marked for id in ids) == sorted({id for ids in marked for id in ids})


async def test_one_can_be_marked_unread_again_and_only_by_its_user(core: Core) -> None:
    (write,) = await tell(core, notice("1"))
    id = write.document.id
    assert (await core.notifications.set_read(ANN, id, ReadState(read=True))).read
    assert not (await core.notifications.set_read(ANN, id, ReadState(read=False))).read
    assert (await core.notifications.unread(ANN)).count == 1
    for user, missing in ((BOB, id), (ANN, "nothing")):
        with pytest.raises(NotFound):
            await core.notifications.set_read(user, missing, ReadState(read=True))
    assert (await core.notifications.unread(ANN)).count == 1


async def test_deleting_is_told_and_harmless_to_others(core: Core) -> None:
    (write,) = await tell(core, notice("1"))
    await core.notifications.delete(BOB, write.document.id)
    assert await titles(core) == ["1"]
    for _ in range(2):
        await core.notifications.delete(ANN, write.document.id)
    assert (await listed(core)).wire() == {"items": [], "unread": 0}
    assert ("notification_removed", {"id": write.document.id}) in await events(core)


async def test_nobody_is_told_what_they_do_not_want(core: Core) -> None:
    defaults = await core.notification_preferences.of(ANN)
    assert all(defaults.model_dump().values())
    changed = await core.notification_preferences.set(ANN, SetNotifications(system=False))
    assert {kind for kind, wanted in changed if not wanted} == {"system"}
    written = await core.notifications.about({ANN: notice("1"), BOB: notice("1")})
    assert [write.document.user_id for write in written] == [BOB]
    await tell(core, FriendAccepted(user_id=BOB, name="Bob"))
    assert await titles(core) == ["Friend request accepted"]
    await core.notification_preferences.set(ANN, SetNotifications())
    assert len(await core.notifications.about({ANN: notice("1")})) == 1


async def test_the_oldest_read_go_first_when_there_are_too_many(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_KEPT", 4)
    ids = [write.document.id for write in await tell(core, *(notice(str(n)) for n in range(4)))]
    await core.notifications.mark(ANN, MarkNotifications(ids=[ids[1], ids[2]]))
    await tell(core, notice("4"))
    assert await titles(core) == ["4", "3", "2", "0"]
    await tell(core, notice("5"), notice("6"))
    assert await titles(core) == ["6", "5", "4", "3"]


async def test_an_invitation_ends_with_its_lobby_s_and_the_rest_after_a_month(core: Core, clock: ManualClock) -> None:
    until = clock.now() + timedelta(minutes=10)
    invite = LobbyInvite(
        lobby_id=LobbyId("l"),
        lobby_name="Duel",
        game_id=GameId("g"),
        from_user_id=BOB,
        from_name="Bob",
        expires_at=until,
    )
    invited, told_so = await tell(core, invite, notice("1"))
    assert invited.document.expires_at == until
    assert told_so.document.expires_at == clock.now() + timedelta(days=30)


async def test_what_is_past_is_not_counted(core: Core, clock: ManualClock) -> None:
    clock.advance(-31 * 86_400)
    await tell(core, notice("old"))
    clock.advance(31 * 86_400)
    await tell(core, notice("new"))
    assert (await titles(core), (await listed(core)).unread) == (["new"], 1)


async def test_what_a_crash_left_untold_is_told_by_the_sweep(core: Core, clock: ManualClock) -> None:
    writes = await core.notifications.about({ANN: notice("1")})
    await core.database.commit(*writes)
    assert await events(core) == []
    clock.advance(REPUBLISH_AFTER_S + 1)
    await core.recovery.sweep()
    assert [name for name, _ in await events(core)] == ["notification"]
    stored = await core.database.collection(NOTIFICATIONS).get(writes[0].document.id)
    assert stored
    assert stored.unpublished == ()


async def test_a_removal_whose_process_died_is_told_by_the_sweep(core: Core, clock: ManualClock) -> None:
    """The notification is nobody's at once, and its document is gone in the end."""
    removed, _ = await tell(core, notice("1"), notice("2"))
    id, before = removed.document.id, await events(core)
    with dying_before_it_publishes(core):
        await core.notifications.delete(ANN, id)
    assert (await titles(core), (await core.notifications.unread(ANN)).count) == (["2"], 1)
    await core.notifications.delete(ANN, id)  # a retry
    with pytest.raises(NotFound):
        await core.notifications.set_read(ANN, id, ReadState(read=True))
    clock.advance(REPUBLISH_AFTER_S + 1)
    for _ in range(2):
        await core.recovery.sweep()
    assert await events(core) == [*before, ("notification_removed", {"id": id})]
    stored = await core.database.collection(NOTIFICATIONS).get(id)
    assert stored
    assert stored.expires_at < clock.now() + timedelta(days=1)
