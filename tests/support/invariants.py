"""What must hold at every moment between two commits: section 3 of the design, read from the documents."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from domain.chat.model import CHANNELS
from domain.core.collection import Database, Spec
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS
from domain.matchmaking.model import MATCHES, TICKETS
from domain.parties.model import PARTIES, PARTY_SEATS
from domain.social.friendships import friendship_id
from domain.social.model import BLOCKS, FRIENDSHIPS

MANY = 100_000


async def everything(database: Database, spec: Spec[Any]) -> list[Any]:
    """All documents of a kind."""
    return await database.collection(spec).find({}, limit=MANY)


async def broken_invariants(database: Database) -> list[str]:
    """Every broken rule in words; empty when all is well."""
    seats = {seat.id: seat for seat in await everything(database, SEATS)}
    tickets = {ticket.id: ticket for ticket in await everything(database, TICKETS)}
    matches = {match.id: match for match in await everything(database, MATCHES)}
    lobbies = {lobby.id: lobby for lobby in await everything(database, LOBBIES)}
    open_lobbies = [lobby for lobby in lobbies.values() if lobby.status != "closed"]
    alive = [ticket for ticket in tickets.values() if ticket.status in {"queued", "proposed"}]
    waiting = [ticket for ticket in alive if ticket.opening is None]
    seated = [user for lobby in open_lobbies for user in lobby.member_ids]
    booked = [user for match in matches.values() if match.status == "proposed" for user in match.player_ids]

    broken = [f"user {user} is in two lobbies" for user in _twice(seated)]
    broken += [f"user {user} waits twice" for user in _twice(user for t in waiting for user in t.player_ids)]
    broken += [f"user {user} is in two proposed matches" for user in _twice(booked)]
    broken += [
        f"user {user} waits and sits in a lobby" for user in {u for t in waiting for u in t.player_ids} & set(seated)
    ]
    for ticket in waiting:
        for user in ticket.player_ids:
            if user not in seats or seats[user].ticket_id != ticket.id:
                broken.append(f"ticket {ticket.id} ({ticket.status}) has no seat for {user}")
        if ticket.player_ids != tuple(player.user_id for player in ticket.players):
            broken.append(f"ticket {ticket.id} does not know who it is for")
    for ticket in alive:
        match = matches.get(ticket.match_id)
        if ticket.status == "proposed" and (match is None or match.status != "proposed"):
            broken.append(f"ticket {ticket.id} is proposed in no proposed match")
        if ticket.status == "queued" and ticket.match_id is not None:
            broken.append(f"ticket {ticket.id} waits and names a match")
        if ticket.status == "proposed" and match is not None:
            invited = {player.user_id for player in match.players if player.ticket_id == ticket.id}
            if invited != set(ticket.player_ids):
                broken.append(f"match {match.id} is proposed to others than ticket {ticket.id} is for")
    for lobby in open_lobbies:
        broken += [
            f"member {user} of lobby {lobby.id} has no seat there"
            for user in lobby.member_ids
            if user not in seats or seats[user].lobby_id != lobby.id
        ]
    for seat in seats.values():
        lobby = lobbies.get(seat.lobby_id)
        if seat.ticket_id is None and seat.lobby_id is None:
            broken.append(f"seat of {seat.id} is nowhere")
        elif seat.ticket_id is not None and seat.ticket_id not in {ticket.id for ticket in waiting}:
            broken.append(f"seat of {seat.id} names an ended ticket")
        elif seat.lobby_id is not None and (lobby is None or lobby.member(seat.id) is None):
            broken.append(f"seat of {seat.id} is in a lobby that does not know them")
    for match in matches.values():
        if match.status == "confirmed" and (match.lobby_id or match.id) not in lobbies:
            broken.append(f"confirmed match {match.id} has no lobby")
    broken += [f"lobby {lobby.id} has too many members" for lobby in open_lobbies if _crowded(lobby)]
    broken += [f"user {user} has scheduled twice" for user in _twice(t.scheduled_by for t in tickets.values())]
    broken += [f"lobby {lobby} is filled twice" for lobby in _twice(t.backfill_of for t in tickets.values())]
    for ticket in tickets.values():
        if (ticket.status == "scheduled") != (ticket.scheduled_by is not None) or (ticket.status == "scheduled") != (
            ticket.due_at is not None
        ):
            broken.append(f"ticket {ticket.id} is {ticket.status} and due at {ticket.due_at}")
        if (ticket.backfill_of is not None) != (ticket in alive and ticket.opening is not None):
            broken.append(f"ticket {ticket.id} is {ticket.status} and fills {ticket.backfill_of}")
    broken += await _broken_lobbies(database, lobbies)
    broken += await _broken_relations(database)
    return broken + await _broken_parties(database)


async def _broken_lobbies(database: Database, lobbies: dict[str, Any]) -> list[str]:
    watching = {seat.id: seat.lobby_id for seat in await everything(database, SPECTATOR_SEATS)}
    channels = {channel.id: channel for channel in await everything(database, CHANNELS)}
    broken = []
    for lobby in lobbies.values():
        is_open, channel = lobby.status != "closed", channels.get(lobby.id)
        if is_open and (channel is None or set(channel.member_ids) != set(lobby.talker_ids)):
            broken.append(f"the channel of lobby {lobby.id} has other members")
        if is_open and (lobby.host_id not in lobby.member_ids or not set(lobby.member_ids).isdisjoint(lobby.banned)):
            broken.append(f"lobby {lobby.id} has a strange host or a banned member")
        if not is_open and (lobby.join_code or lobby.listed or lobby.ready_by):
            broken.append(f"lobby {lobby.id} is closed and may be found, joined, or come due")
        broken += [
            f"spectator {user} of lobby {lobby.id} has no seat there"
            for user in lobby.spectators
            if is_open and watching.get(user) != lobby.id
        ]
    for user, lobby_id in watching.items():
        if lobby_id not in lobbies or lobbies[lobby_id].status == "closed" or user not in lobbies[lobby_id].spectators:
            broken.append(f"spectator seat of {user} is in a lobby that does not know them")
    return broken


async def _broken_relations(database: Database) -> list[str]:
    blocks = {friendship_id(block.blocker_id, block.blocked_id) for block in await everything(database, BLOCKS)}
    broken = []
    for friendship in await everything(database, FRIENDSHIPS):
        if friendship.status != "over" and friendship.id in blocks:
            broken.append(f"friendship {friendship.id} is {friendship.status} in spite of a block")
        if friendship.id != friendship_id(*friendship.user_ids) or friendship.asked_by not in friendship.user_ids:
            broken.append(f"friendship {friendship.id} is not of its two players")
    return broken


async def _broken_parties(database: Database) -> list[str]:
    parties = {party.id: party for party in await everything(database, PARTIES)}
    party_seats = {seat.id: seat for seat in await everything(database, PARTY_SEATS)}
    members = [user for party in parties.values() for user in party.member_ids]
    broken = [f"user {user} is in two parties" for user in _twice(members)]
    for party in parties.values():
        if party.members and party.leader_id not in party.member_ids:
            broken.append(f"party {party.id} is led by a stranger")
        if bool(party.members) == (party.expires_at is not None):
            broken.append(f"party {party.id} of {len(party.members)} expires at {party.expires_at}")
        for member in party.members:
            seat = party_seats.get(member.user_id)
            if seat is None or seat.party_id != party.id:
                broken.append(f"member {member.user_id} of party {party.id} has no seat there")
            elif (seat.grace_until is not None) != (member.connection == "grace"):
                broken.append(f"member {member.user_id} of party {party.id} is {member.connection}, says the party")
    return broken + [f"party seat of {user} is of a stranger" for user in set(party_seats) - set(members)]


def _twice(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1 and value is not None]


def _crowded(lobby: Any) -> bool:
    return bool(len(lobby.members) > lobby.capacity.max)
