"""Recovery: what crashes, and the loss of Redis, leave half done. Every step is idempotent and may run anywhere.

Documents are the truth. Each sweep asks them what should be, and makes the index and the events agree.
"""

from collections.abc import Awaitable

from domain.chat.channels import Channels
from domain.chat.media import MEDIA
from domain.chat.model import MARKERS, MESSAGES
from domain.core.clock import Clock, seconds
from domain.core.collection import After, Database
from domain.core.events import Outbox
from domain.core.ids import TicketId, UserId
from domain.core.isolation import Report, isolated
from domain.lobbies.audience import Audience
from domain.lobbies.invites import INVITES
from domain.lobbies.model import LOBBIES, SEATS
from domain.lobbies.upkeep import LobbyUpkeep
from domain.matchmaking.backfills import Backfills
from domain.matchmaking.grace import Grace
from domain.matchmaking.model import MATCHES, TICKETS, Ticket, pool_entry
from domain.matchmaking.pool import TicketPool
from domain.matchmaking.proposals import Proposals
from domain.matchmaking.results import Results
from domain.matchmaking.schedule import Schedule
from domain.notifications.model import NOTIFICATIONS
from domain.parties.model import PARTIES, PARTY_SEATS
from domain.social.model import FRIENDSHIPS

CLAIM_MAX_S = 5.0
"""A claim older than this has no worker behind it any more."""

OVERDUE_S = 2.0
"""A deadline this long past was lost by the index."""

PAGE = 500


class Recovery:
    """The sweeps."""

    def __init__(
        self,
        *,
        database: Database,
        pool: TicketPool,
        proposals: Proposals,
        results: Results,
        upkeep: LobbyUpkeep,
        audience: Audience,
        channels: Channels,
        grace: Grace,
        schedule: Schedule,
        backfills: Backfills,
        outbox: Outbox,
        clock: Clock,
        report: Report,
    ) -> None:
        self._pool, self._proposals, self._results = pool, proposals, results
        self._upkeep, self._audience, self._grace = upkeep, audience, grace
        self._channels = channels
        self._schedule, self._backfills = schedule, backfills
        self._outbox, self._clock, self._report = outbox, clock, report
        self._tickets = database.collection(TICKETS)
        self._matches = database.collection(MATCHES)
        self._seats = database.collection(SEATS)
        self._party_seats = database.collection(PARTY_SEATS)

    async def sweep(self) -> None:
        """One pass over everything but the pool. What cannot be mended is reported and keeps nothing else waiting."""
        await self._outbox.sweep(MATCHES, self._report)
        await self._outbox.sweep(LOBBIES, self._report)
        await self._outbox.sweep(INVITES, self._report)
        await self._outbox.sweep(TICKETS, self._report)
        await self._outbox.sweep(PARTIES, self._report)
        await self._outbox.sweep(NOTIFICATIONS, self._report)
        await self._outbox.sweep(FRIENDSHIPS, self._report)
        await self._outbox.sweep(MESSAGES, self._report)
        await self._outbox.sweep(MARKERS, self._report)
        await self._outbox.sweep(MEDIA, self._report)
        await self._channels.sweep(self._report)
        await self.stale_claims()
        await self.overdue()
        await self._isolated("backfills", self._backfills.reconcile(self._report))
        await self._isolated("spectators", self._audience.reconcile(self._report))
        await self._isolated("reconciling presence", self._grace.reconcile())

    async def stale_claims(self) -> None:
        """Claims whose worker died, or did not reach Redis, come to their end."""
        for claim in await self._pool.claims(self._clock.now() - seconds(CLAIM_MAX_S)):
            await self._isolated(f"claim {claim.match_id}", self._proposals.end_claim(claim.match_id, claim.ticket_ids))

    async def overdue(self) -> None:
        """Acts on the deadlines in the documents that the index has missed."""
        before = self._clock.now() - seconds(OVERDUE_S)
        proposed = {"status": "proposed", "accept_by": {"$lt": before}}
        for match in await self._matches.find(proposed, limit=PAGE):
            await self._isolated(f"match {match.id}", self._proposals.elapse(match.match_id))
        for match in await self._matches.find({"report_by": {"$lt": before}}, limit=PAGE):
            await self._isolated(f"result of match {match.id}", self._results.elapse(match.match_id))
        for ticket in await self._tickets.find({"due_at": {"$lt": before}}, limit=PAGE):
            await self._isolated(f"ticket {ticket.id}", self._schedule.elapse(TicketId(ticket.id)))
        for lobby in await self._upkeep.overdue(before, PAGE):
            await self._isolated(f"lobby {lobby.id}", self._upkeep.elapse(lobby))
        away = {"grace_until": {"$lt": before}}
        seats = [*await self._seats.find(away, limit=PAGE), *await self._party_seats.find(away, limit=PAGE)]
        for user in dict.fromkeys(seat.id for seat in seats):
            await self._isolated(f"seat {user}", self._grace.elapse(UserId(user)))

    async def refill_pool(self) -> None:
        """Puts waiting tickets that the pool does not know back into it (after a loss of Redis, or a crash)."""
        after: After | None = None
        while True:
            page: list[Ticket] = await self._tickets.find({"status": "queued"}, sort="id", limit=PAGE, after=after)
            for ticket_id in await self._pool.unknown([TicketId(ticket.id) for ticket in page]):
                ticket = await self._tickets.get(ticket_id)
                if ticket is not None and ticket.status == "queued":  # it may have moved on since the page was read
                    await self._pool.add(pool_entry(ticket))
            if len(page) < PAGE:
                return
            after = (page[-1].id, page[-1].id)

    async def _isolated(self, what: str, work: Awaitable[object]) -> None:
        await isolated(self._report, what, work)
