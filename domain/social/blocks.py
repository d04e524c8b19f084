"""Blocks: who wants nothing to do with whom. The blocked one is not told."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from domain.core.clock import Clock
from domain.core.collection import Database, Insert, Replace, StorageConflict
from domain.core.errors import AppError, Conflict, ValidationFailed
from domain.core.events import Outbox
from domain.core.ids import UserId
from domain.core.paging import PageQuery, after, cursor_of
from domain.core.retries import RETRIES, pause
from domain.social.commands import ToBlock
from domain.social.friendships import ended, friendship_id, stored
from domain.social.model import BLOCKS, FRIENDSHIPS, Block, BlockList, BlockView
from domain.users.users import Users

LIMIT = 500
"""Most blocks of one player. Requests at the same moment may go past it by their number."""

Listener = Callable[[UserId, UserId], Awaitable[None]]
"""Called with the blocker and the other one after a block or an unblock is stored."""


class BlockLimit(AppError):
    """You have blocked as many players as you can; unblock one first."""

    code, status = "BLOCK_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": LIMIT})


class Blocks:
    """The use cases of blocks."""

    def __init__(self, database: Database, users: Users, outbox: Outbox, clock: Clock) -> None:
        self._database, self._users, self._outbox, self._clock = database, users, outbox, clock
        self._blocks = database.collection(BLOCKS)
        self._friendships = database.collection(FRIENDSHIPS)
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Lets a feature that keeps copies of blocks bring them up to date."""
        self._listeners.append(listener)

    async def block(self, user: UserId, command: ToBlock) -> BlockView:
        """Blocks a player, and ends what friendship there is; blocking twice is one block.

        Raises `NotFound` when there is no such player, `ValidationFailed` for oneself, and `BlockLimit`.
        """
        other = command.user_id
        if other == user:
            raise ValidationFailed([{"field": "userId", "message": "nobody can block themselves"}])
        await self._users.get(other)
        block = await self._blocks.get(_id(user, other)) or await self._insert(user, other)
        await self._tell(user, other)  # after a retry, too: the first try may have died before this
        return _view(block)

    async def unblock(self, user: UserId, command: ToBlock) -> None:
        """Takes a block back; without one nothing happens."""
        await self._blocks.delete(_id(user, command.user_id))
        await self._tell(user, command.user_id)

    async def list(self, user: UserId, query: PageQuery) -> BlockList:
        """A page of the user's blocks, the newest first."""
        start = after(query.cursor, datetime)
        found = await self._blocks.find({"blocker_id": user}, sort="-created_at", limit=query.limit + 1, after=start)
        shown, more = found[: query.limit], len(found) > query.limit
        next_cursor = cursor_of(shown[-1].created_at, shown[-1].id) if more else None
        return BlockList(items=[_view(block) for block in shown], next_cursor=next_cursor)

    async def blocked_by(self, users: Collection[UserId]) -> dict[UserId, tuple[UserId, ...]]:
        """Whom each of the users has blocked, those blocked first coming first."""
        found: dict[UserId, tuple[UserId, ...]] = dict.fromkeys(users, ())
        blocks = await self._blocks.find({"blocker_id": {"$in": list(users)}}, limit=2 * LIMIT * len(users))
        for block in sorted(blocks, key=lambda block: (block.created_at, block.id)):
            found[block.blocker_id] += (block.blocked_id,)
        return found

    async def between(self, users: Collection[UserId]) -> set[tuple[UserId, UserId]]:
        """The blocks among the users, as (blocker, blocked)."""
        ids = list(users)
        among = {"blocker_id": {"$in": ids}, "blocked_id": {"$in": ids}}
        return {(block.blocker_id, block.blocked_id) for block in await self._blocks.find(among, limit=len(ids) ** 2)}

    async def apart(self, user: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others whom the user has blocked, or is blocked by; the work grows with their number alone."""
        ids = [other for other in others if other != user]
        either = [{"blocker_id": user, "blocked_id": {"$in": ids}}, {"blocker_id": {"$in": ids}, "blocked_id": user}]
        blocks = await self._blocks.find({"$or": either}, limit=2 * len(ids)) if ids else []
        return {other for block in blocks for other in (block.blocker_id, block.blocked_id)} - {user}

    async def _insert(self, user: UserId, other: UserId) -> Block:
        """Stores the block, and that nothing is left between the two; raises `BlockLimit`.

        The pair's friendship is written even where there was none: a request in this very moment then conflicts, looks
        again and finds the block.
        """
        if await self._blocks.count({"blocker_id": user}) >= LIMIT:
            raise BlockLimit
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            now = self._clock.now()
            block = Block(id=_id(user, other), blocker_id=user, blocked_id=other, created_at=now)
            before = await self._friendships.get(friendship_id(user, other))
            over = ended(before, user, other, now)
            parting = Replace(FRIENDSHIPS, over) if before else Insert(FRIENDSHIPS, over)
            try:
                await self._database.commit(Insert(BLOCKS, block), parting)
            except StorageConflict:
                if known := await self._blocks.get(block.id):
                    return known
                continue
            await self._outbox.flush(FRIENDSHIPS, stored(before, over))
            return block
        raise Conflict

    async def _tell(self, user: UserId, other: UserId) -> None:
        for listener in self._listeners:
            await listener(user, other)


def _view(block: Block) -> BlockView:
    return BlockView(user_id=block.blocked_id, created_at=block.created_at)


def _id(blocker: UserId, blocked: UserId) -> str:
    return f"{blocker}:{blocked}"
