"""Friendships as values: how one begins, changes and ends, and how each of the two sees it. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.core.events import Outgoing, carry, to, user_stream
from domain.core.ids import UserId
from domain.social.events import FriendAdded, FriendRemoved, FriendRequested
from domain.social.model import Friendship, FriendView, Relation
from domain.users.model import User

OVER_KEPT = timedelta(days=1)
"""What is over is remembered for so long: who asks again within it makes no second notification."""

Accounts = Mapping[UserId, User]


def friendship_id(one: UserId, other: UserId) -> str:
    """The same for both: a pair has one friendship."""
    return ":".join(sorted((one, other)))


def other_of(friendship: Friendship, user: UserId) -> UserId:
    """The one of the two that the user is not."""
    one, other = friendship.user_ids
    return other if user == one else one


def asked(before: Friendship | None, user: UserId, other: UserId, accounts: Accounts, now: datetime) -> Friendship:
    """The user has asked the other. before: what is over between them."""
    made = _made(before, user, other, now).changed(status="asked", asked_by=user, since=now, expires_at=None)
    return carry(made, _told(made, accounts, FriendRequested), now)


def accepted(before: Friendship, accounts: Accounts, now: datetime) -> Friendship:
    """The two are friends."""
    made = before.changed(status="friends", since=now)
    return carry(made, _told(made, accounts, FriendAdded), now)


def ended(before: Friendship | None, user: UserId, other: UserId, now: datetime) -> Friendship:
    """There is nothing between the two. before: None when there never was; then nobody is told."""
    made = _made(before, user, other, now).changed(status="over", since=now, expires_at=now + OVER_KEPT)
    if before is None or before.status == "over":
        return made
    events = [to(user_stream("social", one), FriendRemoved(user_id=other_of(made, one))) for one in made.user_ids]
    return carry(made, events, now)


def stored(before: Friendship | None, after: Friendship) -> Friendship:
    """`after` as the database has it once it was inserted, or took the place of `before`."""
    return after.changed(version=after.version + 1) if before else after


def friend_view(friendship: Friendship, user: UserId, other: User) -> FriendView:
    """What the other is to the user, who are friends or of whom one has asked."""
    status: Relation = "friends"
    if friendship.status == "asked":
        status = "outgoing" if friendship.asked_by == user else "incoming"
    return FriendView(
        user_id=UserId(other.id),
        username=other.username,
        display_name=other.display_name,
        status=status,
        since=friendship.since,
    )


def _made(before: Friendship | None, user: UserId, other: UserId, now: datetime) -> Friendship:
    """What stood there, or a new document; the caller says what it is from now on."""
    if before is not None:
        return before
    id = friendship_id(user, other)
    first, second = sorted((user, other))
    return Friendship(id=id, user_ids=(first, second), status="over", asked_by=user, since=now)


def _told(
    friendship: Friendship, accounts: Accounts, event: type[FriendRequested] | type[FriendAdded]
) -> list[Outgoing]:
    return [
        to(
            user_stream("social", user),
            event(**friend_view(friendship, user, accounts[other_of(friendship, user)]).model_dump()),
        )
        for user in friendship.user_ids
    ]
