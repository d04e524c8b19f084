"""What a player is told of their relations to others, on the stream `social:user:<id>`, and of what others are doing.

Both players are told, on all their devices. Applied in order to an old list of friends and requests, the events give
the present one.
"""

from typing import ClassVar

from domain.core.events import Event
from domain.core.ids import UserId
from domain.social.model import FriendView, PresenceView


def presence_stream(user: UserId) -> str:
    """The stream of what one player is doing."""
    return f"social:presence:{user}"


def watched(stream: str) -> UserId:
    """The player whose stream it is."""
    return UserId(stream.rpartition(":")[2])


class FriendRequested(Event, FriendView):
    """There is a request: put the other player on the list of requests."""

    wire_name: ClassVar[str] = "friend_requested"


class FriendAdded(Event, FriendView):
    """The two are friends now: take the other player off the list of requests, and put them on that of friends."""

    wire_name: ClassVar[str] = "friend_added"


class FriendRemoved(Event):
    """The two are not friends any more, or there is no request any more: take the other player off both lists."""

    wire_name: ClassVar[str] = "friend_removed"

    user_id: UserId


class PresenceChanged(Event, PresenceView):
    """A player whom the socket watches is doing something else now; or may be watched no longer: offline, without
    `since`."""

    wire_name: ClassVar[str] = "presence_changed"
    durable: ClassVar[bool] = False
