"""What a client keeps of a lobby: a snapshot, brought up to date by the lobby's events."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from clients.python.types import Lobby, Member

Payload = Mapping[str, Any]


def apply(lobby: Lobby | None, name: str, event: Any) -> Lobby | None:
    """The lobby after an event. An event at or below the snapshot's version changes nothing.

    `lobby` and `event` are as they come from the wire; `name` is the event's name. A `lobby_updated` replaces all.
    """
    if name == "lobby_updated":
        return cast(Lobby, event) if not lobby or event["version"] > lobby["version"] else lobby
    if not lobby or event["lobbyId"] != lobby["id"] or event["version"] <= lobby["version"]:
        return lobby
    return {**_REDUCERS[name](lobby, event), "version": event["version"]}


def _member(lobby: Lobby, user_id: str, **changes: Any) -> Lobby:
    members = [cast(Member, {**m, **changes}) if m["userId"] == user_id else m for m in lobby["members"]]
    return {**lobby, "members": members}


def _left(lobby: Lobby, event: Payload) -> Lobby:
    return {**lobby, "members": [m for m in lobby["members"] if m["userId"] != event["userId"]]}


def _host(lobby: Lobby, event: Payload) -> Lobby:
    members: list[Member] = [{**m, "isHost": m["userId"] == event["hostId"]} for m in lobby["members"]]
    return {**lobby, "hostId": event["hostId"], "members": members}


def _forming(lobby: Lobby, _: Payload) -> Lobby:
    formed: Lobby = {**lobby, "status": "forming"}
    formed.pop("readyAt", None)
    formed.pop("startsAt", None)
    return formed


_REDUCERS: dict[str, Callable[[Lobby, Payload], Lobby]] = {
    "member_joined": lambda lobby, e: {**lobby, "members": [*lobby["members"], e["member"]]},
    "member_left": _left,
    "member_ready": lambda lobby, e: _member(lobby, e["userId"], ready=e["ready"]),
    "member_connection": lambda lobby, e: _member(lobby, e["userId"], connection=e["connection"]),
    "host_changed": _host,
    "lobby_ready": lambda lobby, e: {**lobby, "status": "ready", "readyAt": e["readyAt"]},
    "lobby_unready": _forming,
    "countdown_started": lambda lobby, e: {**lobby, "status": "countdown", "startsAt": e["startsAt"]},
    "countdown_cancelled": _forming,
    "lobby_started": lambda lobby, e: {**lobby, "status": "active", "activeAt": e["activeAt"]},
    "lobby_closed": lambda lobby, e: {
        **lobby,
        "status": "closed",
        "closedAt": e["closedAt"],
        "closeReason": e["reason"],
    },
}
