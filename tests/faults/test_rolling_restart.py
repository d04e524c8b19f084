"""Two instances are exchanged one after the other while people talk and play: nobody loses anything, or waits long."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from domain.chat.model import MESSAGES
from domain.core.collection import Database
from domain.lobbies.model import LOBBIES
from domain.matchmaking.model import MATCHES, TICKETS
from maoga.bootstrap import open_core
from maoga.demo.balancer import balancer
from tests.e2e.conftest import DUEL, Enter, Start
from tests.support.cores import test_settings as settings_in
from tests.support.invariants import broken_invariants, everything
from tests.support.server import MaogaServer
from tests.support.services import free_port
from tests.support.wait import eventually

TALKERS = 10
"""People in one group."""
ENTERING = 10
"""People who enter at once."""
LOOK_S = 0.02
GAME_S = 20.0
ACTIVE = {"status": "active"}
STARTER = ThreadPoolExecutor(1)
"""A server ends with the thread that has started it."""
RACES = {"ALREADY_IN_LOBBY", "ALREADY_QUEUED", "LOBBY_STARTED", "MATCH_OVER", "NOT_FOUND", "NOT_IN_LOBBY", "CONFLICT"}
"""What two who do something at once are told without any restart."""
LOST = {"DISCONNECTED", "TIMEOUT", "UNAVAILABLE", "UNREACHABLE"}
"""What a call may fail with after it was repeated for as long as a client does, on a machine that is too busy."""


class Player:
    """Talks in a group and plays duels, and remembers what was acked.

    away_s: how long each time without a connection was. errors: what calls failed with, by code.
    """

    def __init__(self, client: MaogaClient, number: int) -> None:
        self.client, self.number = client, number
        self.messages: dict[tuple[str, str], int] = {}
        self.tickets: set[str] = set()
        self.games = 0
        self.away_s: list[float] = []
        self.errors: Counter[str] = Counter()

    async def talk(self, channel: str, pause_s: float, over: asyncio.Event) -> None:
        """Says something now and then."""
        while not over.is_set():
            await asyncio.sleep(random.uniform(0, 2) * pause_s)
            await self._say(channel)

    async def play(self, pause_s: float, over: asyncio.Event) -> None:
        """Plays duels."""
        while not over.is_set():
            await asyncio.sleep(random.uniform(0, 2) * pause_s)
            try:
                async with asyncio.timeout(GAME_S):
                    await self._duel()
                self.games += 1
            except MaogaError as error:
                self.errors[error.code] += 1
                assert error.code in RACES | LOST, error
            except TimeoutError:
                self.errors["(no partner)"] += 1

    async def watch(self, over: asyncio.Event) -> None:
        """Measures how long it is away."""
        left: float | None = None
        while not over.is_set() or left is not None:
            now = time.monotonic()
            if not self.client.connected:
                left = left or now
            elif left is not None:
                self.away_s.append(now - left)
                left = None
            await asyncio.sleep(LOOK_S)

    async def _say(self, channel: str) -> None:
        """Says something until it is acked."""
        name = f"p{self.number}-{len(self.messages)}-{random.randrange(10**9)}"
        while (channel, name) not in self.messages:
            try:
                self.messages[channel, name] = (await self.client.send(channel, name, name))["seq"]
            except MaogaError as error:
                if error.code not in LOST:
                    raise
                self.errors[error.code] += 1

    async def _duel(self) -> None:
        client = self.client
        if self._lobby() is None and await client.status() is None:
            self.tickets.add((await client.enqueue(DUEL))["id"])
        while (lobby := self._lobby()) is None:
            await client.wait_until(lambda: self._proposed() or self._lobby(), GAME_S)
            if proposed := self._proposed():
                await client.accept(proposed["matchId"])
                await client.wait_until(lambda: self._lobby() or not self._proposed(), GAME_S)
        await self._say(lobby["chatId"])
        await client.set_ready()
        await client.wait_until(lambda: (self._lobby() or ACTIVE)["status"] == "active", GAME_S)
        await client.leave()
        await client.wait_until(lambda: self._lobby() is None, GAME_S)

    def _lobby(self) -> Any:
        lobby = self.client.lobby
        return lobby if lobby and lobby["status"] != "closed" else None

    def _proposed(self) -> Any:
        ticket = self.client.ticket
        return ticket if ticket and ticket["status"] == "proposed" else None


async def gather_players(enter: Enter, url: str, count: int) -> list[Player]:
    """So many players, some at a time."""
    clients: list[MaogaClient] = []
    while len(clients) < count:
        entering = min(ENTERING, count - len(clients))
        clients += await asyncio.gather(*(enter(url) for _ in range(entering)))
    return [Player(client, number) for number, client in enumerate(clients)]


async def group_of(players: Sequence[Player]) -> str:
    """A channel for them all."""
    owner, *others = players
    for player in others:
        await player.client.call("social", "set_privacy", {"directMessages": "everyone"})
    wish = {"name": "Talk", "userIds": [player.client.user_id for player in others]}
    channel: str = (await owner.client.call("chat", "create_group", wish))["id"]  # type: ignore[call-overload]
    return channel


async def all_say_more(players: Sequence[Player]) -> None:
    """Returns when each has been acked another message."""
    before = [len(player.messages) for player in players]
    await eventually(lambda: all(len(p.messages) > said for p, said in zip(players, before, strict=True)), timeout=60)


async def restart(server: MaogaServer, instance: str, redis_url: str) -> float:
    """As a rollout does; how many seconds it took to stop."""
    began = time.monotonic()
    assert await asyncio.to_thread(server.stop) == 0
    stopped_s = time.monotonic() - began
    with redis.Redis.from_url(redis_url) as client:
        held = {key: client.get(key) for key in client.scan_iter("maoga:lease:*")}
    assert instance.encode() not in held.values(), held
    await asyncio.get_running_loop().run_in_executor(STARTER, server.start)
    return stopped_s


async def rolling_restart(
    start: Start,
    enter: Enter,
    shared: dict[str, str],
    folder: Path,
    *,
    size: int,
    playing: int,
    drain_s: float,
    pause_s: float,
    deregistered: bool,
) -> None:
    """Exchanges both instances under the load of `size` people.

    All talk, every `pause_s` or so, and the first `playing` of them play, too. deregistered: the balancer is told
    first, as orchestrators do; else it sends every second one back to the instance that goes.
    """
    addresses = [("127.0.0.1", free_port()) for _ in range(2)]
    servers = {
        address: start(
            **shared, MAOGA_PORT=str(address[1]), MAOGA_DRAIN_S=str(drain_s), MAOGA_INSTANCE=f"instance-{address[1]}"
        )
        for address in addresses
    }
    over, balanced = asyncio.Event(), list(addresses)
    async with balancer(balanced) as entrance:
        players = await gather_players(enter, f"http://127.0.0.1:{entrance}", size)
        groups = [players[first : first + TALKERS] for first in range(0, size, TALKERS)]
        channels = [await group_of(group) for group in groups]
        async with asyncio.TaskGroup() as tasks:
            for player in players:
                tasks.create_task(player.talk(channels[player.number // TALKERS], pause_s, over))
                tasks.create_task(player.watch(over))
            games = [tasks.create_task(player.play(pause_s, over)) for player in players[:playing]]
            stops_s = []
            for address, server in servers.items():
                await eventually(lambda: all(player.client.connected for player in players), timeout=60)
                if deregistered:
                    balanced.remove(address)
                stops_s.append(await restart(server, f"instance-{address[1]}", shared["MAOGA_REDIS_URL"]))
                if deregistered:
                    balanced.append(address)
                await all_say_more(players)
            played = sum(player.games for player in players)
            await eventually(lambda: sum(player.games for player in players) > played, timeout=60)
            await eventually(lambda: all(player.games for player in players[:playing]), timeout=60)
            over.set()
            for game in games:
                game.cancel()  # some wait for a partner
        assert all(player.client.connected for player in players)
    await check(players, shared, folder)
    tell(players, stops_s)
    assert max(stops_s) < drain_s + 5


async def check(players: Sequence[Player], shared: dict[str, str], folder: Path) -> None:
    """Every acked message stands at its place, no place is empty, and every ticket and match came to something."""
    settings = settings_in(folder, database_url=shared["MAOGA_DATABASE_URL"], redis_url=shared["MAOGA_REDIS_URL"])
    async with open_core(settings) as core:
        await eventually(lambda: _all_well(core.database), timeout=30)
        stored: dict[str, dict[str, int]] = defaultdict(dict)
        for message in await everything(core.database, MESSAGES):
            assert message.client_message_id not in stored[message.channel_id]
            stored[message.channel_id][message.client_message_id or message.id] = message.seq
        tickets = {ticket.id: ticket for ticket in await everything(core.database, TICKETS)}
        lobbies = {lobby.id for lobby in await everything(core.database, LOBBIES)}
        matches = {match.id: match.status for match in await everything(core.database, MATCHES)}
    for channel, places in stored.items():
        assert sorted(places.values()) == list(range(1, len(places) + 1)), channel
    for player in players:
        for (channel, name), seq in player.messages.items():
            assert stored[channel][name] == seq
        lost = [tickets[id] for id in player.tickets if tickets[id].status not in {"matched", "queued", "proposed"}]
        assert not lost, (player.number, player.errors, lost)
    for id, status in matches.items():
        assert (status == "confirmed") == (id in lobbies), (id, status)
    assert "cancelled" not in matches.values()


async def _all_well(database: Database) -> bool:
    return not await broken_invariants(database)


def tell(players: Sequence[Player], stops_s: Sequence[float]) -> None:
    """Prints what was measured."""
    away_s = sorted(seconds for player in players for seconds in player.away_s)
    errors = sum((player.errors for player in players), Counter[str]())
    repeats = sum((player.client.repeats for player in players), Counter[str]())
    print(  # noqa: T201
        f"{len(players)} players, stops in {', '.join(f'{seconds:.1f} s' for seconds in stops_s)}:",
        f"{sum(len(player.messages) for player in players)} messages acked,",
        f"{sum(player.games for player in players) // 2} duels; {len(away_s)} times away,",
        f"median {away_s[len(away_s) // 2]:.2f} s, longest {away_s[-1]:.2f} s;",
        f"failed: {dict(errors)}; repeated: {dict(repeats)}",
    )


async def test_twenty_players_lose_nothing(start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path) -> None:
    await rolling_restart(
        start, enter, shared, tmp_path, size=20, playing=20, drain_s=3, pause_s=0.5, deregistered=False
    )


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_three_hundred_players_lose_nothing(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    await rolling_restart(
        start, enter, shared, tmp_path, size=300, playing=40, drain_s=30, pause_s=10, deregistered=True
    )
