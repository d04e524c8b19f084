"""Fifty people talk in one channel on two instances, one of which is killed: no gap, no double, nothing acked lost."""

import asyncio
import random
from pathlib import Path

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from domain.chat.model import MESSAGES
from maoga.bootstrap import open_core
from maoga.demo.balancer import balancer
from tests.e2e.conftest import Enter, Start
from tests.support.cores import test_settings as settings_in
from tests.support.invariants import audited, everything
from tests.support.services import free_port
from tests.support.wait import eventually

SENDERS = 50
EACH = 40
TWICE = 0.2
"""The share of messages that are sent a second time at once, as an impatient client does."""


async def talk(client: MaogaClient, channel: str, number: int, acked: dict[str, set[int]]) -> None:
    """Says so many things, each until it is acked; some twice at the same moment."""
    for n in range(EACH):
        name = f"s{number}-{n}"
        sends = [_insist(client, channel, name) for _ in range(2 if random.random() < TWICE else 1)]
        acked[name] = set(await asyncio.gather(*sends))
        await asyncio.sleep(random.uniform(0, 0.05))


async def _insist(client: MaogaClient, channel: str, name: str) -> int:
    while True:
        try:
            return (await client.send(channel, name, name))["seq"]
        except MaogaError as error:
            assert error.code in {"DISCONNECTED", "TIMEOUT", "UNAVAILABLE", "UNREACHABLE", "RATE_LIMITED"}, error


def listen(player: MaogaClient, seqs: list[int]) -> None:
    """Notes the places of the messages the player is told, in the order of telling."""
    player.on("message", lambda event: seqs.append(event.data["seq"]))


async def more(acked: dict[str, set[int]], count: int) -> None:
    """Returns when so many more are acked."""
    wanted = len(acked) + count
    await eventually(lambda: len(acked) >= wanted, timeout=60)


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_fifty_senders_and_a_kill_leave_no_gap(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    servers = [start(**shared, MAOGA_PORT=str(port), MAOGA_RATE_LIMIT_SCALE="0") for port in ports]
    async with balancer([("127.0.0.1", port) for port in ports]) as entrance:
        players = [await enter(f"http://127.0.0.1:{entrance}") for _ in range(SENDERS)]
        owner, *others = players
        for player in others:
            await player.call("social", "set_privacy", {"directMessages": "everyone"})
        wish = {"name": "Crowd", "userIds": [player.user_id for player in others]}
        channel = (await owner.call("chat", "create_group", wish))["id"]  # type: ignore[call-overload]
        heard: dict[str, list[int]] = {player.user_id: [] for player in players}
        for player in players:
            listen(player, heard[player.user_id])
        acked: dict[str, set[int]] = {}
        async with asyncio.TaskGroup() as tasks:
            for number, player in enumerate(players):
                tasks.create_task(talk(player, channel, number, acked))
            for _ in range(3):
                await more(acked, 200)
                victim = random.choice(servers)
                victim.kill()
                victim.start()
        everybody = list(range(1, SENDERS * EACH + 1))
        await eventually(lambda: all(seqs == everybody for seqs in heard.values()), timeout=60)

    settings = settings_in(tmp_path, database_url=shared["MAOGA_DATABASE_URL"], redis_url=shared["MAOGA_REDIS_URL"])
    assert await audited(settings) == []
    async with open_core(settings) as core:
        stored = {message.client_message_id: message.seq for message in await everything(core.database, MESSAGES)}
    assert {name: {seq} for name, seq in stored.items()} == acked
