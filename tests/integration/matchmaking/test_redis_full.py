"""A Redis without memory costs time, and nobody their place."""

import asyncio
from pathlib import Path

from domain.core.errors import Unavailable
from domain.core.ids import TicketId, UserId
from domain.lobbies.model import LobbyView
from domain.matchmaking.commands import AnswerMatch
from domain.matchmaking.model import MATCHES, TICKETS
from maoga.bootstrap import Core
from maoga.process import Process
from tests.integration.matchmaking.test_main_job import DUEL
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.services import redis_server
from tests.support.wait import eventually


async def enqueued(core: Core, user: UserId) -> TicketId:
    """The ticket the user has after an enqueue, whatever was answered."""
    try:
        return (await core.matchmaking.enqueue(user, DUEL)).id
    except Unavailable:
        seat = await core.lobbies.seat_of(user)
        assert seat is not None
        assert seat.ticket_id is not None
        return seat.ticket_id


async def met(core: Core, users: list[UserId]) -> LobbyView:
    """The lobby of two players after their ready check."""
    (match,) = await eventually(lambda: everything(core.database, MATCHES))
    for user in users:
        await core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id))
    return await core.lobbies.sync(users[0])


async def test_who_enqueues_while_redis_is_full_is_matched_when_it_has_memory_again(tmp_path: Path) -> None:
    """Meanwhile the worker's loops wait and go on; then the refill brings the tickets into the pool."""
    with redis_server() as server:
        async with a_core(tmp_path, redis_url=server.url, redis_timeout_s=0.3) as core:
            process = Process()
            ended = asyncio.create_task(process.run())
            one, two = await players(core, 2)
            await core.redis.config_set("maxmemory", "1")
            core.worker.start(process)
            tickets = [await enqueued(core, user) for user in (one, two)]
            assert tickets == await core.pool.unknown(tickets)
            assert await broken_invariants(core.database) == []
            await core.redis.config_set("maxmemory", "0")
            await core.recovery.refill_pool()
            assert {one, two} == {member.user_id for member in (await met(core, [one, two])).members}
            assert {"matched"} == {ticket.status for ticket in await everything(core.database, TICKETS)}
            assert not ended.done(), "an essential loop died"
            await process.cancel()
            process.stop()
            assert await ended == 0
