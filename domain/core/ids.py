"""Ids: one `NewType` per kind, so that mypy catches a user id where a lobby id belongs."""

from collections.abc import Callable
from typing import NewType

from uuid_utils import uuid7

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
GameId = NewType("GameId", str)
TicketId = NewType("TicketId", str)
MatchId = NewType("MatchId", str)
PartyId = NewType("PartyId", str)
LobbyId = NewType("LobbyId", str)
ChannelId = NewType("ChannelId", str)
MessageId = NewType("MessageId", str)
MediaId = NewType("MediaId", str)

IdFactory = Callable[[], str]


def new_id() -> str:
    """A fresh time-ordered id (UUIDv7): ids sort by the moment they were made."""
    return str(uuid7())
