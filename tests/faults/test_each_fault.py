"""One fault at a time, ten seconds long, while people talk: they go on by themselves, and nothing acked is lost.

docs/reliability.md has a table of what this measures: `pytest -m long -s tests/faults/test_each_fault.py`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from clients.python.types import Criteria
from maoga.demo.balancer import balancer
from tests.e2e.conftest import DUEL, Enter, a_guest, meet
from tests.faults import faults
from tests.faults.faults import World
from tests.faults.talkers import Talker, gather
from tests.support.invariants import audited
from tests.support.wait import eventually

TALKERS = 8
RECOVERED_WITHIN_S = 10.0
PATIENCE_S = 60.0
"""A machine that runs tests is slow, not wrong: what takes longer than `RECOVERED_WITHIN_S` is printed, and fails."""

TRIO: Criteria = {**DUEL, "groupSize": {"min": 3, "max": 3}}
"""A search that finds nobody."""

Fault = Callable[[World], Awaitable[None]]


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", faults.ALL, ids=lambda fault: fault.__name__)
async def test_players_go_on_by_themselves_and_nothing_acked_is_lost(
    fault: Fault, enter: Enter, tmp_path: Path
) -> None:
    async with faults.a_world(tmp_path, replicated=fault is faults.primary_steps_down) as world:
        ports = [("127.0.0.1", world.port_of(instance)) for instance in world.instances]
        async with balancer(ports) as entrance:
            url = f"http://127.0.0.1:{entrance}"
            sessions = [await a_guest(url) for _ in range(TALKERS)]
            world.token = sessions[-1].access_token
            players = [await enter(url, session) for session in sessions]
            world.talkers = talkers = await gather(players)
            ann, bob, waiting, *_ = players
            lobby = await meet(ann, bob)
            ticket = await waiting.enqueue(TRIO)
            over = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                for talker in talkers:
                    tasks.create_task(talker.talk(over))
                await asyncio.sleep(2)
                await fault(world)
                ended = time.monotonic()
                await eventually(lambda: all(talker.served_since(ended) for talker in talkers), timeout=PATIENCE_S)
                over.set()
            recovered_s = max(talker.served_since(ended) for talker in talkers)
            longest_s = max(talker.longest_s for talker in talkers)

            await _everybody_heard_everything(talkers)
            still = await waiting.status()
            assert still is not None
            assert (still["id"], still["status"]) == (ticket["id"], "queued")
            assert [(await one.sync())["id"] for one in (ann, bob)] == [lobby["id"]] * 2
            await meet(*players[3:5])
            assert await audited(world.settings) == []
        await world.stop()
    acked = sum(len(talker.acked) for talker in talkers)
    waits = f"served after {recovered_s:.1f} s, longest wait {longest_s:.1f} s"
    print(f"\n{fault.__name__}: {waits}, {acked} messages acked")  # noqa: T201
    assert recovered_s < RECOVERED_WITHIN_S


async def _everybody_heard_everything(talkers: list[Talker]) -> None:
    """Each once and in order: what was acked, and what was stored although its sender was not told so."""
    acked = {name: seq for talker in talkers for name, seq in talker.acked.items()}
    last = max(acked.values())
    assert len(set(acked.values())) == len(acked)
    await eventually(lambda: all(talker.heard[-1:] == [last] for talker in talkers), timeout=PATIENCE_S)
    for talker in talkers:
        assert talker.heard == list(range(1, last + 1))
