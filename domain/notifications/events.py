"""What a player is told of their notifications, on `social:user:<id>`."""

from typing import ClassVar

from domain.core.events import Event
from domain.notifications.model import NotificationView


class Notified(Event, NotificationView):
    """There is something new to know."""

    wire_name: ClassVar[str] = "notification"


class NotificationsMarked(Event):
    """One of the player's devices has marked these notifications as read, or as unread."""

    wire_name: ClassVar[str] = "notifications_marked"

    ids: tuple[str, ...]
    read: bool


class NotificationRemoved(Event):
    """One of the player's devices has deleted a notification."""

    wire_name: ClassVar[str] = "notification_removed"

    id: str


class UnreadCount(Event):
    """How many notifications are unread now."""

    wire_name: ClassVar[str] = "unread_count"
    durable: ClassVar[bool] = False

    count: int
