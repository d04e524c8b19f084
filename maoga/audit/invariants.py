"""What holds in a living system: section 3 of the design, rule by rule."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from domain.chat.model import CHANNELS
from domain.core.clock import Clock
from domain.core.collection import Database, Spec
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS
from domain.matchmaking.model import MATCHES, TICKETS
from domain.matchmaking.pool import TicketPool
from domain.parties.model import PARTIES, PARTY_SEATS
from domain.social.model import BLOCKS, FRIENDSHIPS
from maoga.audit import places, relations, searches, talk
from maoga.audit.chores import chores
from maoga.audit.inspection import Among, Invariant, Wrong, about

LIVING_TICKETS: Sequence[Among] = [({"status": status}, "id") for status in ("queued", "proposed", "scheduled")]
ENDED_TICKETS: Sequence[Among] = [({key: {"$exists": True}}, "id") for key in ("due_at", "scheduled_by", "backfill_of")]
"""Those that have ended have none of these."""

OPEN_LOBBIES: Sequence[Among] = [
    ({"status": status}, "idle_at") for status in ("forming", "ready", "countdown", "active")
]
CLOSED_LOBBIES: Sequence[Among] = [({key: {"$exists": True}}, "id") for key in ("join_code", "listed", "ready_by")]
"""Those that are closed have none of these."""

RECENT = timedelta(hours=1)
"""Of matches that were confirmed, those of so long are looked at: the others have been by now."""


def invariants(database: Database, pool: TicketPool | None, clock: Clock) -> list[Invariant[Any]]:
    """All rules. pool: None where its tickets are in another process; then they are not looked at."""

    def rule(
        name: str,
        said: str,
        spec: Spec[Any],
        wrong: Callable[[Database, Sequence[Any]], Awaitable[Wrong]],
        *among: Among | Callable[[], Among],
    ) -> Invariant[Any]:
        return about(name, said, database.collection(spec), partial(wrong, database), *among)

    def confirmed() -> Among:
        return {"status": "confirmed", "accept_by": {"$gt": clock.now() - RECENT}}, "accept_by"

    return [
        rule("seats", "A player is in one ticket or one lobby, which knows them.", SEATS, places.wrong_seats),
        rule(
            "tickets",
            "A ticket that waits has its players' seats; a proposed one its match; an ended one neither.",
            TICKETS,
            searches.wrong_tickets,
            *LIVING_TICKETS,
            *ENDED_TICKETS,
        ),
        rule(
            "matches",
            "A proposed match has its tickets, which are in no other; a confirmed one has its lobby.",
            MATCHES,
            searches.wrong_matches,
            ({"status": "proposed"}, "accept_by"),
            confirmed,
        ),
        rule(
            "lobbies",
            "The people of an open lobby have their seats there; a closed one is not found.",
            LOBBIES,
            places.wrong_lobbies,
            *OPEN_LOBBIES,
            *CLOSED_LOBBIES,
        ),
        rule(
            "lobby channels",
            "The people of an open lobby, and they alone, are in its channel.",
            LOBBIES,
            places.wrong_lobby_channels,
            *OPEN_LOBBIES,
        ),
        rule(
            "spectators",
            "Who watches a lobby is among its spectators.",
            SPECTATOR_SEATS,
            places.wrong_spectators,
        ),
        rule("parties", "A player is in one party, which has a leader.", PARTIES, places.wrong_parties),
        rule("party seats", "Who has a seat in a party is a member.", PARTY_SEATS, places.wrong_party_seats),
        rule("orphans", "The channel of a lobby ends with it.", CHANNELS, places.wrong_orphans),
        rule("messages", "The messages of a channel have no gap.", CHANNELS, talk.wrong_messages),
        rule("read markers", "Nobody has read what was not said.", CHANNELS, talk.wrong_markers),
        rule("blocks", "A block ends what was between two players.", BLOCKS, relations.wrong_blocks),
        rule("friendships", "A friendship is of its two players.", FRIENDSHIPS, relations.wrong_friendships),
        *chores(database, clock),
        *(_of_pool(database, pool, clock) if pool else ()),
    ]


def _of_pool(database: Database, pool: TicketPool, clock: Clock) -> Sequence[Invariant[Any]]:
    said = "The pool knows every ticket that waits."
    tickets = database.collection(TICKETS)
    return (
        about("pool", said, tickets, partial(searches.wrong_forgotten, pool), ({"status": "queued"}, "id")),
        searches.strays(database, pool),
        searches.claims(pool, clock),
    )
