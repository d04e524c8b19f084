"""What clients ask of the matchmaking besides `enqueue`, which takes `criteria.Criteria`."""

from typing import Annotated

from pydantic import Field

from domain.core.ids import LobbyId, MatchId, TicketId, UserId
from domain.core.model import ID_SHAPE, Command


class CancelTicket(Command):
    """Stops looking. While a match is proposed this declines it."""

    ticket_id: Annotated[TicketId, ID_SHAPE]


class AnswerMatch(Command):
    """Accepts or declines a proposed match."""

    match_id: Annotated[MatchId, ID_SHAPE]


class BackfillLobby(Command):
    """Asks for players for the free places of a lobby."""

    lobby_id: Annotated[LobbyId, ID_SHAPE]


Place = Annotated[list[Annotated[UserId, ID_SHAPE]], Field(min_length=1, max_length=100)]


class Result(Command):
    """How a match ended: all its players by place, the winners first.

    The players of a team share a place, and so do teams or players who drew.
    """

    places: Annotated[list[Place], Field(min_length=1, max_length=100)]


class ReportResult(Command):
    """A player says how a match ended."""

    match_id: Annotated[MatchId, ID_SHAPE]
    result: Result
