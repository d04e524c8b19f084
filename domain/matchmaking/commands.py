"""What clients ask of the matchmaking besides `enqueue`, which takes `criteria.Criteria`."""

from typing import Annotated

from domain.core.ids import MatchId, TicketId
from domain.core.model import Command, WireId


class CancelTicket(Command):
    """Stops looking. While a match is proposed this declines it."""

    ticket_id: Annotated[TicketId, WireId]


class AnswerMatch(Command):
    """Accepts or declines a proposed match."""

    match_id: Annotated[MatchId, WireId]
