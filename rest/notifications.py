"""Notifications, and which of them a player wants."""

from domain.core.errors import NotFound
from domain.notifications.commands import MarkNotifications, NotificationQuery, ReadState, SetNotifications
from domain.notifications.model import NotificationView, Unread
from domain.notifications.settings import NotificationSettingsView
from rest.envelope import Reply
from rest.routes import Call, Route


async def notifications(call: Call) -> Reply:
    """The caller's notifications, the newest first."""
    page = await call.services.notifications.list(call.principal.user_id, call.query)
    pagination = {"limit": call.query.limit, "nextCursor": page.next_cursor}
    return Reply([item.wire() for item in page.items], {"pagination": pagination, "unread": page.unread})


async def count(call: Call) -> Unread:
    """How many of the caller's notifications are unread."""
    return await call.services.notifications.unread(call.principal.user_id)


async def set_read(call: Call) -> NotificationView:
    """Marks a notification as read or unread, on all devices of the caller."""
    return await call.services.notifications.set_read(call.principal.user_id, call.path["id"], call.body)


async def read_all(call: Call) -> Unread:
    """Marks all notifications of the caller as read; how many are unread then."""
    return await call.services.notifications.mark(call.principal.user_id, MarkNotifications(all=True))


async def delete(call: Call) -> None:
    """Deletes a notification of the caller; without it nothing happens."""
    await call.services.notifications.delete(call.principal.user_id, call.path["id"])


async def settings(call: Call) -> NotificationSettingsView:
    """Which kinds of notifications the caller wants."""
    return await call.services.notification_preferences.of(call.principal.user_id)


async def set_settings(call: Call) -> NotificationSettingsView:
    """Says which kinds of notifications the caller wants; the kinds that are not named are wanted."""
    return await call.services.notification_preferences.set(call.principal.user_id, call.body)


routes = [
    Route("GET", "/notifications", notifications, query=NotificationQuery, answer=list[NotificationView]),
    Route("GET", "/notifications/count", count, answer=Unread),
    Route(
        "PATCH",
        "/notifications/{id}",
        set_read,
        body=ReadState,
        answer=NotificationView,
        rate="write",
        errors=(NotFound,),
    ),
    Route("POST", "/notifications/read-all", read_all, answer=Unread, rate="write"),
    Route("DELETE", "/notifications/{id}", delete, status=204, rate="write"),
    Route("GET", "/users/me/notification-settings", settings, answer=NotificationSettingsView),
    Route(
        "PUT",
        "/users/me/notification-settings",
        set_settings,
        body=SetNotifications,
        answer=NotificationSettingsView,
        rate="write",
    ),
]
