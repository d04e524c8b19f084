"""A lobby's channel follows the lobby: who may talk in it, who moderates it, and what the system says there. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from domain.chat.events import channel_updated, chat_stream
from domain.chat.model import CHANNELS, Channel, System
from domain.chat.notes import noting
from domain.core.collection import Update
from domain.core.events import Outgoing, to
from domain.core.ids import UserId
from domain.lobbies.events import HostChanged, LobbyEvent, LobbyUpdated, MemberJoined, MemberLeft
from domain.lobbies.model import Lobby


def channel_of(lobby: Lobby) -> Channel:
    """The channel of a new lobby."""
    return Channel(
        id=lobby.chat_id,
        kind="lobby",
        member_ids=tuple(lobby.talker_ids),
        owner_id=lobby.host_id,
        lobby_id=lobby.lobby_id,
        created_at=lobby.created_at,
        closed_at=lobby.closed_at,
    )


def channel_write(
    before: Lobby, after: Lobby, events: Sequence[LobbyEvent | LobbyUpdated], by: UserId | None, now: datetime
) -> Iterator[Update[Channel]]:
    """What changes in the channel with the lobby. One commit changes a field once: nobody comes while another goes."""
    came, went = without(after.talker_ids, before.talker_ids), without(before.talker_ids, after.talker_ids)
    changes: dict[str, dict[str, Any]] = {"$addToSet": {}, "$pull": {}, "$set": {}}
    if came:
        changes["$addToSet"]["member_ids"] = came
    elif went:
        changes["$pull"]["member_ids"] = went
    if before.host_id != after.host_id:
        changes["$set"]["owner_id"] = after.host_id
    if after.closed_at and not before.closed_at:
        changes["$set"]["closed_at"] = after.closed_at
    else:
        for op, fields in noting(list(_systems(events, by)), now).items():
            changes[op] |= fields
    if any(changes.values()):
        made = {op: fields for op, fields in changes.items() if fields}
        yield Update(CHANNELS, before.chat_id, {**made, "$inc": {"version": 1}})


def channel_events(before: Lobby, after: Lobby) -> Iterator[Outgoing]:
    """What the members of the channel are told, and who begins and ends to hear it."""
    came = without(after.talker_ids, before.talker_ids)
    stay = [] if after.status == "closed" else after.talker_ids
    went = without(before.talker_ids, stay)
    if came or went or before.host_id != after.host_id:
        yield to(chat_stream(before.chat_id), channel_updated(channel_of(after)), join=came, leave=went)


def without(users: Iterable[UserId], others: Iterable[UserId]) -> list[UserId]:
    """Those of the users who are not among the others."""
    kept = set(others)
    return [user for user in users if user not in kept]


def _systems(events: Sequence[LobbyEvent | LobbyUpdated], by: UserId | None) -> Iterator[System]:
    for event in events:
        match event:
            case MemberJoined(member=member):
                yield System(type="member_joined", user_id=member.user_id)
            case MemberLeft(user_id=user, reason="kicked"):
                yield System(type="member_removed", user_id=user, by_user_id=by)
            case MemberLeft(user_id=user):
                yield System(type="member_left", user_id=user)
            case HostChanged(host_id=user):
                yield System(type="owner_changed", user_id=user)
