"""The use cases of notifications: made in the commit of the write they follow, told after it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.core.clock import Clock
from domain.core.collection import Database, Filter, Insert, Replace, StorageConflict, Update
from domain.core.errors import Conflict, NotFound
from domain.core.events import Event, Outbox, Outgoing, Publisher, carry, carrying, to, user_stream
from domain.core.ids import IdFactory, UserId
from domain.core.index import may_lag
from domain.core.paging import after, cursor_of
from domain.core.retries import RETRIES, pause
from domain.notifications.commands import MARKED_AT_ONCE, MarkNotifications, NotificationQuery, ReadState
from domain.notifications.events import NotificationRemoved, NotificationsMarked, Notified, UnreadCount
from domain.notifications.metrics import UNWATCHED, NotificationMetrics
from domain.notifications.model import (
    NOTIFICATIONS,
    LobbyInvite,
    News,
    Notification,
    NotificationList,
    NotificationView,
    Unread,
)
from domain.notifications.settings import NotificationPreferences

KEPT = timedelta(days=30)
REMOVED_KEPT = timedelta(days=1)
NOBODY = UserId("")
MOST_KEPT = 500
"""Notifications of one user; beyond it the oldest that were read go first, and then the oldest."""


class Notifications:
    """What other use cases tell a user, and what the user does with it."""

    def __init__(
        self,
        *,
        database: Database,
        preferences: NotificationPreferences,
        outbox: Outbox,
        publisher: Publisher,
        clock: Clock,
        new_id: IdFactory,
        metrics: NotificationMetrics = UNWATCHED,
    ) -> None:
        self._database, self._preferences, self._metrics = database, preferences, metrics
        self._notifications = database.collection(NOTIFICATIONS)
        self._outbox, self._publisher = outbox, publisher
        self._clock, self._new_id = clock, new_id

    async def about(self, news: Mapping[UserId, News]) -> list[Insert[Notification]]:
        """The writes that tell each user who wants to know, for the commit of what the news follows.

        `tell` comes after it. The caller leaves out those who have blocked the one the news is of.
        """
        unwanted = await self._preferences.unwanted(news) if news else {}
        wanted = {user: one for user, one in news.items() if one.type not in unwanted.get(user, ())}
        for user in news.keys() - wanted.keys():
            self._metrics.notification(news[user].type, "unwanted")
        return [Insert(NOTIFICATIONS, self._new(user, one)) for user, one in wanted.items()]

    async def tell(self, written: Sequence[Insert[Notification]]) -> None:
        """Publishes those that were committed; what a crash or an outage keeps from it the sweep does.

        Of two callers who would write the same, only one has committed; the other one's are not there.
        """
        with may_lag():
            made = await self._notifications.get_many([write.document.id for write in written])
            for one in made.values():
                self._metrics.notification(one.news.type, "made")
            await asyncio.gather(*map(self._tell, made.values()))

    async def list(self, user: UserId, query: NotificationQuery) -> NotificationList:
        """A page of the user's notifications, the newest first."""
        asked: Filter = {"user_id": user, "read": False} if query.unread else {"user_id": user}
        start = after(query.cursor, str)
        found = await self._notifications.find(asked, sort="-id", limit=query.limit + 1, after=start)
        shown, more = found[: query.limit], len(found) > query.limit
        return NotificationList(
            items=[notification_view(one) for one in shown],
            next_cursor=cursor_of(shown[-1].id, shown[-1].id) if more else None,
            unread=(await self.unread(user)).count,
        )

    async def unread(self, user: UserId) -> Unread:
        """How many of the user's notifications are unread."""
        return Unread(count=await self._notifications.count({"user_id": user, "read": False}))

    async def mark(self, user: UserId, command: MarkNotifications) -> Unread:
        """Marks notifications as read, on all devices of the user; ids that are not the user's are passed over.

        All: those there are now. How many are unread then.
        """
        if command.ids is None:
            while await self._mark_some(user, None, read=True) == MARKED_AT_ONCE:
                pass
        else:
            await self._mark_some(user, command.ids, read=True)
        return await self._tell_unread(user)

    async def set_read(self, user: UserId, id: str, command: ReadState) -> NotificationView:
        """Marks one notification as read or unread; raises `NotFound` when the user has none of that id."""
        await self._mark_some(user, [id], read=command.read)
        notification = await self._notifications.get(id)
        if notification is None or notification.user_id != user:
            raise NotFound("There is no such notification.")
        await self._tell_unread(user)
        return notification_view(notification)

    async def delete(self, user: UserId, id: str) -> None:
        """Deletes a notification of the user; without it nothing happens.

        It is nobody's from then on, and kept for as long as it may take to tell the user's devices.
        """
        now = self._clock.now()
        removed = carrying(
            [_told(user, NotificationRemoved(id=id))], now, user_id=NOBODY, expires_at=now + REMOVED_KEPT
        )
        if gone := await self._notifications.update(id, removed, expect={"user_id": user}):
            await self._outbox.flush(NOTIFICATIONS, gone)
        await self._tell_unread(user)

    def _new(self, user: UserId, news: News) -> Notification:
        now = self._clock.now()
        made = Notification(
            id=self._new_id(), user_id=user, news=news, created_at=now, expires_at=expiry(news) or now + KEPT
        )
        return carry(made, [_told(user, Notified(**notification_view(made).model_dump()))], now)

    async def _tell(self, notification: Notification) -> None:
        await self._outbox.flush(NOTIFICATIONS, notification)
        await self._trim(notification.user_id)
        await self._tell_unread(notification.user_id)
        self._metrics.notification(notification.news.type, "delivered")

    async def _tell_unread(self, user: UserId) -> Unread:
        unread = await self.unread(user)
        await self._publisher.publish(_told(user, UnreadCount(count=unread.count)))
        return unread

    async def _trim(self, user: UserId) -> None:
        """Deletes what is beyond the most that a user may have."""
        for asked in ({"user_id": user, "read": True}, {"user_id": user, "read": False}):
            excess = await self._notifications.count({"user_id": user}) - MOST_KEPT
            if excess <= 0:
                return
            for oldest in await self._notifications.find(asked, limit=excess):
                await self._notifications.delete(oldest.id)

    async def _mark_some(self, user: UserId, ids: Sequence[str] | None, *, read: bool) -> int:
        """Marks those of the ids (None: the first of all) that are marked otherwise; how many. Raises `Conflict`."""
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            found = await self._marked(user, ids, not read)
            if not found:
                return 0
            marked = _told(user, NotificationsMarked(ids=tuple(one.id for one in found), read=read))
            first, *others = found
            bearer = carry(first.changed(read=read), [marked], self._clock.now())
            writes = [Update(NOTIFICATIONS, one.id, {"$set": {"read": read}}) for one in others]
            try:
                await self._database.commit(Replace(NOTIFICATIONS, bearer), *writes)
            except StorageConflict:  # another device was at it
                continue
            await self._outbox.flush(NOTIFICATIONS, bearer.changed(version=bearer.version + 1))
            return len(found)
        raise Conflict

    async def _marked(self, user: UserId, ids: Sequence[str] | None, read: bool) -> Sequence[Notification]:
        if ids is None:
            return await self._notifications.find({"user_id": user, "read": read}, limit=MARKED_AT_ONCE)
        found = await self._notifications.get_many(ids)
        return [one for one in found.values() if one.user_id == user and one.read == read]


def expiry(news: News) -> datetime | None:
    """When the news is of no use any more, if it says so itself."""
    return news.expires_at if isinstance(news, LobbyInvite) else None


def notification_view(notification: Notification) -> NotificationView:
    """The notification as its user sees it."""
    title, body = notification.news.words()
    return NotificationView(
        id=notification.id,
        type=notification.news.type,
        title=title,
        body=body,
        data=notification.news,
        read=notification.read,
        created_at=notification.created_at,
    )


def _told(user: UserId, event: Event) -> Outgoing:
    return to(user_stream("social", user), event)
