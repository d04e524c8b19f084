"""Large pools are paired in a child process, which is there when needed, and gone with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from domain.games.model import GroupSize, Mode
from domain.matchmaking import tick
from domain.matchmaking.matching import InlineMatcher, MatcherLost
from domain.matchmaking.pool import Change, PoolEntry
from maoga import pairing_process
from maoga.pairing_process import PairingProcess
from tests.support.builders import NOON, a_pool_entry
from tests.support.ticks import CHESS, World
from tests.support.wait import eventually

DUEL = Mode(mode="casual", group_size=GroupSize(min=2, max=2))
PARENT = """
import asyncio
from maoga.pairing_process import PairingProcess
from tests.integration.process.test_pairing_process import CHESS, DUEL, child_of

async def main():
    pairing = PairingProcess()
    await (await pairing.open(CHESS, DUEL)).explain([], __import__("datetime").datetime.now())
    print(child_of(pairing), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
async def pairing() -> AsyncIterator[PairingProcess]:
    """A place for large pools."""
    process = PairingProcess()
    yield process
    await process.close()


def child_of(pairing: PairingProcess) -> int:
    """The pid of the child."""
    assert pairing.pid
    return pairing.pid


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def entries(count: int) -> list[PoolEntry]:
    return [a_pool_entry(rating=1000 + 37 * number % 800, groupSize={"min": 2, "max": 2}) for number in range(count)]


def waiting(some: list[PoolEntry]) -> list[Change]:
    return [Change(entry.ticket_id, entry) for entry in some]


async def test_the_child_answers_as_a_matcher_here_would(pairing: PairingProcess) -> None:
    """Groups, what becomes of those that came to nothing, and explanations; for each of several pools."""
    assert pairing.pid is None, "it starts when it is needed"
    some = entries(101)
    matchers = InlineMatcher(CHESS, DUEL), await pairing.open(CHESS, DUEL), await pairing.open(CHESS, DUEL)
    answers = []
    for matcher in matchers:
        await matcher.apply(waiting(some))
        first = [group async for group in matcher.groups(NOON)]
        await matcher.free(first[0].ticket_ids)
        again = [group async for group in matcher.groups(NOON)]
        await matcher.apply([Change(some[0].ticket_id, None)])
        explained = await matcher.explain([entry.ticket_id for entry in some], NOON)
        answers.append((first, again, explained, await matcher.stretch(NOON)))
    assert len(answers[0][0]) > 30
    assert len(answers[0][1]) == 1
    assert answers[0] == answers[1] == answers[2]


async def test_a_matcher_whose_groups_were_left_behind_is_lost(pairing: PairingProcess) -> None:
    """What the parent did not hear of would wait for ever; another matcher of the same child goes on."""
    matcher, other = await pairing.open(CHESS, DUEL), await pairing.open(CHESS, DUEL)
    await matcher.apply(waiting(entries(100)))
    async with aclosing(matcher.groups(NOON)) as groups:
        await anext(groups)
    with pytest.raises(MatcherLost):
        await anext(matcher.groups(NOON))
    assert await other.explain([], NOON) == {}


async def test_a_child_that_dies_is_replaced(pairing: PairingProcess) -> None:
    matcher = await pairing.open(CHESS, DUEL)
    await matcher.explain([], NOON)
    first = child_of(pairing)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(MatcherLost):
        await matcher.explain([], NOON)
    again = await pairing.open(CHESS, DUEL)
    assert await again.explain([], NOON) == {}
    assert child_of(pairing) != first


@pytest.mark.parametrize("tickets", [0, 3000])
async def test_a_child_that_hangs_is_replaced(
    pairing: PairingProcess, tickets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it does not answer, or does not even take in what it is told."""
    matcher = await pairing.open(CHESS, DUEL)
    await matcher.explain([], NOON)
    first = child_of(pairing)
    monkeypatch.setattr(pairing_process, "ANSWER_LIMIT_S", 0.5)
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(MatcherLost):
        await matcher.apply(waiting(entries(tickets)))
        await matcher.explain([], NOON)
    monkeypatch.undo()
    again = await pairing.open(CHESS, DUEL)
    assert await again.explain([], NOON) == {}
    assert child_of(pairing) != first
    assert not is_running(first)


async def test_the_child_ends_with_its_place(pairing: PairingProcess) -> None:
    """And leaves signals, which mean its whole process group, to its parent."""
    matcher = await pairing.open(CHESS, DUEL)
    await matcher.explain([], NOON)
    pid = child_of(pairing)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, number)
    assert await matcher.explain([], NOON) == {}
    await pairing.close()
    assert not is_running(pid)
    await matcher.close()


async def test_no_child_outlives_its_parent() -> None:
    """Not even one that is killed."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=subprocess.PIPE)
    assert parent.stdout
    child = int(await parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not is_running(child), timeout=10)


async def test_a_pool_that_becomes_large_moves_to_the_child_and_survives_it(pairing: PairingProcess) -> None:
    """Everybody is matched in the end, though the child is killed on the way."""
    world = World(DUEL, open_large=pairing.open)
    world.clock.advance((NOON - world.clock.now()).total_seconds())
    await world.pool.add(*entries(10))
    await world.tick.run()
    assert pairing.pid is None
    await world.pool.add(*entries(tick.LARGE + 100))
    world.on_propose = lambda: os.kill(child_of(pairing), signal.SIGKILL) if len(world.proposed) == 20 else None
    await world.tick.run()
    assert [type(error) for error in world.reported] == [MatcherLost]
    assert len(world.proposed) < 1000
    while await world.tick.run():
        world.clock.advance(10)
    matched = [ticket_id for group in world.proposed for ticket_id in group.ticket_ids]
    assert len(matched) == len(set(matched)) > tick.LARGE
    assert len(world.reported) == 1
