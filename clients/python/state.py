"""What a client keeps of a lobby: a snapshot, brought up to date by the lobby's events."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from clients.python.types import Lobby, LobbySettings, Member

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


def _unwatched(lobby: Lobby, event: Payload) -> Lobby:
    return {**lobby, "spectators": [user for user in lobby["spectators"] if user != event["userId"]]}


def _host(lobby: Lobby, event: Payload) -> Lobby:
    members: list[Member] = [{**m, "isHost": m["userId"] == event["hostId"]} for m in lobby["members"]]
    return {**lobby, "hostId": event["hostId"], "members": members}


def _forming(lobby: Lobby, _: Payload) -> Lobby:
    formed: Lobby = {**lobby, "status": "forming", "allocating": False}
    formed.pop("readyAt", None)
    formed.pop("startsAt", None)
    return formed


def _ready(lobby: Lobby, event: Payload) -> Lobby:
    ready: Lobby = {**lobby, "status": "ready", "readyAt": event["readyAt"]}
    ready.pop("readyBy", None)
    return ready


def _started(lobby: Lobby, event: Payload) -> Lobby:
    started: Lobby = {**lobby, "status": "active", "allocating": False, "activeAt": event["activeAt"]}
    if "connection" in event:
        started["connection"] = event["connection"]
    return started


def _closed(lobby: Lobby, event: Payload) -> Lobby:
    closed: Lobby = {**lobby, "status": "closed", "closedAt": event["closedAt"], "closeReason": event["reason"]}
    closed["allocating"] = False
    closed.pop("readyBy", None)
    settings = dict(closed["settings"])
    settings.pop("joinCode", None)
    closed["settings"] = cast(LobbySettings, settings)
    return closed


_REDUCERS: dict[str, Callable[[Lobby, Payload], Lobby]] = {
    "member_joined": lambda lobby, e: {**lobby, "members": [*lobby["members"], e["member"]]},
    "member_left": _left,
    "spectator_joined": lambda lobby, e: {**lobby, "spectators": [*lobby["spectators"], e["userId"]]},
    "spectator_left": _unwatched,
    "member_ready": lambda lobby, e: _member(lobby, e["userId"], ready=e["ready"]),
    "member_connection": lambda lobby, e: _member(lobby, e["userId"], connection=e["connection"]),
    "host_changed": _host,
    "lobby_ready": _ready,
    "lobby_unready": _forming,
    "countdown_started": lambda lobby, e: {**lobby, "status": "countdown", "startsAt": e["startsAt"]},
    "countdown_cancelled": _forming,
    "lobby_started": _started,
    "lobby_closed": _closed,
}
