"""Random life in lobbies, groups and among friends while instances die: afterwards everybody sees how things stand."""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.python.errors import MaogaError
from domain.chat.model import MESSAGES
from domain.core.collection import Database
from maoga.bootstrap import open_core
from maoga.demo.balancer import balancer
from tests.e2e.conftest import Enter, Start
from tests.faults.neighbours import Neighbour
from tests.support.cores import test_settings as settings_in
from tests.support.invariants import audited, everything
from tests.support.services import free_port
from tests.support.wait import eventually

HASTE = {"MAOGA_GRACE_S": "3", "MAOGA_LOBBY_COUNTDOWN_S": "0.5", "MAOGA_RATE_LIMIT_SCALE": "20"}


@dataclass(frozen=True)
class Scale:
    """How many people live for how long, and how often an instance dies meanwhile."""

    people: int
    kills: int
    pause_s: float


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "scale",
    [
        pytest.param(Scale(people=10, kills=1, pause_s=3), id="short"),
        pytest.param(Scale(people=40, kills=15, pause_s=5), id="long", marks=pytest.mark.long),
    ],
)
async def test_after_every_fault_all_see_how_things_stand(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path, scale: Scale
) -> None:
    ports = [free_port(), free_port()]
    servers = [start(**shared, **HASTE, MAOGA_PORT=str(port)) for port in ports]
    async with balancer([("127.0.0.1", port) for port in ports]) as entrance:
        people = await _settle([await enter(f"http://127.0.0.1:{entrance}") for _ in range(scale.people)])
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for one in people:
                tasks.create_task(one.live(over))
            for _ in range(scale.kills):
                await asyncio.sleep(scale.pause_s)
                victim = random.choice(servers)
                victim.kill()
                victim.start()
            await asyncio.sleep(scale.pause_s)
            over.set()
        settings = settings_in(tmp_path, database_url=shared["MAOGA_DATABASE_URL"], redis_url=shared["MAOGA_REDIS_URL"])
        assert await audited(settings) == []
        async with open_core(settings) as core:
            await _acked_messages_stand_in_their_places(core.database, people)
        await eventually(lambda: _all_see_their_lobbies(people), timeout=20)
    done = sum((one.done for one in people), Counter[str]())
    print(f"{scale.kills} kills: {dict(done)}; told: {dict(sum((one.told for one in people), Counter[str]()))}")  # noqa: T201
    assert min(done[doing] for doing in ("_find_a_lobby", "_get_ready", "_talk", "_befriend", "_lead")) > 0


async def _settle(clients: list) -> list[Neighbour]:  # type: ignore[type-arg]
    """Puts everybody into one group, whose first is its owner."""
    owner, *others = clients
    for client in others:
        await client.call("social", "set_privacy", {"directMessages": "everyone"})
    ids = [client.user_id for client in clients]
    group = (await owner.call("chat", "create_group", {"name": "Neighbours", "userIds": ids[1:]}))["id"]
    people = [Neighbour(client, number, group) for number, client in enumerate(clients)]
    for one in people:
        one.others = [id for id in ids if id != one.client.user_id]
    return people


async def _acked_messages_stand_in_their_places(database: Database, people: list[Neighbour]) -> None:
    stored: dict[str, dict[str, int]] = defaultdict(dict)
    for message in await everything(database, MESSAGES):
        stored[message.channel_id][message.client_message_id or message.id] = message.seq
    for one in people:
        for (channel, name), seq in one.acked.items():
            assert seq == stored[channel].get(name), (channel, name)


async def _all_see_their_lobbies(people: list[Neighbour]) -> bool:
    return all([await _sees_the_lobby_as_it_is(one) for one in people])


async def _sees_the_lobby_as_it_is(one: Neighbour) -> bool:
    """Whether the events someone was told add up to what the server says, whose answer they do not take in."""
    seen = one.client.lobby or one.client.watched
    try:
        truth = await one.client.call("lobby", "sync")
    except MaogaError as error:
        assert error.code == "NOT_IN_LOBBY", error
        return seen is None or seen["status"] == "closed"
    return truth == seen
