"""Relations between players, as stored and as sent."""

from typing import Literal

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import UserId
from domain.core.model import Document, Model, Timestamp
from domain.presence.told import PresenceStatus, Told


class Block(Document):
    """One player wants nothing to do with another. The id is `<blocker>:<blocked>`."""

    blocker_id: UserId
    blocked_id: UserId
    created_at: Timestamp


BLOCKS = Spec("blocks", Block, indexes=(("blocker_id", "blocked_id"), ("blocker_id", "created_at"), ("blocked_id",)))


class BlockView(Model):
    """A block as the player who made it sees it."""

    user_id: UserId
    created_at: Timestamp


class BlockList(Model):
    """A page of blocks, the newest first. nextCursor: missing on the last page."""

    items: list[BlockView]
    next_cursor: str | None


class Friendship(WithEvents):
    """What two players are to each other: one has asked the other, they are friends, or it is over.

    The id is `<lesser id>:<greater id>`, so that a pair has one. since: when the status began. expires_at: when the
    record of what is over is deleted, after the events in it have long been sent.
    """

    user_ids: tuple[UserId, ...]
    status: Literal["asked", "friends", "over"]
    asked_by: UserId
    since: Timestamp
    expires_at: Timestamp | None = None


FRIENDSHIPS = Spec(
    "friendships",
    Friendship,
    indexes=(("user_ids", "status", "since"), ("asked_by", "status"), ("unpublished_at",)),
    expires="expires_at",
)

Relation = Literal["friends", "incoming", "outgoing"]


class FriendView(Model):
    """Another player, and what they are to the player: a friend, who has asked (incoming), or who is asked (outgoing).

    since: when that began.
    """

    user_id: UserId
    username: str
    display_name: str
    status: Relation
    since: Timestamp


class FriendList(Model):
    """A page of friends or of requests, the newest first. nextCursor: missing on the last page."""

    items: list[FriendView]
    next_cursor: str | None


class UserStatus(Document):
    """What a player says of themselves, whatever they are doing. The id is the user's."""

    status: Literal["online", "away"] = "online"
    custom_status: str | None = None


STATUSES = Spec("statuses", UserStatus)


class PresenceView(Model):
    """What a player is doing, as others see it. Of two about one player the one with the later `since` is right.

    since: when the status began; missing when that is long ago.
    """

    user_id: UserId
    status: PresenceStatus
    since: Timestamp | None
    custom_status: str | None


def presence_view(user: UserId, told: Told) -> PresenceView:
    """What others see of the user."""
    return PresenceView(user_id=user, status=told.status, since=told.since, custom_status=told.custom_status)
