"""The ready check over real sockets, its players on two instances: accepts, declines, silence, and what they cost."""

import asyncio
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from tests.e2e.conftest import DUEL, Enter, Start, accept_all
from tests.support.server import MaogaServer

COOLDOWN_S = 600
OUTCOMES = ("proposed", "declined", "timeout", "confirmed")


async def proposal(*players: MaogaClient) -> str:
    """The id of the match that is proposed to all of them."""
    (match_id,) = {(await player.wait_for("match_proposed", timeout=20)).data["match"]["id"] for player in players}
    return match_id


async def cancelled(player: MaogaClient, match_id: str) -> dict[str, Any]:
    """What the player is told of the end of the match."""
    event = await player.wait_for("match_cancelled", lambda data: data["matchId"] == match_id, timeout=20)
    return dict(event.data)


async def assert_on_cooldown(player: MaogaClient, told: dict[str, Any]) -> None:
    until = datetime.fromisoformat(told["cooldownUntil"])
    now = datetime.now(UTC)
    assert now < until < now + timedelta(seconds=COOLDOWN_S + 60)
    with pytest.raises(MaogaError, match="COOLDOWN") as refused:
        await player.enqueue(DUEL)
    assert 0 < refused.value.details["retryInMs"] <= COOLDOWN_S * 1000
    assert await player.status() is None


def counted(*servers: MaogaServer) -> Counter[str]:
    """What the servers' metrics say, by series, added up."""
    figures = Counter[str]()
    for server in servers:
        with urllib.request.urlopen(server.metrics_url, timeout=20) as response:
            for line in response.read().decode().splitlines():
                series, _, value = line.rpartition(" ")
                if not line.startswith("#"):
                    figures[series] += float(value)  # type: ignore[assignment]
    return figures


async def test_refusers_pay_and_the_innocent_wait_on_with_their_waiting_time(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    quick = shared | {"MAOGA_MATCH_ACCEPT_S": "4", "MAOGA_MATCH_COOLDOWN_S": str(COOLDOWN_S)}
    a, b = start(**quick), start(**quick)
    ann, bob, eve, zoe = [await enter(url) for url in (a.url, b.url, b.url, a.url)]

    first = await ann.enqueue(DUEL)
    await bob.enqueue(DUEL)
    match_id = await proposal(ann, bob)
    await bob.decline(match_id)
    told = await cancelled(ann, match_id)
    assert told == {"matchId": match_id, "reason": "declined", "requeued": True}
    told = await cancelled(bob, match_id)
    assert (told["reason"], told["requeued"]) == ("declined", False)
    await assert_on_cooldown(bob, told)

    await eve.enqueue(DUEL)
    match_id = await proposal(ann, eve)
    await ann.accept(match_id)
    progress = (await eve.wait_for("match_accepted")).data
    assert (progress["userId"], progress["accepted"], progress["needed"]) == (ann.user_id, 1, 2)
    assert (await cancelled(ann, match_id))["requeued"]
    told = await cancelled(eve, match_id)
    assert (told["reason"], told["requeued"]) == ("timeout", False)
    await assert_on_cooldown(eve, told)

    waiting = await ann.status()
    assert waiting is not None
    assert (waiting["id"], waiting["createdAt"]) == (first["id"], first["createdAt"])
    assert waiting["waitedMs"] >= 4000
    await zoe.enqueue(DUEL)
    assert len((await accept_all(ann, zoe))["members"]) == 2

    figures = await asyncio.to_thread(counted, a, b)
    outcomes = {outcome: figures[f'maoga_matches_total{{outcome="{outcome}"}}'] for outcome in OUTCOMES}
    assert outcomes == {"proposed": 3, "declined": 1, "timeout": 1, "confirmed": 1}
    assert figures["maoga_match_wait_seconds_count"] == 6
    assert figures["maoga_match_wait_seconds_sum"] >= 4
    (pool,) = (series for series in figures if series.startswith("maoga_pool_tickets{"))
    assert figures[pool.replace("pool_tickets", "tick_seconds_count")] > 3


async def test_a_block_made_on_one_instance_keeps_the_two_apart_until_it_is_taken_back(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann, bob = await enter(a.url), await enter(b.url)
    await ann.enqueue(DUEL)
    block = await ann.call("social", "block", {"userId": bob.user_id})
    assert block["userId"] == bob.user_id
    await bob.enqueue(DUEL)
    with pytest.raises(TimeoutError):
        await bob.wait_for("match_proposed", timeout=1.5)
    await ann.call("social", "unblock", {"userId": bob.user_id})
    assert len((await accept_all(ann, bob))["members"]) == 2
