"""Rounds of `kill -9` against gateways and workers under load: no broken invariant, every acked message is there."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from domain.chat.model import MESSAGES
from domain.lobbies.model import LOBBIES
from domain.matchmaking.model import MATCHES
from maoga.bootstrap import open_core
from maoga.demo.balancer import balancer
from tests.e2e.conftest import DUEL, Enter, Start
from tests.faults.recovery import served_again
from tests.support.cores import test_settings as settings_in
from tests.support.invariants import audited, everything
from tests.support.server import MaogaServer
from tests.support.services import free_port

PLAYERS = 20
ROUNDS = 50
SERVED_WITHIN_S = 10.0
"""Everybody, after each kill, by themselves."""
EXPECTED = {
    "ALREADY_QUEUED",
    "ALREADY_IN_LOBBY",
    "CONFLICT",
    "COOLDOWN",
    "DISCONNECTED",
    "LOBBY_STARTED",
    "MATCH_OVER",
    "NOT_FOUND",
    "NOT_IN_LOBBY",
    "RATE_LIMITED",
    "TIMEOUT",
    "UNAVAILABLE",
    "UNREACHABLE",
}
"""What a player may be told when servers die around them; anything else is a bug."""


class Life:
    """A player who plays again and again, and remembers what was acked."""

    def __init__(self, client: MaogaClient, number: int) -> None:
        self.client, self.number = client, number
        self.games = 0
        self.acked: dict[tuple[str, str], int] = {}

    async def live(self, until: asyncio.Event) -> None:
        """Plays until told to stop."""
        while not until.is_set():
            try:
                await self._play()
            except MaogaError as error:
                assert error.code in EXPECTED, error
                await asyncio.sleep(0.1)
            except TimeoutError:
                continue

    async def _play(self) -> None:
        client = self.client
        if client.lobby is None and client.ticket is None:
            await client.enqueue(DUEL)
        if client.lobby is None:
            await self._accept()
        lobby = await client.sync()
        for _ in range(2):
            name = f"p{self.number}-{len(self.acked)}-{random.randrange(10**9)}"
            self.acked[lobby["chatId"], name] = (await client.send(lobby["chatId"], name, name))["seq"]
        if lobby["status"] != "active":
            await client.set_ready()
            with suppress(TimeoutError):
                await client.wait_until(lambda: client.lobby and client.lobby["status"] == "active", 4)
        await client.leave()
        self.games += 1

    async def _accept(self) -> None:
        ticket = await self.client.wait_until(lambda: self.client.ticket or self.client.lobby, 5)
        if ticket.get("matchId") and ticket.get("status") == "proposed":
            await self.client.accept(ticket["matchId"])
        await asyncio.sleep(0.2)  # a poll's pace: what comes next is seen in the next round
        if self.client.lobby is None:
            raise TimeoutError


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_fifty_kills_under_load(start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    chance, worst_s = random.Random(seed), 0.0
    env = {**shared, "MAOGA_MATCH_ACCEPT_S": "3", "MAOGA_GRACE_S": "5", "MAOGA_MATCH_COOLDOWN_S": "0"}
    ports = [free_port(), free_port()]
    servers: list[MaogaServer] = [
        *(start(**env, MAOGA_ROLE="gateway", MAOGA_PORT=str(port)) for port in ports),
        *(start(**env, MAOGA_ROLE="worker") for _ in ports),
    ]
    settings = settings_in(tmp_path, database_url=shared["MAOGA_DATABASE_URL"], redis_url=shared["MAOGA_REDIS_URL"])
    async with balancer([("127.0.0.1", port) for port in ports]) as entrance:
        lives = [Life(await enter(f"http://127.0.0.1:{entrance}"), number) for number in range(PLAYERS)]
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for life in lives:
                tasks.create_task(life.live(over))
            for number in range(ROUNDS):
                await asyncio.sleep(chance.uniform(1, 3))
                victim = chance.choice(servers)
                victim.kill()
                worst_s = max(worst_s, await served_again([life.client for life in lives], SERVED_WITHIN_S))
                await asyncio.to_thread(victim.start)
                assert await audited(settings) == [], f"after kill {number + 1}"
                print(f"kill {number + 1}: {worst_s:.1f} s at worst")  # noqa: T201
            await asyncio.sleep(5)
            over.set()
        assert await audited(settings) == []

    async with open_core(settings) as core:
        stored: dict[str, dict[str, int]] = defaultdict(dict)
        for message in await everything(core.database, MESSAGES):
            stored[message.channel_id][message.client_message_id or message.id] = message.seq
        for life in lives:
            for (channel, name), seq in life.acked.items():
                assert seq == stored[channel].get(name), (channel, name)
        matches, lobbies = await everything(core.database, MATCHES), await everything(core.database, LOBBIES)
    played = sum(life.games for life in lives)
    print(f"{ROUNDS} kills: {len(matches)} matches, {len(lobbies)} lobbies, {played} games played to the end,")  # noqa: T201
    print(f"{sum(len(life.acked) for life in lives)} messages acked, all there, all served after {worst_s:.1f} s")  # noqa: T201
    assert played > PLAYERS
