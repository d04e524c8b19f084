"""Parties, as stored and as sent."""

from datetime import datetime
from typing import Literal

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import PartyId, UserId
from domain.core.model import Document, Kept, Model, Timestamp

Connection = Literal["connected", "grace"]
LeaveReason = Literal["left", "kicked", "grace_expired"]


class PartySeat(Document):
    """Which party a user is in; the id is the user's, so it is one at most.

    grace_until: set while the user has no live connection; past it they leave the party.
    """

    party_id: PartyId
    grace_until: Timestamp | None = None


class PartyMember(Kept):
    """A player in a party. The name is that at the time of joining."""

    user_id: UserId
    display_name: str
    connection: Connection = "connected"


class Invite(Kept):
    """Somebody may join, for a time."""

    user_id: UserId
    from_user_id: UserId
    expires_at: Timestamp


class Party(WithEvents):
    """Players who look for matches together. Without members it is over.

    members: in the order of their joining. join_code: missing once it is over. expires_at: when its record is deleted,
    after the events in it have long been sent; missing while it lives.
    """

    leader_id: UserId
    members: tuple[PartyMember, ...]
    invites: tuple[Invite, ...] = ()
    join_code: str | None = None
    created_at: Timestamp
    expires_at: Timestamp | None = None

    @property
    def party_id(self) -> PartyId:
        """The id, typed."""
        return PartyId(self.id)

    @property
    def member_ids(self) -> list[UserId]:
        """The ids of the members, in the order of their joining."""
        return [member.user_id for member in self.members]

    def invite(self, user: UserId, now: datetime) -> Invite | None:
        """The user's invitation, unless it has expired."""
        return next((invite for invite in self.invites if invite.user_id == user and invite.expires_at > now), None)


PARTIES = Spec("parties", Party, unique=(("join_code",),), indexes=(("unpublished_at",),), expires="expires_at")
PARTY_SEATS = Spec("party_seats", PartySeat, indexes=(("grace_until",), ("party_id",)))


class PartyView(Model):
    """A party as its members see it. `version` grows with every change. `joinCode` is missing in an invitation."""

    id: PartyId
    version: int
    leader_id: UserId
    members: tuple[PartyMember, ...]
    invites: tuple[Invite, ...]
    join_code: str | None
    created_at: Timestamp


def party_view(party: Party, now: datetime) -> PartyView:
    """The party as its members see it."""
    return PartyView(
        **party.model_dump(include=_SHARED_FIELDS),
        invites=tuple(invite for invite in party.invites if invite.expires_at > now),
    )


_SHARED_FIELDS = set(PartyView.model_fields) & set(Party.model_fields) - {"invites"}
