"""What a client keeps of a lobby: a snapshot, brought up to date by the lobby's events."""

from collections.abc import Callable
from typing import Any

Snapshot = dict[str, Any]
Payload = dict[str, Any]


def apply(lobby: Snapshot, name: str, event: Payload) -> Snapshot:
    """The lobby after an event. An event at or below the snapshot's version changes nothing.

    `lobby` and `event` are as they come from the wire; `name` is the event's name. A `lobby_updated` replaces all.
    """
    if name == "lobby_updated":
        return event if not lobby or event["version"] > lobby["version"] else lobby
    if not lobby or event["lobbyId"] != lobby["id"] or event["version"] <= lobby["version"]:
        return lobby
    return {**_REDUCERS[name](lobby, event), "version": event["version"]}


def _without(lobby: Snapshot, *fields: str) -> Snapshot:
    return {field: value for field, value in lobby.items() if field not in fields}


def _member(lobby: Snapshot, user_id: str, **changes: Any) -> Snapshot:
    members = [{**m, **changes} if m["userId"] == user_id else m for m in lobby["members"]]
    return {**lobby, "members": members}


def _left(lobby: Snapshot, event: Payload) -> Snapshot:
    return {**lobby, "members": [m for m in lobby["members"] if m["userId"] != event["userId"]]}


def _host(lobby: Snapshot, event: Payload) -> Snapshot:
    members = [{**m, "isHost": m["userId"] == event["hostId"]} for m in lobby["members"]]
    return {**lobby, "hostId": event["hostId"], "members": members}


def _forming(lobby: Snapshot, _: Payload) -> Snapshot:
    return {**_without(lobby, "readyAt", "startsAt"), "status": "forming"}


_REDUCERS: dict[str, Callable[[Snapshot, Payload], Snapshot]] = {
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
