"""Seats and tickets: how the players of a ticket give theirs up."""

from collections.abc import Iterable, Iterator, Mapping

from domain.core.collection import Delete, Filter, Update, Write
from domain.core.ids import UserId
from domain.lobbies.model import SEATS
from domain.matchmaking.model import Ticket
from domain.parties.model import PARTIES, Party


def seats_given_up(
    ticket: Ticket, users: Iterable[UserId], expect: Mapping[UserId, Filter] | None = None
) -> Iterator[Write]:
    """Players of a ticket leave it. expect: what else must hold for their seats."""
    for user in users:
        yield Delete(SEATS, user, expect={"ticket_id": ticket.id, **(expect or {}).get(user, {})})


def party_unchanged(party: Party | None) -> list[Write]:
    """Nobody joins or leaves in the moment in which the search begins, for they must find the ticket."""
    if party is None:
        return []
    return [Update(PARTIES, party.id, {"$inc": {"version": 1}}, expect={"version": party.version})]
