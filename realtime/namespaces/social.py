"""`/social`: the player's relations to others; friends, presence and notifications will arrive on it."""

from typing import ClassVar

from domain.notifications.events import Notified, UnreadCount
from domain.social.blocks import Blocks
from domain.social.commands import ToBlock
from domain.social.model import BlockView
from realtime.auth import SessionUser
from realtime.dispatch import Namespace, on


class SocialNamespace(Namespace):
    """Who wants to have to do with whom."""

    name = "social"
    sends: ClassVar = {"social:user:<userId>": (Notified, UnreadCount)}

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    @on("block", ToBlock, cost=2)
    async def block(self, user: SessionUser, command: ToBlock) -> BlockView:
        """Blocks a player: the two are in no match together. The other one is not told."""
        return await self._blocks.block(user.id, command)

    @on("unblock", ToBlock, cost=2)
    async def unblock(self, user: SessionUser, command: ToBlock) -> None:
        """Takes a block back; null, also when there was none."""
        await self._blocks.unblock(user.id, command)
