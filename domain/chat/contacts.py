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
        return bool(await self._blocks.apart(user, others))

    async def clash(self, newcomers: Collection[UserId], others: Collection[UserId]) -> bool:
        """Whether one of the newcomers is at odds with another one, or with one of the others."""
        pairs = await self._blocks.between({*newcomers, *others})
        return any(not set(newcomers).isdisjoint(pair) for pair in pairs)

    async def reaches(self, user: UserId, others: Collection[UserId]) -> bool:
        """Whether the user may turn to the others, as the privacy of each of them has it.

        Where it says friends, whom they have played with of late may as well.
        """
        if await self.at_odds(user, others):
            return False
        settings = await self._privacy.of_many(others)
        friends = await self._friends.among(user, others)
        for other in others:
            match settings[other].direct_messages:
                case "everyone":
                    continue
                case "friends" if other in friends or await self._encounters.met(user, other):
                    continue
                case _:
                    return False
        return True
