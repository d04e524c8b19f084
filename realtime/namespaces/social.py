"""`/social`: the player's relations to others; friends, blocks, privacy and notifications."""

from collections.abc import Awaitable
from typing import ClassVar, TypeVar

from domain.core.events import user_stream
from domain.core.model import Empty
from domain.core.paging import PageQuery
from domain.notifications.commands import MarkNotifications, NotificationQuery
from domain.notifications.events import NotificationRemoved, NotificationsMarked, Notified, UnreadCount
from domain.notifications.model import NotificationList, Unread
from domain.notifications.notifications import Notifications
from domain.social import events
from domain.social.blocks import Blocks
from domain.social.commands import AnswerFriend, RequestQuery, ToBlock, ToFriend
from domain.social.friends import Friends
from domain.social.model import BlockList, BlockView, FriendList, FriendView
from domain.social.privacy import Privacy, PrivacyView, SetPrivacy, privacy_view
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.hub import Hub
from realtime.snapshot import snapshot

L = TypeVar("L", FriendList, NotificationList)


class SocialNamespace(Namespace):
    """Who wants to have to do with whom."""

    name = "social"
    sends: ClassVar = {
        "social:user:<userId>": (
            events.FriendRequested,
            events.FriendAdded,
            events.FriendRemoved,
            Notified,
            NotificationsMarked,
            NotificationRemoved,
            UnreadCount,
        )
    }

    def __init__(
        self, blocks: Blocks, friends: Friends, privacy: Privacy, notifications: Notifications, hub: Hub
    ) -> None:
        self._blocks, self._friends, self._privacy, self._hub = blocks, friends, privacy, hub
        self._notifications = notifications

    @on("friends", PageQuery)
    async def friends(self, user: SessionUser, command: PageQuery) -> Reply[FriendList]:
        """The player's friends, the newest first."""
        return await self._snapshot(user, self._friends.list(user.id, command))

    @on("friend_requests", RequestQuery)
    async def friend_requests(self, user: SessionUser, command: RequestQuery) -> Reply[FriendList]:
        """The open requests to the player and of the player, the newest first."""
        return await self._snapshot(user, self._friends.requests(user.id, command))

    @on("friend_request", ToFriend, cost=4)
    async def friend_request(self, user: SessionUser, command: ToFriend) -> FriendView:
        """Asks a player to be friends; who has asked the player is accepted. Asking twice is one request."""
        return await self._friends.request(user.id, command)

    @on("friend_answer", AnswerFriend, cost=2)
    async def friend_answer(self, user: SessionUser, command: AnswerFriend) -> FriendView | None:
        """Accepts a player's request, or declines it; null once it is declined."""
        return await self._friends.answer(user.id, command)

    @on("friend_remove", ToFriend, cost=2)
    async def friend_remove(self, user: SessionUser, command: ToFriend) -> None:
        """Ends a friendship, or a request in either direction; null, also when there was none."""
        await self._friends.remove(user.id, command)

    @on("blocks", PageQuery)
    async def blocks(self, user: SessionUser, command: PageQuery) -> BlockList:
        """Whom the player has blocked, the newest first."""
        return await self._blocks.list(user.id, command)

    @on("block", ToBlock, cost=2)
    async def block(self, user: SessionUser, command: ToBlock) -> BlockView:
        """Blocks a player: the two have nothing to do with each other any more. The other one is not told."""
        return await self._blocks.block(user.id, command)

    @on("unblock", ToBlock, cost=2)
    async def unblock(self, user: SessionUser, command: ToBlock) -> None:
        """Takes a block back; null, also when there was none."""
        await self._blocks.unblock(user.id, command)

    @on("privacy", Empty)
    async def privacy(self, user: SessionUser, command: Empty) -> PrivacyView:
        """Who may do and see what."""
        return privacy_view(await self._privacy.of(user.id))

    @on("set_privacy", SetPrivacy, cost=4)
    async def set_privacy(self, user: SessionUser, command: SetPrivacy) -> PrivacyView:
        """Changes who may do and see what; what is not named stays."""
        return await self._privacy.set(user.id, command)

    @on("notifications", NotificationQuery)
    async def notifications(self, user: SessionUser, command: NotificationQuery) -> Reply[NotificationList]:
        """The player's notifications, the newest first, and how many are unread."""
        return await self._snapshot(user, self._notifications.list(user.id, command))

    @on("notifications_read", MarkNotifications, cost=2)
    async def notifications_read(self, user: SessionUser, command: MarkNotifications) -> Unread:
        """Marks notifications as read, on all devices of the player; how many are unread then."""
        return await self._notifications.mark(user.id, command)

    async def _snapshot(self, user: SessionUser, load: Awaitable[L]) -> Reply[L]:
        return await snapshot(self._hub, [user_stream("social", user.id)], load)
