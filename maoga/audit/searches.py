"""Who looks for whom: tickets, matches, seats and the pool tell the same, so nobody is promised to two matches."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from domain.core.clock import Clock, seconds
from domain.core.collection import Database
from domain.core.ids import TicketId
from domain.lobbies.model import LOBBIES, SEATS, Lobby, Seat
from domain.matchmaking.model import MATCHES, TICKETS, Match, Ticket
from domain.matchmaking.pool import Claim, TicketPool
from maoga.audit.inspection import Invariant, Wrong, those
from maoga.audit.places import waits

STALE_CLAIM_S = 10.0
"""Twice as old as a sweep lets claims become."""


async def wrong_tickets(database: Database, tickets: Sequence[Ticket]) -> Wrong:
    """The players of a ticket that waits have their seats in it, and a proposed one its match; an ended one neither."""
    matches = await those(database, MATCHES, (ticket.match_id for ticket in tickets))
    seats = await those(database, SEATS, (user for ticket in tickets for user in ticket.player_ids))
    return {
        ticket.id: [*_of_state(ticket), *_of_seats(ticket, seats), *_of_match(ticket, matches.get(ticket.match_id))]
        for ticket in tickets
    }


def _of_state(ticket: Ticket) -> Iterator[str]:
    lives = ticket.status in {"queued", "proposed"}
    if len({ticket.status == "scheduled", ticket.scheduled_by is not None, ticket.due_at is not None}) > 1:
        yield f"is {ticket.status}, scheduled by {ticket.scheduled_by} and due at {ticket.due_at}"
    if (ticket.backfill_of is not None) != (lives and ticket.opening is not None):
        yield f"is {ticket.status} and fills lobby {ticket.backfill_of}"


def _of_seats(ticket: Ticket, seats: Mapping[Any, Seat]) -> Iterator[str]:
    if not waits(ticket):
        return
    if ticket.player_ids != tuple(player.user_id for player in ticket.players):
        yield "does not know who it is for"
    for user in ticket.player_ids:
        seat = seats.get(user)
        if seat is None or seat.ticket_id != ticket.id:
            yield f"is {ticket.status}, and its player {user} has no seat in it"


def _of_match(ticket: Ticket, match: Match | None) -> Iterator[str]:
    if ticket.status == "queued" and ticket.match_id is not None:
        yield f"waits, and names match {ticket.match_id}"
    if ticket.status != "proposed":
        return
    if match is None or match.status != "proposed":
        yield f"is proposed in match {ticket.match_id}, which is not"
    elif ticket.opening is not None:
        if match.backfill != ticket.id:
            yield f"is proposed in match {match.id}, which fills another lobby"
    elif {player.user_id for player in match.players if player.ticket_id == ticket.id} != set(ticket.player_ids):
        yield f"match {match.id} is proposed to others than it is for"


async def wrong_matches(database: Database, matches: Sequence[Match]) -> Wrong:
    """The tickets of a proposed match are proposed in it alone; a confirmed one has its lobby."""
    tickets = await those(database, TICKETS, (id for match in matches for id in match.ticket_ids))
    lobbies = await those(database, LOBBIES, (match.lobby_id or match.id for match in matches))
    return {match.id: [*_of_tickets(match, tickets), *_of_lobby(match, lobbies)] for match in matches}


def _of_tickets(match: Match, tickets: Mapping[Any, Ticket]) -> Iterator[str]:
    wanted = {"proposed": "proposed", "confirmed": "matched"}.get(match.status)
    # The ticket of a backfill goes on with its own life once the match is confirmed.
    for id in match.ticket_ids if match.status == "proposed" else {player.ticket_id for player in match.players}:
        ticket = tickets.get(id)
        if wanted and ticket and (ticket.status, ticket.match_id) != (wanted, match.id):
            yield f"is {match.status}, and its ticket {id} is {ticket.status} in match {ticket.match_id}"
        if ticket is None and match.status == "proposed":
            yield f"is proposed, and its ticket {id} does not exist"


def _of_lobby(match: Match, lobbies: Mapping[Any, Lobby]) -> Iterator[str]:
    if match.status == "confirmed" and (match.lobby_id or match.id) not in lobbies:
        yield "is confirmed and has no lobby"


async def wrong_forgotten(pool: TicketPool, tickets: Sequence[Ticket]) -> Wrong:
    """The pool knows every ticket that waits."""
    unknown = set(await pool.unknown([TicketId(ticket.id) for ticket in tickets if ticket.status == "queued"]))
    return {id: ["waits, and the pool does not know it"] for id in unknown}


def strays(database: Database, pool: TicketPool) -> Invariant[TicketId]:
    """What the pool knows are tickets that wait. The things are tickets' ids, for the documents may not exist."""

    async def pages() -> AsyncIterator[Sequence[TicketId]]:
        for key in await pool.pools():
            async for page in pool.snapshot(key):
                yield [change.ticket_id for change in page.changes]

    async def again(ids: Sequence[str]) -> Sequence[TicketId]:
        asked = [TicketId(id) for id in ids]
        unknown = set(await pool.unknown(asked))
        return [id for id in asked if id not in unknown]

    async def wrong(ids: Sequence[TicketId]) -> Wrong:
        tickets = await those(database, TICKETS, ids)

        def of(ticket: Ticket | None) -> Iterator[str]:
            if ticket is None or ticket.status != "queued":
                yield f"waits in the pool, and is {ticket.status if ticket else 'gone'}"

        return {id: of(tickets.get(id)) for id in ids}

    return Invariant("strays", "What the pool knows are tickets that wait.", pages, again, wrong)


def claims(pool: TicketPool, clock: Clock) -> Invariant[Claim]:
    """No claim outlives its worker. The things are claims, by their matches' ids."""

    async def stale() -> list[Claim]:
        return await pool.claims(clock.now() - seconds(STALE_CLAIM_S))

    async def pages() -> AsyncIterator[Sequence[Claim]]:
        yield await stale()

    async def again(ids: Sequence[str]) -> Sequence[Claim]:
        return [claim for claim in await stale() if claim.match_id in set(ids)]

    async def wrong(found: Sequence[Claim]) -> Wrong:
        return {claim.match_id: [f"holds {len(claim.ticket_ids)} tickets, and nobody ends it"] for claim in found}

    return Invariant("claims", "A claim ends with its match, or some seconds after its worker.", pages, again, wrong)
