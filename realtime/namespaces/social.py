"""`/social`: the player's relations to others; friends, blocks, privacy and notifications."""

from collections.abc import Awaitable, Sequence
from typing import ClassVar, TypeVar

from domain.core.clock import Clock
from domain.core.events import user_stream
from domain.core.model import Empty
from domain.core.paging import PageQuery
from domain.matchmaking.recent_players import RecentPlayerList, RecentPlayers
from domain.notifications.commands import MarkNotifications, NotificationQuery
from domain.notifications.events import NotificationRemoved, NotificationsMarked, Notified, UnreadCount
from domain.notifications.model import NotificationList, Unread
from domain.notifications.notifications import Notifications
from domain.social import events
from domain.social.blocks import Blocks
from domain.social.commands import (
    MOST_WATCHED,
    AnswerFriend,
    AskFriend,
    RequestQuery,
    SetStatus,
    ToBlock,
    ToFriend,
    UnwatchPresence,
    WatchPresence,
)
from domain.social.events import presence_stream, watched
from domain.social.friends import Friends
from domain.social.model import BlockList, BlockView, FriendList, FriendView, PresenceView
from domain.social.presences import Presences, WatchLimit
from domain.social.privacy import Privacy, PrivacyView, SetPrivacy, privacy_view
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, Reply, on
from realtime.events import Meta
from realtime.follows import Follows
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
        ),
        "social:presence:<userId>": (events.PresenceChanged,),
    }

    def __init__(
        self,
        *,
        blocks: Blocks,
        friends: Friends,
        privacy: Privacy,
        presences: Presences,
        recent_players: RecentPlayers,
        notifications: Notifications,
        hub: Hub,
        follows: Follows,
        clock: Clock,
    ) -> None:
        self._blocks, self._friends, self._privacy, self._presences = blocks, friends, privacy, presences
        self._recent_players, self._notifications = recent_players, notifications
        self._hub, self._follows, self._clock = hub, follows, clock

    async def streams_of(self, user: SessionUser) -> Sequence[str]:
        """What the socket has asked for and may follow; what it may not, it asks for no more, and sees as offline."""
        wishes = self._follows.wishes(user.sid)
        if not wishes:
            return ()
        visible = await self._presences.visible_to(user.id, [*map(watched, wishes)])
        hidden = [wish for wish in wishes if watched(wish) not in visible]
        self._follows.unwish(user.sid, hidden)
        for stream in hidden:
            last = events.PresenceChanged(user_id=watched(stream), status="offline", since=None, custom_status=None)
            meta = Meta(stream=stream, at=self._clock.now())
            self._follows.dismiss(user.sid, stream, last.wire_name, last.wire(), meta.wire())
        return [*map(presence_stream, visible)]

    @on("watch_presence", WatchPresence, cost=8)
    async def watch_presence(self, user: SessionUser, command: WatchPresence) -> Sequence[PresenceView]:
        """Has the socket follow what players are doing, besides those it watches already, and says what that is now.

        They are friends, or in the same lobby or party; others are left out. It ends with that, with the socket and by
        `unwatch_presence`: a client asks again after every `hello`.
        """
        wishes = self._follows.wishes(user.sid) | {*map(presence_stream, command.user_ids)}
        if len(wishes) > MOST_WATCHED:
            raise WatchLimit
        self._follows.wish(user.sid, wishes)
        await self._follows.refresh(user.sid, user_stream("social", user.id), lambda: self.streams_of(user))
        allowed = self._follows.wishes(user.sid)
        return await self._presences.of(
            [id for id in dict.fromkeys(command.user_ids) if presence_stream(id) in allowed]
        )

    @on("unwatch_presence", UnwatchPresence)
    async def unwatch_presence(self, user: SessionUser, command: UnwatchPresence) -> None:
        """Has the socket follow no longer what these players are doing; without names, nobody's. Null."""
        wishes = self._follows.wishes(user.sid)
        ended = wishes if command.user_ids is None else {*map(presence_stream, command.user_ids)}
        self._follows.unwish(user.sid, ended)
        await self._follows.refresh(user.sid, user_stream("social", user.id), lambda: self.streams_of(user))

    @on("set_status", SetStatus, cost=2)
    async def set_status(self, user: SessionUser, command: SetStatus) -> PresenceView:
        """Says whether the player is there or away, on all devices and until it is said anew; what others see."""
        return await self._presences.set_status(user.id, command)

    @on("friends", PageQuery)
    async def friends(self, user: SessionUser, command: PageQuery) -> Reply[FriendList]:
        """The player's friends, the newest first."""
        return await self._snapshot(user, self._friends.list(user.id, command))

    @on("friend_requests", RequestQuery)
    async def friend_requests(self, user: SessionUser, command: RequestQuery) -> Reply[FriendList]:
        """The open requests to the player and of the player, the newest first."""
        return await self._snapshot(user, self._friends.requests(user.id, command))

    @on("friend_request", AskFriend, cost=4)
    async def friend_request(self, user: SessionUser, command: AskFriend) -> FriendView:
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

    @on("recent_players", PageQuery, cost=4)
    async def recent_players(self, user: SessionUser, command: PageQuery) -> RecentPlayerList:
        """Whom the player was in matches with of late, those met last first."""
        return await self._recent_players.list(user.id, command)

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
