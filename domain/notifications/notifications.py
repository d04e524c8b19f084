"""The use cases of notifications: made in the commit of the write they follow, told after it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.core.clock import Clock
from domain.core.collection import Database, Insert
from domain.core.events import Outbox, Outgoing, Publisher, carry, to, user_stream
from domain.core.ids import IdFactory, UserId
from domain.notifications.events import Notified, UnreadCount
from domain.notifications.model import NOTIFICATIONS, LobbyInvite, News, Notification, NotificationView

KEPT = timedelta(days=30)


class Notifications:
    """What other use cases tell a user, and what the user does with it."""

    def __init__(
        self, database: Database, outbox: Outbox, publisher: Publisher, clock: Clock, new_id: IdFactory
    ) -> None:
        self._notifications = database.collection(NOTIFICATIONS)
        self._outbox, self._publisher = outbox, publisher
        self._clock, self._new_id = clock, new_id

    async def about(self, news: Mapping[UserId, News]) -> list[Insert[Notification]]:
        """The writes that tell each of the users, for the commit of what the news follows; `tell` comes after."""
        return [Insert(NOTIFICATIONS, self._new(user, one)) for user, one in news.items()]

    def _new(self, user: UserId, news: News) -> Notification:
        now = self._clock.now()
        made = Notification(
            id=self._new_id(), user_id=user, news=news, created_at=now, expires_at=expiry(news) or now + KEPT
        )
        told = Notified(**notification_view(made).model_dump())
        return carry(made, [to(user_stream("social", user), told)], now)

    async def tell(self, written: Sequence[Insert[Notification]]) -> None:
        """Publishes those that were committed; what a crash keeps from it the sweep does.

        Of two callers who would write the same, only one has committed; the other one's are not there.
        """
        for made in (await self._notifications.get_many([write.document.id for write in written])).values():
            await self._outbox.flush(NOTIFICATIONS, made)
            await self._publisher.publish(await self._unread(made.user_id))

    async def _unread(self, user: UserId) -> Outgoing:
        count = await self._notifications.count({"user_id": user, "read": False})
        return to(user_stream("social", user), UnreadCount(count=count))


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
