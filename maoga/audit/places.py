"""Who is where: seats, lobbies, spectators and parties agree with one another, so nobody is in two places."""

from collections.abc import Iterator, Sequence

from domain.chat.model import CHANNELS, Channel
from domain.core.collection import Database
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS, Lobby, Seat, SpectatorSeat
from domain.matchmaking.model import TICKETS, Ticket
from domain.parties.model import PARTIES, PARTY_SEATS, Party, PartySeat
from maoga.audit.inspection import Wrong, those


async def wrong_seats(database: Database, seats: Sequence[Seat]) -> Wrong:
    """A seat is in one ticket that lives, or in one open lobby, and that knows its player."""
    tickets = await those(database, TICKETS, (seat.ticket_id for seat in seats))
    lobbies = await those(database, LOBBIES, (seat.lobby_id for seat in seats))
    return {seat.id: _of_seat(seat, tickets.get(seat.ticket_id), lobbies.get(seat.lobby_id)) for seat in seats}


def _of_seat(seat: Seat, ticket: Ticket | None, lobby: Lobby | None) -> Iterator[str]:
    if (seat.ticket_id is None) == (seat.lobby_id is None):
        yield "is in a ticket and in a lobby, or in neither"
    if seat.ticket_id and (ticket is None or not waits(ticket) or seat.id not in ticket.player_ids):
        yield f"is in ticket {seat.ticket_id}, which has ended or is not for them"
    if seat.lobby_id and (lobby is None or not is_open(lobby) or lobby.member(seat.id) is None):  # type: ignore[arg-type]
        yield f"is in lobby {seat.lobby_id}, which is closed or does not know them"


async def wrong_lobbies(database: Database, lobbies: Sequence[Lobby]) -> Wrong:
    """The members of an open lobby have their seats there, and its host is one of them; a closed one is not found."""
    members = [user for lobby in lobbies for user in lobby.member_ids]
    seats = await those(database, SEATS, members)
    watching = await those(database, SPECTATOR_SEATS, (user for lobby in lobbies for user in lobby.spectators))
    wrong = {}
    for lobby in lobbies:
        if is_open(lobby):
            wrong[lobby.id] = [
                *_of_members(lobby, [seats.get(user) for user in lobby.member_ids]),
                *_of_spectators(lobby, [watching.get(user) for user in lobby.spectators]),
            ]
        else:
            wrong[lobby.id] = ["is closed and may be found, joined or come due"]
    return wrong


def _of_members(lobby: Lobby, seats: Sequence[Seat | None]) -> Iterator[str]:
    for member, seat in zip(lobby.members, seats, strict=True):
        if seat is None or seat.lobby_id != lobby.id:
            yield f"member {member.user_id} has no seat there"
        elif (seat.grace_until is not None) != (member.connection == "grace"):
            yield f"member {member.user_id} is {member.connection}, says the lobby, and not so the seat"
    if lobby.host_id not in lobby.member_ids:
        yield f"its host {lobby.host_id} is no member"
    if banned := set(lobby.member_ids) & set(lobby.banned):
        yield f"has members who are banned: {', '.join(sorted(banned))}"
    if len(lobby.members) > lobby.capacity.max:
        yield f"has {len(lobby.members)} members, most {lobby.capacity.max}"


def _of_spectators(lobby: Lobby, seats: Sequence[SpectatorSeat | None]) -> Iterator[str]:
    for user, seat in zip(lobby.spectators, seats, strict=True):
        if seat is None or seat.lobby_id != lobby.id:
            yield f"spectator {user} has no seat there"


async def wrong_spectators(database: Database, seats: Sequence[SpectatorSeat]) -> Wrong:
    """Who watches a lobby is among its spectators, and it is open."""
    lobbies = await those(database, LOBBIES, (seat.lobby_id for seat in seats))

    def wrong(seat: SpectatorSeat) -> Iterator[str]:
        lobby = lobbies.get(seat.lobby_id)
        if lobby is None or not is_open(lobby) or seat.id not in lobby.spectators:
            yield f"watches lobby {seat.lobby_id}, which is closed or does not know them"

    return {seat.id: wrong(seat) for seat in seats}


async def wrong_lobby_channels(database: Database, lobbies: Sequence[Lobby]) -> Wrong:
    """An open lobby has an open channel, with the people who may talk there."""
    channels = await those(database, CHANNELS, (lobby.id for lobby in lobbies))

    def wrong(lobby: Lobby) -> Iterator[str]:
        channel = channels.get(lobby.id)
        if channel is None or channel.closed_at:
            yield "has no open channel"
        elif set(channel.member_ids) != set(lobby.talker_ids):
            yield "its channel has other members"

    return {lobby.id: wrong(lobby) for lobby in lobbies if is_open(lobby)}


async def wrong_orphans(database: Database, channels: Sequence[Channel]) -> Wrong:
    """The channel of a lobby is open no longer than the lobby."""
    lobbies = await those(database, LOBBIES, (channel.lobby_id for channel in channels))

    def wrong(channel: Channel) -> Iterator[str]:
        lobby = lobbies.get(channel.lobby_id)
        if channel.lobby_id and channel.closed_at is None and (lobby is None or not is_open(lobby)):
            yield f"is open, and its lobby {channel.lobby_id} is closed or gone"

    return {channel.id: wrong(channel) for channel in channels}


async def wrong_parties(database: Database, parties: Sequence[Party]) -> Wrong:
    """The members of a party have their seats there, and its leader is one of them; an empty one ends."""
    seats = await those(database, PARTY_SEATS, (user for party in parties for user in party.member_ids))

    def wrong(party: Party) -> Iterator[str]:
        for member in party.members:
            seat = seats.get(member.user_id)
            if seat is None or seat.party_id != party.id:
                yield f"member {member.user_id} has no seat there"
            elif (seat.grace_until is not None) != (member.connection == "grace"):
                yield f"member {member.user_id} is {member.connection}, says the party, and not so the seat"
        if party.members and party.leader_id not in party.member_ids:
            yield f"its leader {party.leader_id} is no member"
        if bool(party.members) == (party.expires_at is not None):
            yield f"has {len(party.members)} members and expires at {party.expires_at}"

    return {party.id: wrong(party) for party in parties}


async def wrong_party_seats(database: Database, seats: Sequence[PartySeat]) -> Wrong:
    """Who has a seat in a party is a member."""
    parties = await those(database, PARTIES, (seat.party_id for seat in seats))

    def wrong(seat: PartySeat) -> Iterator[str]:
        party = parties.get(seat.party_id)
        if party is None or seat.id not in party.member_ids:
            yield f"is in party {seat.party_id}, which is over or does not know them"

    return {seat.id: wrong(seat) for seat in seats}


def is_open(lobby: Lobby) -> bool:
    """Whether the lobby has not ended."""
    return lobby.status != "closed"


def waits(ticket: Ticket) -> bool:
    """Whether the ticket takes its players' seats."""
    return ticket.status in {"queued", "proposed"} and ticket.opening is None
