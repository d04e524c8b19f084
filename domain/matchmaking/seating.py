"""Seats and tickets: what a seat stands in the way of, and how the players of a ticket give theirs up."""

from collections.abc import Iterable, Iterator, Mapping

from domain.core.collection import Delete, Filter, Write
from domain.core.errors import AppError, Conflict
from domain.core.ids import TicketId, UserId
from domain.lobbies.model import SEATS, Seat
from domain.matchmaking.model import Ticket


class AlreadyQueued(AppError):
    """You are looking for a match already."""

    code, status = "ALREADY_QUEUED", 409

    def __init__(self, ticket_id: TicketId) -> None:
        super().__init__(details={"ticketId": ticket_id})


class AlreadyInLobby(AppError):
    """You have a seat in a lobby; leave it first."""

    code, status = "ALREADY_IN_LOBBY", 409

    def __init__(self, lobby_id: str) -> None:
        super().__init__(details={"lobbyId": lobby_id})


def taken(seat: Seat) -> AppError:
    """Why who has this seat cannot have another."""
    if seat.ticket_id is not None:
        return AlreadyQueued(seat.ticket_id)
    return AlreadyInLobby(seat.lobby_id) if seat.lobby_id is not None else Conflict()


def seats_given_up(
    ticket: Ticket, users: Iterable[UserId], expect: Mapping[UserId, Filter] | None = None
) -> Iterator[Write]:
    """Players of a ticket leave it. expect: what else must hold for their seats."""
    for user in users:
        yield Delete(SEATS, user, expect={"ticket_id": ticket.id, **(expect or {}).get(user, {})})
