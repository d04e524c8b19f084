"""The channel of a lobby: its members are the lobby's, and it is told who comes and who goes."""

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
    """The channel as it is with that lobby. The host moderates it."""
    return Channel(
        id=lobby.chat_id,
        kind="lobby",
        member_ids=tuple(lobby.talker_ids),
        owner_id=lobby.host_id,
        lobby_id=lobby.lobby_id,
        created_at=lobby.created_at,
        closed_at=lobby.closed_at,
    )


def channel_change(
    before: Lobby, after: Lobby, events: Sequence[LobbyEvent | LobbyUpdated], by: UserId | None, now: datetime
) -> Iterator[Update[Channel]]:
    """The write that makes the channel follow the lobby, if it must."""
    was, now_is = channel_of(before), channel_of(after)
    changes: dict[str, dict[str, Any]] = {"$addToSet": {}, "$pull": {}, "$set": {}, "$inc": {}}
    # One commit changes a field once; nobody comes in the moment in which another one goes.
    if came := without(now_is.member_ids, was.member_ids):
        changes["$addToSet"]["member_ids"] = came
    elif went := without(was.member_ids, now_is.member_ids):
        changes["$pull"]["member_ids"] = went
    for field in ("owner_id", "closed_at"):
        if getattr(was, field) != getattr(now_is, field):
            changes["$set"][field] = getattr(now_is, field)
    if after.status != "closed" and (notes := noting(list(_notes(events, by)), now)):
        for op, fields in {**notes, "$inc": {"version": 1}}.items():
            changes[op] |= fields
    if any(changes.values()):
        yield Update(CHANNELS, before.chat_id, {op: fields for op, fields in changes.items() if fields})


def channel_events(before: Lobby, after: Lobby) -> Iterator[Outgoing]:
    """What the channel's members are told of it; who comes follows it from then on, who goes no longer."""
    came = without(after.talker_ids, before.talker_ids)
    stay = [] if after.status == "closed" else after.talker_ids
    went = without(before.talker_ids, stay)
    if came or went or before.host_id != after.host_id:
        yield to(chat_stream(before.chat_id), channel_updated(channel_of(after)), join=came, leave=went)


def without(users: Iterable[UserId], others: Iterable[UserId]) -> list[UserId]:
    """The users who are not among the others."""
    kept = set(others)
    return [user for user in users if user not in kept]


def _notes(events: Iterable[LobbyEvent | LobbyUpdated], by: UserId | None) -> Iterator[System]:
    for event in events:
        if isinstance(event, MemberJoined):
            yield System(type="member_joined", user_id=event.member.user_id)
        elif isinstance(event, MemberLeft) and event.reason == "kicked":
            yield System(type="member_removed", user_id=event.user_id, by_user_id=by)
        elif isinstance(event, MemberLeft):
            yield System(type="member_left", user_id=event.user_id)
        elif isinstance(event, HostChanged):
            yield System(type="owner_changed", user_id=event.host_id)
