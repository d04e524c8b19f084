"""Tickets and matches, as stored and as sent."""

from typing import Literal

from domain.core.collection import Spec
from domain.core.events import WithEvents
from domain.core.ids import GameId, LobbyId, MatchId, TicketId, UserId
from domain.core.model import Kept, Model, Timestamp
from domain.games.model import ModeName
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.pool import Opening, PoolEntry, PoolPlayer

TicketStatus = Literal["scheduled", "queued", "proposed", "matched", "cancelled", "expired"]
MatchStatus = Literal["proposed", "confirmed", "cancelled", "reported"]
CancelReason = Literal["declined", "timeout", "disconnected", "withdrawn"]
"""`withdrawn`: the lobby that asked for players has closed, is full or asks no more; nobody is to blame."""


class Ticket(WithEvents):
    """The wish of a player or a party for a match. `queued_at` survives a failed proposal: the waiting goes on.

    user_id: who asked. player_ids: everybody it is for. players: they, as the matcher sees them. opening: what a
    backfill ticket offers. scheduled_by: the user, while the search has not begun; due_at: when that is looked at next.
    backfill_of: the lobby, while its ticket lives. gave_up_at: when it was cancelled, if it waited then. expires_at:
    when its record is deleted, long after it has ended.
    """

    user_id: UserId
    player_ids: tuple[UserId, ...]
    players: tuple[PoolPlayer, ...]
    criteria: Criteria
    opening: Opening | None = None
    scheduled_by: UserId | None = None
    due_at: Timestamp | None = None
    backfill_of: LobbyId | None = None
    status: TicketStatus = "queued"
    queued_at: Timestamp
    created_at: Timestamp
    match_id: MatchId | None = None
    accept_by: Timestamp | None = None
    lobby_id: LobbyId | None = None
    gave_up_at: Timestamp | None = None
    expires_at: Timestamp


class MatchPlayer(Kept):
    """A player of a match and the ticket that brought them there."""

    user_id: UserId
    ticket_id: TicketId
    role: str | None = None


class Quality(Kept):
    """How good a match is, each figure from 0 to 1."""

    overall: float
    skill: float
    region: float
    language: float
    wait: float


class Blocker(Model):
    """A rule that keeps a ticket waiting, and the share (0 to 1) of the other tickets that it refuses."""

    rule: str
    rejected: float


class RelaxedRule(Model):
    """What a ticket holds to now by one rule. limit: the bound in force, missing where the rule binds no more.

    step: how many steps it has softened.
    """

    rule: str
    step: int
    limit: float | None


Places = tuple[tuple[UserId, ...], ...]
"""The players of a match by place, the winners first: a team shares a place, and so do those who drew."""


class Report(Kept):
    """What one player says of a match's end."""

    user_id: UserId
    places: Places


class MatchResult(Kept):
    """How a match ended: its players by place, the winners first. by: who said so."""

    places: Places
    by: Literal["server", "players"]
    reported_at: Timestamp


