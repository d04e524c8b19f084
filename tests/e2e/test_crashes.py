"""`kill -9` between two steps of the main job: nobody is lost and nobody is booked twice."""

import asyncio
from typing import Any

import pytest

from tests.e2e.conftest import DUEL, Enter, Start, a_guest, accept_all
from tests.support.wait import eventually


@pytest.mark.parametrize("point", ["claimed", "proposed"])
async def test_a_worker_dies_between_claim_and_lobby(
    start: Start, enter: Enter, shared: dict[str, str], point: str
) -> None:
    gateway = start(**shared, MAOGA_ROLE="gateway")
    doomed = start(**shared, MAOGA_ROLE="worker", MAOGA_FAULT_POINT=point)
    players = [await enter(gateway.url) for _ in range(2)]
    for player in players:
        await player.enqueue(DUEL)
    await eventually(lambda: doomed.process.poll() is not None, timeout=10)
    start(**shared, MAOGA_ROLE="worker")
    await accept_all(*players, timeout=25)


@pytest.mark.parametrize("point", ["enqueued", "accepted"])
async def test_a_gateway_dies_in_the_middle_of_an_event(
    start: Start, enter: Enter, shared: dict[str, str], point: str
) -> None:
    """The player comes back on the other instance; what the document says goes on."""
    steady = start(**shared, MAOGA_MATCH_ACCEPT_S="4")
    doomed = start(**shared, MAOGA_ROLE="gateway", MAOGA_FAULT_POINT=point)
    session = await a_guest(steady.url)
    ann, bob = await enter(doomed.url, session), await enter(steady.url)
    if point == "accepted":
        for player in (ann, bob):
            await player.enqueue(DUEL)
        match_id = (await ann.wait_for("match_proposed")).data["match"]["id"]
        await bob.accept(match_id)
        last_words: asyncio.Task[Any] = asyncio.create_task(ann.accept(match_id))
    else:
        last_words = asyncio.create_task(ann.enqueue(DUEL))
    await eventually(lambda: doomed.process.poll() is not None, timeout=10)
    last_words.cancel()
    ann = await enter(steady.url, session)
    if point == "accepted":
        await bob.wait_for("match_confirmed", timeout=15)
        assert {ann.user_id, bob.user_id} == {member["userId"] for member in (await ann.sync())["members"]}
    else:
        await bob.enqueue(DUEL)
        await accept_all(ann, bob, timeout=25)
