"""Blocks: who wants nothing to do with whom. The blocked one is not told."""

from collections.abc import Awaitable, Callable, Collection

from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate
from domain.core.errors import AppError, ValidationFailed
from domain.core.ids import UserId
from domain.social.commands import ToBlock
from domain.social.model import BLOCKS, Block, BlockView
from domain.users.users import Users

LIMIT = 500
"""Most blocks of one player. Requests at the same moment may go past it by their number."""

Listener = Callable[[UserId], Awaitable[None]]
"""Called with the blocker after a block or an unblock is stored."""


class BlockLimit(AppError):
    """You have blocked as many players as you can; unblock one first."""

    code, status = "BLOCK_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": LIMIT})


class Blocks:
    """The use cases of blocks."""

    def __init__(self, database: Database, users: Users, clock: Clock) -> None:
        self._blocks, self._users, self._clock = database.collection(BLOCKS), users, clock
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Lets a feature that keeps copies of blocks bring them up to date."""
        self._listeners.append(listener)

    async def block(self, user: UserId, command: ToBlock) -> BlockView:
        """Blocks a player; blocking twice is one block.

        Raises `NotFound` when there is no such player, `ValidationFailed` for oneself, and `BlockLimit`.
        """
        other = command.user_id
        if other == user:
            raise ValidationFailed([{"field": "userId", "message": "nobody can block themselves"}])
        await self._users.get(other)
        block = await self._blocks.get(_id(user, other)) or await self._insert(user, other)
        await self._tell(user)  # after a retry, too: the first try may have died before this
        return BlockView(user_id=other, created_at=block.created_at)

    async def unblock(self, user: UserId, command: ToBlock) -> None:
        """Takes a block back; without one nothing happens."""
        await self._blocks.delete(_id(user, command.user_id))
        await self._tell(user)

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

    async def _insert(self, user: UserId, other: UserId) -> Block:
        if await self._blocks.count({"blocker_id": user}) >= LIMIT:
            raise BlockLimit
        block = Block(id=_id(user, other), blocker_id=user, blocked_id=other, created_at=self._clock.now())
        try:
            await self._blocks.insert(block)
        except Duplicate:
            return await self._blocks.get(block.id) or block
        return block

    async def _tell(self, user: UserId) -> None:
        for listener in self._listeners:
            await listener(user)


def _id(blocker: UserId, blocked: UserId) -> str:
    return f"{blocker}:{blocked}"
