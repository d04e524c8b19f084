"""Two worker processes on many tickets: everybody gets one match, nobody two."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from domain.matchmaking.model import MATCHES
from tests.e2e.conftest import Start
from tests.support.builders import criteria
from tests.support.connections import NOBODY, connect
from tests.support.cores import a_core, players
from tests.support.invariants import broken_invariants, everything
from tests.support.wait import eventually

DUELS = [criteria(game, "casual", groupSize={"min": 2, "max": 2}) for game in ("rocket-league", "valorant")]


@pytest.mark.parametrize("tickets", [400, pytest.param(1000, marks=pytest.mark.long)])
async def test_of_so_many_tickets_every_two_are_one_match(
    start: Start, shared: dict[str, str], tmp_path: Path, tickets: int
) -> None:
    urls: dict[str, Any] = {"database_url": shared["MAOGA_DATABASE_URL"], "redis_url": shared["MAOGA_REDIS_URL"]}
    async with a_core(tmp_path, **urls) as core:
        users = await players(core, tickets)
        await connect(core.presence, users)
        heart = asyncio.create_task(_beat(core.presence))
        for place in range(0, tickets, 40):
            batch = users[place : place + 40]
            await asyncio.gather(*(core.matchmaking.enqueue(u, DUELS[n % 2]) for n, u in enumerate(batch)))
        workers = {"MAOGA_ROLE": "worker", "MAOGA_MATCH_ACCEPT_S": "300"}
        for instance in ("w1", "w2"):
            start(**shared, **workers, MAOGA_INSTANCE=instance)

        async def all_matched() -> bool:
            return await core.database.collection(MATCHES).count({"status": "proposed"}) == tickets // 2

        await eventually(all_matched, timeout=60)
        matches = await everything(core.database, MATCHES)
        assert sorted(users) == sorted(user for match in matches for user in match.player_ids)
        assert await broken_invariants(core.database) == []
        heart.cancel()


async def _beat(presence: Any) -> None:
    """Keeps the players connected, as a gateway does."""
    while True:
        await presence.beat(NOBODY)
        await asyncio.sleep(2)
