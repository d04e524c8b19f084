"""What a seat stands in the way of: a player is in one ticket or in one lobby."""

from domain.core.errors import AppError, Conflict
from domain.core.ids import LobbyId, TicketId
from domain.lobbies.model import Seat


class AlreadyQueued(AppError):
    """You are looking for a match already."""

    code, status = "ALREADY_QUEUED", 409

    def __init__(self, ticket_id: TicketId) -> None:
        super().__init__(details={"ticketId": ticket_id})


class AlreadyInLobby(AppError):
    """You have a seat in a lobby; leave it first."""

    code, status = "ALREADY_IN_LOBBY", 409

    def __init__(self, lobby_id: LobbyId) -> None:
        super().__init__(details={"lobbyId": lobby_id})


def taken(seat: Seat) -> AppError:
    """Why who has this seat cannot have another."""
    if seat.ticket_id is not None:
        return AlreadyQueued(seat.ticket_id)
    return AlreadyInLobby(seat.lobby_id) if seat.lobby_id is not None else Conflict()
