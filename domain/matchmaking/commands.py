"""What clients ask of the matchmaking besides `enqueue`, which takes `criteria.Criteria`."""

from typing import Annotated

from domain.core.ids import LobbyId, MatchId, TicketId
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