class Match(WithEvents):
    """Players who were found for one another. Confirmed once all of `player_ids` are in `accepted`.

    refused_by: who declined or did not answer, if it was cancelled. lobby_id, backfill: in a backfill the lobby that
    the players join and the ticket that asked for them; `teams` then has those who sit there, too.

    The lobby, the seats and the tickets' `matched` are written in the commit that confirms, so a confirmed match
    always has its lobby, which has the match's id. It ends reported, when its result counts.

    reports: what its players say of the result, until `report_by`, when they must agree or else it is disputed.
    """

    game_id: GameId
    mode: ModeName
    region: str | None = None
    teams: tuple[tuple[UserId, ...], ...]
    players: tuple[MatchPlayer, ...]
    player_ids: tuple[UserId, ...]
    min_players: int
    lobby_id: LobbyId | None = None
    backfill: TicketId | None = None
    quality: Quality
    status: MatchStatus = "proposed"
    accepted: tuple[UserId, ...] = ()
    refused_by: tuple[UserId, ...] = ()
    accept_by: Timestamp
    formed_at: Timestamp
    reports: tuple[Report, ...] = ()
    report_by: Timestamp | None = None
    disputed: bool = False
    result: MatchResult | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether its lobby was made, be it over by now or not."""
        return self.status in {"confirmed", "reported"}

    @property
    def match_id(self) -> MatchId:
        """The id, typed."""
        return MatchId(self.id)

    @property
    def ticket_ids(self) -> list[TicketId]:
        """The tickets of the players, each once, and last that of a backfill."""
        joining = list(dict.fromkeys(player.ticket_id for player in self.players))
        return [*joining, self.backfill] if self.backfill else joining

    @property
    def everybody(self) -> set[UserId]:
        """Who plays: the players, and in a backfill also those who sit in the lobby already."""
        return {user for team in self.teams for user in team} | set(self.player_ids)

    @property
    def all_accepted(self) -> bool:
        """Whether nobody is waited for any more."""
        return set(self.player_ids) <= set(self.accepted)


TICKETS = Spec(
    "tickets",
    Ticket,
    unique=(("scheduled_by",), ("backfill_of",)),
    indexes=(
        ("status",),
        ("player_ids", "status"),
        ("user_id", "created_at"),
        ("match_id",),
        ("due_at",),
        ("unpublished_at",),
    ),
    expires="expires_at",
)
KEPT_S = 30 * 86_400.0
"""Tickets, which players make by the dozen, are history for so long."""

MATCHES = Spec(
    "matches",
    Match,
    indexes=(("status", "accept_by"), ("player_ids", "formed_at"), ("report_by",), ("unpublished_at",)),
)


class WaitRange(Model):
    """Between these eight of ten waits lie, in all."""

    from_ms: int
    to_ms: int


class TicketView(Model):
    """A ticket as its players see it.

    partyIds: everybody it is for. poolSize: how many tickets wait in the pool of its first game. relaxationLevel: how
    many steps it has given way. relaxed: what it holds to now. nextRelaxationAt: missing at the last step and once it
    no longer waits. blockers: the share of at most 256 other tickets that each rule refuses, the largest first; empty
    in an ack. estimatedWaitMs: the middle of how long tickets like this one waited of late, in all; missing until there
    were enough of them. matchId, acceptBy: while a match is proposed, which one, and until when it can be accepted.
    """

    id: TicketId
    user_id: UserId
    party_ids: list[UserId]
    criteria: Criteria
    status: TicketStatus
    relaxation_level: int
    waited_ms: int
    pool_size: int
    relaxed: tuple[RelaxedRule, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    next_relaxation_at: Timestamp | None
    estimated_wait_ms: int | None = None
    estimated_wait_range: WaitRange | None = None
    match_id: MatchId | None
    accept_by: Timestamp | None
    lobby_id: LobbyId | None
    created_at: Timestamp


class MatchView(Model):
    """A match as its players see it. disputed: they did not agree on its result in time."""

    id: MatchId
    game_id: GameId
    mode: ModeName
    region: str | None
    teams: tuple[tuple[UserId, ...], ...]
    players: tuple[MatchPlayer, ...]
    quality: Quality
    status: MatchStatus
    lobby_id: LobbyId | None
    formed_at: Timestamp
    disputed: bool
    result: MatchResult | None


def match_view(match: Match) -> MatchView:
    """The match as its players see it."""
    return MatchView(
        **match.model_dump(include=_SHARED_FIELDS),
        id=match.match_id,
        lobby_id=match.lobby_id or LobbyId(match.id) if match.is_confirmed else None,
    )


_SHARED_FIELDS = set(MatchView.model_fields) & set(Match.model_fields) - {"id", "lobby_id"}


def pool_entry(ticket: Ticket) -> PoolEntry:
    """The ticket as it waits in its pools. Whom a lobby has barred, its host meets no more than whom they blocked."""
    players = ticket.players
    if ticket.opening and ticket.opening.barred:
        first, *others = players
        players = (first.model_copy(update={"blocked": (*first.blocked, *ticket.opening.barred)}), *others)
    return PoolEntry(
        ticket_id=TicketId(ticket.id),
        players=players,
        criteria=ticket.criteria,
        queued_at=ticket.queued_at,
        opening=ticket.opening,
    )
