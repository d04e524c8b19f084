"""What was told last of each player's presence: a port. It spares telling the same twice, and knows since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from domain.core.ids import UserId

PresenceStatus = Literal["online", "away", "queued", "in_lobby", "in_game", "offline"]


@dataclass(frozen=True, slots=True)
class Told:
    """What others were told of a player, and since when that holds, if it is known."""

    status: PresenceStatus
    since: datetime | None
    custom_status: str | None = None


NEVER = Told("offline", None)
"""What is known of somebody of whom nothing was told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was told last of some players; those of whom nothing was told of late are missing.

    mark: of the moment of the reading, for `LastTold.tell`. gone_at: when players' last connections went, those that
    were closed of late.
    """

    mark: str
    last: Mapping[UserId, Told]
    gone_at: Mapping[UserId, datetime]


class LastTold(Protocol):
    """What was told last. It may be lost: then it is told again."""

    async def read(self, users: Sequence[UserId]) -> Reading:
        """What was told last of the users. To be called before it is found out what they do."""
        ...

    async def tell(self, news: Mapping[UserId, Told], mark: str) -> set[UserId]:
        """Notes what is about to be told. mark: of the reading that came before it was found out.

        Those of the users of whom it is the latest news: something found out later may have been told already.
        """
        ...

    async def gone(self, users: Sequence[UserId], at: datetime) -> None:
        """The users' last connections went at that moment."""
        ...
