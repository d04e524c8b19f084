"""What cannot be mended, or has ended, keeps nothing and nobody else waiting."""

from pathlib import Path

import pytest

from domain.core.clock import seconds
from domain.core.errors import Unavailable
from domain.core.events import user_stream
from domain.core.ids import TicketId
from domain.core.streams import Delivery, Receiver
from domain.games.games import TTL_S
from domain.games.model import GAMES
from domain.lobbies.model import LOBBIES, SEATS
from domain.matchmaking.commands import AnswerMatch, CancelTicket
from domain.matchmaking.grace import SURE_AFTER_S
from domain.matchmaking.model import MATCHES, TICKETS, pool_entry
from domain.matchmaking.recovery import OVERDUE_S
from domain.matchmaking.served import UPDATE_EVERY_S
from maoga.bootstrap import Core
from storage.redis.tickets import ENTRIES
from tests.integration.matchmaking.test_main_job import DUEL, proposed
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants

OTHER_DUELS = [criteria(game, groupSize={"min": 2, "max": 2}) for game in ("apex", "valorant")]


async def status_of(core: Core, ticket_id: TicketId) -> str:
    """The status of a ticket, from its document."""
    ticket = await core.database.collection(TICKETS).get(ticket_id)
    assert ticket is not None
    return ticket.status


async def test_a_lobby_that_cannot_be_closed_keeps_the_sweep_from_nothing_else(core: Core, clock: ManualClock) -> None:
    """A member's seat is missing, so no commit that closes the lobby can succeed; it is overdue for ever."""
    users = await players(core, 7)
    matches = []
    for pair in (users[0:2], users[2:4]):
        matches.append(match := await proposed(core, pair))
        for user in pair:
            await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    await core.database.collection(SEATS).delete(users[0])
    clock.advance(core.settings.lobby_idle_s)
    late = await proposed(core, users[4:6])
    waiting = await core.matchmaking.enqueue(users[6], DUEL)
    clock.advance(core.settings.match_accept_s + OVERDUE_S + 1)

    await core.recovery.sweep()
    clock.advance(SURE_AFTER_S)
    await core.recovery.sweep()

    lobbies = await core.database.collection(LOBBIES).get_many([match.id for match in matches])
    assert [lobbies[match.id].status for match in matches] == ["forming", "closed"]
    cancelled = await core.database.collection(MATCHES).get(late.id)
    assert cancelled is not None
    assert cancelled.status == "cancelled"
    gone = await core.database.collection(SEATS).get(users[6])
    assert gone is not None
    assert (gone.ticket_id, gone.grace_until) == (waiting.id, clock.now() + seconds(core.settings.grace_s))


async def test_a_pool_that_cannot_be_read_stops_no_other_pool(
    tmp_path: Path, clock: ManualClock, redis_url: str
) -> None:
    """Its one entry is of a shape this version does not know."""
    async with a_core(tmp_path, clock, redis_url=redis_url) as core:
        users = await players(core, 5)
        unread = await core.matchmaking.enqueue(users[0], DUEL)
        await core.redis.hset(ENTRIES, unread.id, b'{"version": 99}')
        for user, wanted in zip(users[1:], [*OTHER_DUELS, *OTHER_DUELS], strict=True):
            await core.matchmaking.enqueue(user, wanted)

        assert await core.tick.run() == 2
        assert await status_of(core, unread.id) == "queued"
        assert await broken_invariants(core.database) == []


class Ear(Receiver):
    """Notes what the clients of this process would be handed."""

    def __init__(self) -> None:
        self.heard: list[Delivery] = []

    def deliver(self, delivery: Delivery) -> None:
        self.heard.append(delivery)

    def interrupted(self) -> None:
        raise AssertionError("there is nothing to interrupt")

    def resumed(self) -> None:
        raise AssertionError("there was no interruption")


async def test_an_ended_ticket_in_a_pool_is_forgotten_and_shown_to_nobody(core: Core, clock: ManualClock) -> None:
    """As a worker leaves it that dies between ending a ticket and taking it out of the pool."""
    gone, waits = await players(core, 2)
    ended = await core.matchmaking.enqueue(gone, DUEL)
    await core.matchmaking.cancel(gone, CancelTicket(ticket_id=ended.id))
    ticket = await core.database.collection(TICKETS).get(ended.id)
    assert ticket is not None
    await core.pool.add(pool_entry(ticket))
    living = await core.matchmaking.enqueue(waits, criteria("valorant"))
    await core.tick.run()
    clock.advance(UPDATE_EVERY_S)
    ear = Ear()
    core.publisher.attach(ear)
    await core.tick.run()
    shown = [delivery.stream for delivery in ear.heard if b'"ticket_updated"' in delivery.packet]
    assert [user_stream("matchmaking", waits)] == shown
    assert [ended.id] == await core.pool.unknown([ended.id, living.id])


async def test_tickets_for_a_game_that_was_taken_out_of_the_catalogue_are_cancelled(
    core: Core, clock: ManualClock
) -> None:
    (user,) = await players(core, 1)
    ticket = await core.matchmaking.enqueue(user, DUEL)
    await core.database.collection(GAMES).delete("rocket-league")
    clock.advance(TTL_S)
    await core.tick.run()
    assert await status_of(core, ticket.id) == "cancelled"
    assert [ticket.id] == await core.pool.unknown([ticket.id])
    assert await core.pool.pools() == []
    assert await broken_invariants(core.database) == []


async def test_a_database_that_is_away_stops_the_tick_and_is_no_failure_of_a_pool(
    tmp_path: Path, mongodb_url: str, redis_url: str
) -> None:
    """The tick says `Unavailable`, which its loop waits for; a report would be a traceback for every pool."""
    async with a_core(tmp_path, database_url=mongodb_url, redis_url=redis_url) as core:
        for user in await players(core, 4):
            await core.matchmaking.enqueue(user, DUEL)
        await core.database.close()
        with pytest.raises(Unavailable):
            await core.tick.run()
