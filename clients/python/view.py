"""What a client knows, and what an event adds to it. No input or output."""

from dataclasses import dataclass
from typing import Any, Literal

from clients.python.state import apply

Verdict = Literal["new", "old", "gap"]
"""An event says something new, or something known, or something that shows that others are missing."""


@dataclass(frozen=True, slots=True)
class Event:
    """What the server told. meta: `{stream, seq, epoch, at}`; empty when the client learned it by asking."""

    namespace: str
    name: str
    data: Any
    meta: dict[str, Any]


class View:
    """The player's ticket, the lobby, and how far each channel was followed.

    ticket: as last told, also when it has ended; None without one. lobby: the one the player has a seat in, or None.
    read: by channel, the `seq` of the last message told.
    """

    def __init__(self) -> None:
        self.ticket: dict[str, Any] | None = None
        self.lobby: dict[str, Any] | None = None
        self.read: dict[str, int] = {}
        self._positions: dict[str, tuple[str, int]] = {}

    def take(self, event: Event, user_id: str) -> Verdict:
        """Takes in an event of the player `user_id`."""
        if self._told_before(event.meta):
            return "old"
        if event.name == "ticket_updated":
            self.ticket = event.data
        elif event.name == "message":
            return self._take_message(event.data)
        elif event.namespace == "lobby" and isinstance(event.data, dict) and "version" in event.data:
            return self._take_lobby_event(event, user_id)
        return "new"

    def _told_before(self, meta: dict[str, Any]) -> bool:
        """Whether a durable event is at or below its stream's position; else that is the position now."""
        if "seq" not in meta:
            return False
        epoch, seq = self._positions.get(meta["stream"], ("", 0))
        if meta["epoch"] == epoch and meta["seq"] <= seq:
            return True
        self._positions[meta["stream"]] = (meta["epoch"], meta["seq"])
        return False

    def _take_message(self, message: dict[str, Any]) -> Verdict:
        channel, seq = message["channelId"], message["seq"]
        last = self.read.get(channel, 0)
        if seq <= last:
            return "old"
        if seq > last + 1:
            return "gap"
        self.read[channel] = seq
        return "new"

    def _take_lobby_event(self, event: Event, user_id: str) -> Verdict:
        lobby, data = self.lobby, event.data
        if event.name == "lobby_updated":
            known = lobby if lobby and lobby["id"] == data["id"] else {}
            self.lobby = apply(known, event.name, data)
            return "new" if self.lobby is data else "old"
        if not lobby or lobby["id"] != data["lobbyId"] or data["version"] <= lobby["version"]:
            return "old"
        if data["version"] > lobby["version"] + 1:
            return "gap"
        self.lobby = apply(lobby, event.name, data)
        if event.name == "member_left" and data["userId"] == user_id:
            self.lobby = None
        return "new"
