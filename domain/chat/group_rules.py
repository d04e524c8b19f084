"""The rules of groups, pure: each takes a channel and returns it changed, with what the system says about it."""

from datetime import datetime

from domain.chat.channels import Changed
from domain.chat.commands import MEMBERS_MAX, SetChannelRole, ToMember, UpdateChannel
from domain.chat.model import Channel, System
from domain.chat.silence import may_talk
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.ids import UserId


class NoGroup(AppError):
    """Only a group can be changed so."""

    code, status = "NOT_A_GROUP", 409


class GroupFull(AppError):
    """The group has as many members as a group can have."""

    code, status = "GROUP_FULL", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": MEMBERS_MAX})


def moderated(channel: Channel, user: UserId) -> None:
    """Raises `NoGroup`, or `Forbidden` unless the user is its owner or an admin."""
    _group(channel)
    if not channel.moderated_by(user):
        raise Forbidden("Only the owner and the admins may do this.")


def added(channel: Channel, user: UserId, command: ToMember) -> Changed:
    """A moderator takes somebody in; raises `GroupFull`."""
    moderated(channel, user)
    new = command.user_id
    if new in channel.member_ids:
        return Changed(channel)
    if len(channel.member_ids) >= MEMBERS_MAX:
        raise GroupFull
    note = System(type="member_added", user_id=new, by_user_id=user)
    return Changed(channel.changed(member_ids=(*channel.member_ids, new)), (note,))


def removed(channel: Channel, user: UserId, command: ToMember) -> Changed:
    """A moderator removes somebody below them; raises `NotFound` when nobody like that is there."""
    moderated(channel, user)
    gone = command.user_id
    if gone not in channel.member_ids:
        raise NotFound
    if gone == user or (channel.moderated_by(gone) and user != channel.owner_id):
        raise Forbidden("You may only remove members below you.")
    return Changed(_without(channel, gone), (System(type="member_removed", user_id=gone, by_user_id=user),))


def left(channel: Channel, user: UserId, now: datetime) -> Changed:
    """A member leaves. The first admin, else the longest-standing member, becomes owner; an empty group closes."""
    _group(channel)
    after = _without(channel, user)
    notes = [System(type="member_left", user_id=user)]
    if not after.member_ids:
        return Changed(after.changed(owner_id=None, closed_at=now), tuple(notes))
    if channel.owner_id == user:
        heir = next(iter((*after.admin_ids, *after.member_ids)))
        admins = tuple(admin for admin in after.admin_ids if admin != heir)
        after = after.changed(owner_id=heir, admin_ids=admins)
        notes.append(System(type="owner_changed", user_id=heir))
    return Changed(after, tuple(notes))


def updated(channel: Channel, user: UserId, command: UpdateChannel, now: datetime) -> Changed:
    """A moderator renames the group or sets its slow mode. Of a lobby's channel only the slow mode is here to set.

    Raises `Muted` for a new name, which everybody is told.
    """
    if channel.kind != "lobby" or command.name is not None:
        _group(channel)
    if not channel.moderated_by(user):
        raise Forbidden("Only the owner and the admins may do this.")
    notes: tuple[System, ...] = ()
    if command.slow_mode_ms is not None:
        channel = channel.changed(slow_mode_ms=command.slow_mode_ms)
    if command.name is not None and command.name != channel.name:
        may_talk(channel, user, now)
        channel = channel.changed(name=command.name)
        notes = (System(type="renamed", by_user_id=user, name=command.name),)
    return Changed(channel, notes)


def with_role(channel: Channel, user: UserId, command: SetChannelRole) -> Changed:
    """The owner makes a member an admin, or an ordinary member again."""
    _owned(channel, user, command.user_id)
    if command.user_id == user:
        raise Forbidden("The owner hands the group over to be something else.")
    if channel.role_of(command.user_id) == command.role:
        return Changed(channel)
    others = tuple(admin for admin in channel.admin_ids if admin != command.user_id)
    if command.role == "member":
        return Changed(channel.changed(admin_ids=others))
    return Changed(channel.changed(admin_ids=(*others, command.user_id)))


def transferred(channel: Channel, user: UserId, command: ToMember) -> Changed:
    """The owner hands the group over to another member, and stays as an admin."""
    if channel.kind == "group" and channel.owner_id == command.user_id:
        return Changed(channel)  # a retry: it is done
    _owned(channel, user, command.user_id)
    admins = tuple(admin for admin in channel.admin_ids if admin != command.user_id)
    after = channel.changed(owner_id=command.user_id, admin_ids=(user, *admins))
    return Changed(after, (System(type="owner_changed", user_id=command.user_id, by_user_id=user),))


def _group(channel: Channel) -> None:
    if channel.kind != "group":
        raise NoGroup


def _owned(channel: Channel, user: UserId, member: UserId) -> None:
    _group(channel)
    if channel.owner_id != user:
        raise Forbidden("Only the owner may do this.")
    if member not in channel.member_ids:
        raise NotFound


def _without(channel: Channel, user: UserId) -> Channel:
    return channel.changed(
        member_ids=tuple(member for member in channel.member_ids if member != user),
        admin_ids=tuple(admin for admin in channel.admin_ids if admin != user),
    )
