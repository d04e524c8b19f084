"""Who may write to whom. It is asked of the database each time, so that a block counts at once, everywhere."""

from collections.abc import Collection
from typing import Protocol

from domain.core.ids import UserId
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.privacy import Privacy


class Encounters(Protocol):
    """Knows who has played with whom."""

    async def met(self, one: UserId, other: UserId) -> bool:
        """Whether the two share a lobby, or had a match together of late."""
        ...


class Contacts:
    """Who may write to whom, and who may bring whom into a group."""

    def __init__(self, blocks: Blocks, friends: Friends, privacy: Privacy, encounters: Encounters) -> None:
        self._blocks, self._friends, self._privacy, self._encounters = blocks, friends, privacy, encounters

    async def at_odds(self, user: UserId, others: Collection[UserId]) -> bool:
        """Whether the user has blocked one of the others, or one of them the user."""
        return any(user in pair for pair in await self._blocks.between({user, *others}))

    async def reaches(self, user: UserId, other: UserId) -> bool:
        """Whether the user may turn to the other, as the other's privacy has it.

        Where it says friends, whom they have played with of late may as well.
        """
        if await self.at_odds(user, [other]):
            return False
        match (await self._privacy.of(other)).direct_messages:
            case "everyone":
                return True
            case "friends":
                return await self._friends.are(user, other) or await self._encounters.met(user, other)
            case "nobody":
                return False
