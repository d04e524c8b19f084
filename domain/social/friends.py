"""Friends: who has agreed to be in touch."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.core.clock import Clock
from domain.core.collection import Database, Filter, Insert, Replace, StorageConflict
from domain.core.errors import AppError, Conflict, Forbidden, NotFound, ValidationFailed
from domain.core.events import Outbox
from domain.core.ids import UserId
from domain.core.paging import PageQuery, after, cursor_of
from domain.core.retries import RETRIES, pause
from domain.notifications.model import FriendAccepted, FriendRequest, News
from domain.notifications.notifications import Notifications
from domain.social.blocks import Blocks
from domain.social.commands import AnswerFriend, AskFriend, RequestQuery, ToFriend
from domain.social.friendships import (
    OVER_KEPT,
    Accounts,
    accepted,
    asked,
    ended,
    friend_view,
    friendship_id,
    other_of,
    stored,
)
from domain.social.model import FRIENDSHIPS, FriendList, Friendship, FriendView
from domain.social.privacy import Privacy
from domain.users.users import Users

MOST_FRIENDS = 500
"""Friends of one player. What happens at the same moment may go past it by their number, as for the requests."""

MOST_REQUESTS = 100
"""Requests of one player that nobody has answered yet."""


class FriendLimit(AppError):
    """You or the other player has as many friends as one can have."""

    code, status = "FRIEND_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": MOST_FRIENDS})


class FriendRequestLimit(AppError):
    """You have asked as many players as you can; take a request back first."""

    code, status = "FRIEND_REQUEST_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": MOST_REQUESTS})


@dataclass(frozen=True, slots=True)
class Step:
    """What a friendship becomes, and who is notified of it."""

    after: Friendship
    news: Mapping[UserId, News] = field(default_factory=dict)


Decision = Callable[[Friendship | None], Awaitable[Step | None]]
"""What becomes of what stands there; None for what stands already. It may be asked again, after a conflict."""


class Friends:
    """The use cases of friendships."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        blocks: Blocks,
        privacy: Privacy,
        notifications: Notifications,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._database, self._users, self._blocks, self._privacy = database, users, blocks, privacy
        self._notifications, self._outbox, self._clock = notifications, outbox, clock
        self._friendships = database.collection(FRIENDSHIPS)

    async def are(self, one: UserId, other: UserId) -> bool:
        """Whether the two are friends."""
        return bool(await self.among(one, [other]))

    async def among(self, user: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others who are the user's friends."""
        found = await self._friendships.get_many([friendship_id(user, other) for other in others])
        return {other_of(one, user) for one in found.values() if one.status == "friends"}

    async def of(self, user: UserId) -> set[UserId]:
        """All friends of the user."""
        found = await self._friendships.find({"user_ids": user, "status": "friends"}, limit=2 * MOST_FRIENDS)
        return {other_of(one, user) for one in found}

    async def request(self, user: UserId, command: AskFriend) -> FriendView:
        """Asks a player to be friends; who has asked the user is accepted. Asking twice is one request.

        Raises `ValidationFailed` for oneself, `NotFound` for nobody and where one has blocked the other, `Forbidden`
        for a player who takes no requests, `FriendLimit` and `FriendRequestLimit`.
        """
        other = command.user_id or UserId((await self._users.named(command.username or "")).id)
        if other == user:
            field = "userId" if command.user_id else "username"
            raise ValidationFailed([{"field": field, "message": "nobody can be their own friend"}])
        accounts = await self._accounts(user, other)

        async def decide(before: Friendship | None) -> Step | None:
            if await self._blocks.between([user, other]):
                raise NotFound("There is no such user.")
            if before is None or before.status == "over":
                return await self._ask(before, user, other, accounts)
            return (
                await self._accept(before, accounts) if before.status == "asked" and before.asked_by != user else None
            )

        return friend_view(await self._settle(user, other, decide), user, accounts[other])

    async def answer(self, user: UserId, command: AnswerFriend) -> FriendView | None:
        """Accepts a player's request, or declines it; None once it is declined. The same answer again changes nothing.

        Raises `NotFound` when that player has not asked, and `FriendLimit`.
        """
        if not command.accept:
            await self._end(user, command.user_id, only_asked_by=command.user_id)
            return None
        other = command.user_id
        accounts = await self._accounts(user, other)

        async def decide(before: Friendship | None) -> Step | None:
            if before is None or before.status == "over" or (before.status == "asked" and before.asked_by == user):
                raise NotFound("This player has not asked you.")
            return await self._accept(before, accounts) if before.status == "asked" else None

        return friend_view(await self._settle(user, other, decide), user, accounts[other])

    async def remove(self, user: UserId, command: ToFriend) -> None:
        """Ends a friendship, or a request in either direction; without any nothing happens."""
        await self._end(user, command.user_id)

    async def list(self, user: UserId, query: PageQuery) -> FriendList:
        """A page of the user's friends, the newest first."""
        return await self._page(user, {"user_ids": user, "status": "friends"}, query)

    async def requests(self, user: UserId, query: RequestQuery) -> FriendList:
        """A page of the open requests to the user and of the user, the newest first."""
        found: Filter = {"user_ids": user, "status": "asked"}
        if query.direction == "outgoing":
            found = {**found, "asked_by": user}
        elif query.direction == "incoming":
            found = {**found, "asked_by": {"$ne": user}}
        return await self._page(user, found, query)

    async def _accounts(self, *users: UserId) -> Accounts:
        """The accounts of all of them; raises `NotFound`."""
        found = await self._users.get_many(users)
        if any(user not in found or found[user].status != "active" for user in users):
            raise NotFound("There is no such user.")
        return found

    async def _ask(self, before: Friendship | None, user: UserId, other: UserId, accounts: Accounts) -> Step:
        if not await self._privacy.takes_requests(other):
            raise Forbidden("This player takes no friend requests.")
        if await self._friendships.count({"asked_by": user, "status": "asked"}) >= MOST_REQUESTS:
            raise FriendRequestLimit
        now = self._clock.now()
        news: dict[UserId, News] = {}
        if before is None or before.since <= now - OVER_KEPT:
            news = {other: FriendRequest(from_user_id=user, from_name=accounts[user].display_name)}
        return Step(asked(before, user, other, accounts, now), news)

    async def _accept(self, before: Friendship, accounts: Accounts) -> Step:
        for user in before.user_ids:
            if await self._friendships.count({"user_ids": user, "status": "friends"}) >= MOST_FRIENDS:
                raise FriendLimit
        asker = before.asked_by
        accepter = other_of(before, asker)
        news = FriendAccepted(user_id=accepter, name=accounts[accepter].display_name)
        return Step(accepted(before, accounts, self._clock.now()), {asker: news})

    async def _end(self, user: UserId, other: UserId, *, only_asked_by: UserId | None = None) -> None:
        """Ends what is between the two. only_asked_by: if it is but a request of that player."""

        async def decide(before: Friendship | None) -> Step | None:
            is_meant = before is not None and before.status != "over"
            if before is not None and only_asked_by is not None:
                is_meant = before.status == "asked" and before.asked_by == only_asked_by
            return Step(ended(before, user, other, self._clock.now())) if is_meant else None

        await self._change(user, other, decide)

    async def _settle(self, user: UserId, other: UserId, decide: Decision) -> Friendship:
        friendship = await self._change(user, other, decide)
        assert friendship is not None  # noqa: S101 - `decide` makes one, or leaves the one there is
        return friendship

    async def _change(self, user: UserId, other: UserId, decide: Decision) -> Friendship | None:
        """Lets `decide` change what is between the two, and tells of it; raises `Conflict` after some tries.

        `decide` looks at blocks after the friendship was read, and a block writes the friendship: none slips through.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await self._friendships.get(friendship_id(user, other))
            step = await decide(before)
            if step is None:
                return before
            write = Replace(FRIENDSHIPS, step.after) if before else Insert(FRIENDSHIPS, step.after)
            notices = await self._notifications.about(step.news)
            try:
                await self._database.commit(write, *notices)
            except StorageConflict:
                continue
            await self._outbox.flush(FRIENDSHIPS, stored(before, step.after))
            await self._notifications.tell(notices)
            return step.after
        raise Conflict

    async def _page(self, user: UserId, filter: Filter, query: PageQuery) -> FriendList:
        start = after(query.cursor, datetime)
        found = await self._friendships.find(filter, sort="-since", limit=query.limit + 1, after=start)
        shown, more = found[: query.limit], len(found) > query.limit
        accounts = await self._users.get_many([other_of(one, user) for one in shown])
        return FriendList(
            items=[
                friend_view(one, user, accounts[other])
                for one in shown
                if (other := other_of(one, user)) in accounts  # an account may be gone
            ],
            next_cursor=cursor_of(shown[-1].since, shown[-1].id) if more else None,
        )
