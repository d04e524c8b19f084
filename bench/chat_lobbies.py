"""How soon messages arrive in many small lobbies, with persistence to MongoDB and without it, in one run.

    .venv/bin/python bench/chat_lobbies.py [--lobbies 1000] [--seconds 30] [--json FILE]

One server process, with MongoDB and Redis, has so many lobbies of five, each with five connections. In each of them one
message is said a second, evenly spread. First by `/chat send`, which is acked and told once it is stored; then, on the
same connections, by `/bench msg`, which is told and stored nowhere. Latency counts from the moment a message was due to
its arrival at each of the five. The goal: the 99th percentile of stored messages is below 100 ms.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository, before this folder with a `realtime` of its own

import aiohttp

from domain.auth.model import Session
from domain.chat.model import CHANNELS, Channel
from domain.core.clock import SystemClock
from domain.core.ids import ChannelId, UserId, new_id
from domain.users.model import User
from maoga.bootstrap import Core, open_core
from maoga.settings import Settings
from realtime.namespaces.bench import MADE_UP
from tests.support.server import maoga_server
from tests.support.services import mongod, redis_server

SIZE = 5
SECRET = "a secret of the benchmark, which is none"
CONNECTING = 64
GOAL_MS = 100.0
SETTLE_S = 2.0
DUE = re.compile(r'due-(\d+)|"t":(\d+)')


class Player:
    """One connection, in `/chat` and `/bench`. It notes how late each message is, in milliseconds."""

    def __init__(self, lobby: str, token: str) -> None:
        self.lobby, self._token = lobby, token
        self.late_ms: list[float] = []
        self.refused = 0

    async def connect(self, http: aiohttp.ClientSession, url: str) -> None:
        """Enters both namespaces."""
        self._socket = await http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", compress=0)
        await self._socket.receive()
        await self._socket.send_str(f"40/chat,{json.dumps({'token': self._token})}")
        await self._socket.send_str(f"40/bench,{json.dumps({'room': self.lobby, 'token': self._token})}")
        entered = 0
        while entered < 2:
            frame = (await self._socket.receive()).data
            assert not frame.startswith("44"), frame
            entered += frame.startswith("40")

    async def listen(self) -> None:
        """Takes what comes until the connection ends."""
        async for frame in self._socket:
            text = frame.data
            if text == "2":
                await self._socket.send_str("3")
            elif text.startswith("42") and (due := DUE.search(text)):
                self.late_ms.append((time.perf_counter_ns() - int(due[1] or due[2])) / 1e6)
            elif text.startswith("43") and '"error"' in text:
                self.refused += 1

    async def say(self, due_ns: int) -> None:
        """Says something that is stored."""
        said = {"channelId": self.lobby, "clientMessageId": f"due-{due_ns}", "content": "meet me at the bridge"}
        await self._socket.send_str(f"42/chat,1{json.dumps(['send', said])}")

    async def tell(self, due_ns: int) -> None:
        """Tells something that is not."""
        move = {"t": due_ns, "k": "say", "p": [1.0], "d": "meet me at the bridge"}
        await self._socket.send_str(f"42/bench,{json.dumps(['msg', move])}")


async def main() -> None:
    arguments = _arguments()
    with ExitStack() as stack:
        mongo, redis = stack.enter_context(mongod()), stack.enter_context(redis_server())
        urls = {"database_url": mongo.url.replace("/?", "/maoga?"), "redis_url": redis.url}
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(_env_file=None, environment="test", var_dir=Path(folder), secret_key=SECRET, **urls)
            async with open_core(settings) as core:
                players = [player async for player in _players(core, arguments.lobbies)]
        env = {f"MAOGA_{name.upper()}": url for name, url in urls.items()}
        env |= {"MAOGA_SECRET_KEY": SECRET, "MAOGA_BENCH": "1", "MAOGA_RATE_LIMIT_SCALE": "1000"}
        server = stack.enter_context(maoga_server(**env))
        figures = await _measure(server.url, players, arguments.seconds)
    print(json.dumps(figures, indent=2))
    met = figures["stored"]["p99_ms"] < GOAL_MS and not figures["refused"]
    print(f"p99 of stored messages below {GOAL_MS} ms: {'met' if met else 'NOT met'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


async def _players(core: Core, lobbies: int) -> Any:
    now = SystemClock().now()
    for _ in range(lobbies):
        lobby = new_id()
        users = [UserId(MADE_UP + new_id()) for _ in range(SIZE)]
        channel = Channel(id=ChannelId(lobby), kind="lobby", member_ids=tuple(users), created_at=now)
        await core.database.collection(CHANNELS).insert(channel)
        for id in users:
            session = Session(id=id, user_id=id, created_at=now, rotated_at=now, expires_at=now)
            user = User(id=id, username=id, username_key=id, display_name=id, created_at=now)
            yield Player(lobby, core.tokens.access(session, user))


async def _measure(url: str, players: list[Player], seconds: float) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        at_once = asyncio.Semaphore(CONNECTING)

        async def connect(player: Player) -> None:
            async with at_once:
                await player.connect(http, url)

        await asyncio.gather(*map(connect, players))
        listening = [asyncio.create_task(player.listen()) for player in players]
        speakers = players[::SIZE]
        await _offer(speakers, 3, lambda player, due: player.say(due))  # until all is warm
        stored = await _offered(players, speakers, seconds, lambda player, due: player.say(due))
        told = await _offered(players, speakers, seconds, lambda player, due: player.tell(due))
        for task in listening:
            task.cancel()
    return {
        "lobbies": len(speakers),
        "stored": stored,
        "not_stored": told,
        "p99_ratio": round(stored["p99_ms"] / told["p99_ms"], 2),
        "refused": sum(player.refused for player in players),
    }


async def _offered(players: list[Player], speakers: list[Player], seconds: float, say: Callable[..., Any]) -> Any:
    for player in players:
        player.late_ms.clear()
    await _offer(speakers, seconds, say)
    late = sorted(ms for player in players for ms in player.late_ms)
    expected = round(seconds) * len(players)
    return {
        "delivered": len(late),
        "expected": expected,
        **{f"p{part}_ms": round(late[min(len(late) - 1, len(late) * part // 100)], 1) for part in (50, 90, 99)},
        "max_ms": round(late[-1], 1),
    }


async def _offer(speakers: list[Player], seconds: float, say: Callable[..., Any]) -> None:
    """Lets each say one thing a second, evenly spread, by the clock; then waits for the last to arrive."""
    start = time.perf_counter_ns() + 10_000_000
    for due, player in _schedule(speakers, seconds, start):
        if (early := due - time.perf_counter_ns()) > 1_000_000:
            await asyncio.sleep(early / 1e9)
        await say(player, due)
    await asyncio.sleep(SETTLE_S)


def _schedule(speakers: list[Player], seconds: float, start: int) -> Iterator[tuple[int, Player]]:
    gap = 1_000_000_000 // len(speakers)
    for second in range(round(seconds)):
        for n, player in enumerate(speakers):
            yield start + second * 1_000_000_000 + n * gap, player


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lobbies", type=int, default=1000, help="of five (1000)")
    parser.add_argument("--seconds", type=float, default=30, help="of each part (30)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
