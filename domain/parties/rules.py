"""The rules of a party, pure: each takes the party and returns it changed, or raises why not."""

from collections.abc import Collection
from datetime import datetime

from domain.core.clock import seconds
from domain.core.errors import AppError, NotFound
from domain.core.ids import UserId
from domain.parties.model import Connection, Invite, Party, PartyMember

INVITES_MOST = 20
"""So many people may be invited to a party at a time."""

INVITE_S = 300.0
"""An invitation is good for so long."""

ENDED_KEPT_S = 86_400.0
"""The record of a party that is over stays for so long, so that whoever was last in it is told for certain."""


class NotInParty(AppError):
    """You are not in a party, or the other player is not in yours."""

    code, status = "NOT_IN_PARTY", 409


class NotPartyLeader(AppError):
    """Only the leader of the party may do this."""

    code, status = "NOT_PARTY_LEADER", 403


class PartyFull(AppError):
    """The party has no room for another player: it has `limit` already."""

    code, status = "PARTY_FULL", 409

    def __init__(self, limit: int) -> None:
        super().__init__(details={"limit": limit})


class TooManyInvites(AppError):
    """The party has invited as many players as it may at a time; wait until one has answered."""

    code, status = "TOO_MANY_INVITES", 409


def invite(party: Party, user: UserId, invitee: UserId, now: datetime, most: int) -> Party:
    """A member invites somebody, or once more. Raises `NotInParty`, `PartyFull` or `TooManyInvites`."""
    _check_member(party, user)
    if invitee in party.member_ids:
        return party
    if len(party.members) >= most:
        raise PartyFull(most)
    others = tuple(other for other in party.invites if other.expires_at > now and other.user_id != invitee)
    if len(others) >= INVITES_MOST:
        raise TooManyInvites
    new = Invite(user_id=invitee, from_user_id=user, expires_at=now + seconds(INVITE_S))
    return party.changed(invites=(*others, new))


def decline(party: Party, user: UserId, now: datetime) -> Party:
    """An invitation is turned down. Raises `NotFound`."""
    if party.invite(user, now) is None:
        raise NotFound("There is no such invitation or code.")
    return _without_invite(party, user)


def join(party: Party, member: PartyMember, most: int) -> Party:
    """A user becomes the last member; who is one already stays it. Raises `PartyFull`."""
    if member.user_id in party.member_ids:
        return party
    if len(party.members) >= most:
        raise PartyFull(most)
    return _without_invite(party, member.user_id).changed(members=(*party.members, member))


def leave(party: Party, user: UserId, now: datetime) -> Party:
    """The member is gone. The longest-standing connected member leads; without members the party is over."""
    _check_member(party, user)
    members = tuple(member for member in party.members if member.user_id != user)
    if not members:
        return party.changed(members=(), invites=(), join_code=None, expires_at=now + seconds(ENDED_KEPT_S))
    leader = party.leader_id
    if leader == user:
        leader = next((member for member in members if member.connection == "connected"), members[0]).user_id
    return party.changed(members=members, leader_id=leader)


def kick(party: Party, user: UserId, other: UserId, now: datetime, new_code: str) -> Party:
    """The leader removes another member, who cannot use the code any more, or takes an invitation back."""
    _check_leader(party, user)
    if other == user:
        raise NotPartyLeader("The leader leaves with party_leave.")
    if other in party.member_ids:
        return leave(party, other, now).changed(join_code=new_code)
    if party.invite(other, now) is None:
        raise NotInParty
    return _without_invite(party, other)


def promote(party: Party, user: UserId, other: UserId) -> Party:
    """The leader hands the party over to another member."""
    _check_leader(party, user)
    _check_member(party, other)
    return party.changed(leader_id=other)


def set_connection(party: Party, users: Collection[UserId], connection: Connection) -> Party:
    """Members lost their last connections, or came back. Raises `NotInParty`."""
    for user in users:
        _check_member(party, user)

    members = tuple(
        member.model_copy(update={"connection": connection}) if member.user_id in users else member
        for member in party.members
    )
    return party.changed(members=members)


def _check_member(party: Party, user: UserId) -> None:
    if user not in party.member_ids:
        raise NotInParty


def _check_leader(party: Party, user: UserId) -> None:
    _check_member(party, user)
    if party.leader_id != user:
        raise NotPartyLeader


def _without_invite(party: Party, user: UserId) -> Party:
    return party.changed(invites=tuple(invite for invite in party.invites if invite.user_id != user))
