"""Friends: who has agreed to be in touch."""

from collections.abc import Collection

from domain.core.collection import Database
from domain.core.ids import UserId
from domain.social.model import FRIENDSHIPS


class Friends:
    """The use cases of friendships."""

    def __init__(self, database: Database) -> None:
        self._friendships = database.collection(FRIENDSHIPS)

    async def are(self, one: UserId, other: UserId) -> bool:
        """Whether the two are friends."""
        found = await self._friendships.get(friendship_id(one, other))
        return found is not None and found.accepted_at is not None

    async def among(self, user: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others who are the user's friends."""
        ids = {friendship_id(user, other): other for other in others}
        found = await self._friendships.get_many(list(ids))
        return {ids[id] for id, one in found.items() if one.accepted_at is not None}


def friendship_id(one: UserId, other: UserId) -> str:
    """The same for both: a pair has one friendship."""
    return ":".join(sorted((one, other)))
