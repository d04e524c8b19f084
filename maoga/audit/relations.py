"""What players are to each other: a pair has one friendship, and none in spite of a block."""

from collections.abc import Iterator, Sequence

from domain.core.collection import Database
from domain.social.friendships import friendship_id
from domain.social.model import FRIENDSHIPS, Block, Friendship
from maoga.audit.inspection import Wrong, those


async def wrong_blocks(database: Database, blocks: Sequence[Block]) -> Wrong:
    """Who has blocked somebody is not their friend, and has asked for nothing."""
    pairs = {block.id: friendship_id(block.blocker_id, block.blocked_id) for block in blocks}
    friendships = await those(database, FRIENDSHIPS, pairs.values())

    def wrong(block: Block) -> Iterator[str]:
        friendship = friendships.get(pairs[block.id])
        if friendship is not None and friendship.status != "over":
            yield f"friendship {friendship.id} is {friendship.status} in spite of it"
        if block.id != f"{block.blocker_id}:{block.blocked_id}":
            yield "is not of its two players"

    return {block.id: wrong(block) for block in blocks}


async def wrong_friendships(_: Database, friendships: Sequence[Friendship]) -> Wrong:
    """A friendship is of two players, of whom one has asked."""

    def wrong(friendship: Friendship) -> Iterator[str]:
        if friendship.id != friendship_id(*friendship.user_ids) or friendship.asked_by not in friendship.user_ids:
            yield "is not of its two players"

    return {friendship.id: wrong(friendship) for friendship in friendships}
