"""Openings: what a lobby offers those who might fill it up, and what is left of it once some have come. Pure."""

from collections.abc import Mapping

from domain.core.collection import Changes
from domain.games.model import Mode
from domain.lobbies.model import Lobby
from domain.matchmaking.model import Match, Ticket
from domain.matchmaking.pool import Opening

NO_MATCH = {"match_id": True, "accept_by": True}
"""What is unset in a ticket that waits again."""


def free_places(lobby: Lobby) -> int:
    """How many more players fit in."""
    return lobby.capacity.max - len(lobby.members)


def opening_of(lobby: Lobby, mode: Mode | None) -> Opening:
    """What the lobby offers, in a game's mode as the catalogue has it."""
    count = mode.teams.count if mode and mode.teams else 1
    return Opening(
        lobby_id=lobby.lobby_id,
        teams=tuple(
            tuple(member.user_id for member in lobby.members if (member.team or 1) == number)
            for number in range(1, count + 1)
        ),
        roles={member.user_id: member.role for member in lobby.members if member.role is not None},
        free=free_places(lobby),
        barred=lobby.banned,
    )


def after_filling(match: Match, tickets: Mapping[str, Ticket]) -> Changes:
    """What becomes of the backfill ticket when the match's players have come: it ends, or asks for the rest.

    tickets: those of the match, by id.
    """
    ticket = tickets[match.backfill or ""]
    left = ticket.opening.free - len(match.players) if ticket.opening else 0
    if ticket.opening is None or left <= 0:
        return {"$set": {"status": "matched", "lobby_id": match.lobby_id}, "$unset": {"backfill_of": True}}
    roles = {player.user_id: player.role for player in match.players if player.role is not None}
    filled = {"teams": match.teams, "roles": {**ticket.opening.roles, **roles}, "free": left}
    opening = ticket.opening.model_copy(update=filled)
    joined = [player for id in match.ticket_ids if id != ticket.id for player in tickets[id].players]
    players = (*ticket.players, *joined)
    return {"$set": {"status": "queued", "opening": opening, "players": players}, "$unset": NO_MATCH}
