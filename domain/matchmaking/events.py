"""What a player is told of their ticket and their match, on the stream `matchmaking:user:<id>`."""

from typing import ClassVar, Literal

from domain.core.events import Event
from domain.core.ids import LobbyId, MatchId, TicketId, UserId
from domain.core.model import Model, Timestamp
from domain.matchmaking.model import CancelReason, MatchView, TicketView
from domain.users.model import Rating


class TicketUpdated(Event, TicketView):
    """The ticket as it is now; on every change, and at least every 5 s while it waits."""

    wire_name: ClassVar[str] = "ticket_updated"
    durable: ClassVar[bool] = False


class TicketExpired(Event):
    """The ticket waited too long and was taken out of the pools."""

    wire_name: ClassVar[str] = "ticket_expired"

    ticket_id: TicketId


class TicketCancelled(Event):
    """The server took the ticket out of the pools: none of its games can be played in its mode any more."""

    wire_name: ClassVar[str] = "ticket_cancelled"

    ticket_id: TicketId
    reason: Literal["mode_disabled"]


class MatchProposed(Event):
    """A match was found: accept it until `acceptBy`."""

    wire_name: ClassVar[str] = "match_proposed"

    match: MatchView
    accept_by: Timestamp


class MatchAccepted(Event):
    """A player of the match accepted it: `accepted` of `needed` have."""

    wire_name: ClassVar[str] = "match_accepted"

    match_id: MatchId
    user_id: UserId
    accepted: int
    needed: int


class MatchConfirmed(Event):
    """Everyone accepted, and the lobby stands."""

    wire_name: ClassVar[str] = "match_confirmed"

    match: MatchView
    lobby_id: LobbyId


class MatchCancelled(Event):
    """The match is off. `requeued` says whether this player's ticket waits again, with its old waiting time.

    cooldownUntil: for who declined, did not answer or was gone, until when they cannot search again; missing when it
    costs nothing yet.
    """

    wire_name: ClassVar[str] = "match_cancelled"

    match_id: MatchId
    reason: CancelReason
    requeued: bool
    cooldown_until: Timestamp | None = None


class RatingStep(Model):
    """A player's rating in the game and mode of a match, before and after it."""

    before: Rating
    after: Rating


class MatchReported(Event):
    """The match has a result, or its players did not agree on one (`match.disputed`).

    `ratings` is the player's own, missing where the mode is not rated or there is no result.
    """

    wire_name: ClassVar[str] = "match_result"

    match: MatchView
    ratings: RatingStep | None = None
