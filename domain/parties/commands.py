"""What clients ask of their party."""

from typing import Annotated, Self

from pydantic import model_validator

from domain.core.codes import JoinCode
from domain.core.ids import PartyId, UserId
from domain.core.model import ID_SHAPE, Command


class PartyMemberCommand(Command):
    """A user whom the command is about."""

    user_id: Annotated[UserId, ID_SHAPE]


class JoinParty(Command):
    """Joins by invitation (`partyId`) or by the party's code (`joinCode`, in any case): one of the two."""

    party_id: Annotated[PartyId, ID_SHAPE] | None = None
    join_code: JoinCode | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.party_id is None) == (self.join_code is None):
            raise ValueError("give either partyId or joinCode")
        return self


class DeclineParty(Command):
    """Turns an invitation down."""

    party_id: Annotated[PartyId, ID_SHAPE]
