"""What a player is told of their party, on the stream `matchmaking:user:<id>`."""

from typing import ClassVar

from domain.core.events import Event
from domain.core.ids import PartyId, UserId
from domain.core.model import Timestamp
from domain.parties.model import LeaveReason, PartyView


class PartyUpdated(Event, PartyView):
    """The party as it is now: take it whole."""

    wire_name: ClassVar[str] = "party_updated"


class PartyLeft(Event):
    """The player is in the party no more."""

    wire_name: ClassVar[str] = "party_left"

    party_id: PartyId
    reason: LeaveReason


class PartyInvited(Event):
    """`fromUserId` invites the player, who may join until `expiresAt`."""

    wire_name: ClassVar[str] = "party_invited"

    party: PartyView
    from_user_id: UserId
    expires_at: Timestamp
