"""What a client knows, and what an event adds to it. No input or output."""

from typing import Any, Literal

from clients.python.event import Event
from clients.python.state import apply
from clients.python.types import Lobby, Message, Ticket

Verdict = Literal["new", "old", "gap"]
"""An event says something new, or something known, or something that shows that others are missing."""


class View:
    """The player's ticket, the lobby, and how far each channel was followed.

    ticket: as last told, also when it has ended; None without one. lobby: the one the player has a seat in, or None;
    watched: the one they watch. read: by channel, the `seq` of the last message told. user_id: who the player is.
    """

    def __init__(self, user_id: str = "") -> None:
        self.user_id = user_id
        self.ticket: Ticket | None = None
        self.lobby: Lobby | None = None
        self.watched: Lobby | None = None
        self.read: dict[str, int] = {}

    def take(self, event: Event[Any]) -> Verdict:
        """Takes in an event."""
        if event.name == "ticket_updated":
            self.ticket = event.data
        elif event.name == "message":
            return self._take_message(event.data)
        elif event.namespace == "lobby" and isinstance(event.data, dict) and "version" in event.data:
            return self._take_lobby_event(event)
        return "new"

    def _take_message(self, message: Message) -> Verdict:
        channel, seq = message["channelId"], message["seq"]
        last = self.read.get(channel, 0)
        if seq <= last:
            return "old"
        if seq > last + 1:
            return "gap"
        self.read[channel] = seq
        return "new"

    def _take_lobby_event(self, event: Event[Any]) -> Verdict:
        if self._is_watched(event):
            self.watched, verdict = _brought_up(self.watched, event)
            if event.name == "spectator_left" and event.data["userId"] == self.user_id:
                self.watched = None
        else:
            self.lobby, verdict = _brought_up(self.lobby, event)
            if verdict == "new" and event.name == "member_left" and event.data["userId"] == self.user_id:
                self.lobby = None
        return verdict

    def _is_watched(self, event: Event[Any]) -> bool:
        """Whether the event is about the lobby the player watches, as its stream or, of an answer, the lobby says."""
        if "stream" in event.meta:
            return str(event.meta["stream"]).startswith("lobby:watch:")
        return self.user_id in event.data.get("spectators", ())


def _brought_up(lobby: Lobby | None, event: Event[Any]) -> tuple[Lobby | None, Verdict]:
    """The lobby after the event, and what the event was worth."""
    data = event.data
    if event.name == "lobby_updated":
        after = apply(lobby if lobby and lobby["id"] == data["id"] else None, event.name, data)
        return after, "new" if after is data else "old"
    if not lobby or lobby["id"] != data["lobbyId"] or data["version"] <= lobby["version"]:
        return lobby, "old"
    if data["version"] > lobby["version"] + 1:
        return lobby, "gap"
    return apply(lobby, event.name, data), "new"
