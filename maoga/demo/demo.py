"""`maoga demo`: real clients play the main job against a real server, tell what they see, and check it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil

import aiohttp
import orjson
import uvloop
from pydantic import ValidationError
from rich.console import Console

from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from maoga.demo.casting import cast
from maoga.demo.checks import broken_promises
from maoga.demo.figures import Figures
from maoga.demo.player import Player, Stage
from maoga.demo.servers import ServerFailed, started
from maoga.demo.story import Story
from maoga.settings import Settings

PLAYERS_PER_SCALE = 40
"""Players who may enter at once from one address at the default rate limits."""

ARRIVALS_PER_S = 25.0

GOOD, BAD, REFUSED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """url: of a running server; None starts `instances` of them. timeout_s: after which nobody plays on.

    as_json: print the figures as one JSON object instead of the story.
    """

    players: int = 12
    url: str | None = None
    instances: int = 1
    seed: int = 1
    timeout_s: float = 180.0
    as_json: bool = False


class Refused(Exception):
    """What was asked for cannot be done; the text says why."""


def run_demo(options: DemoOptions) -> int:
    """Plays; the exit code: 0 when everybody played and nothing went wrong, 1 if not, 2 for an impossible wish."""
    return uvloop.run(_interruptible(options))


async def _interruptible(options: DemoOptions) -> int:
    play = asyncio.create_task(_run(options))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, play.cancel)
    try:
        return await play
    except asyncio.CancelledError:
        return INTERRUPTED


async def _run(options: DemoOptions) -> int:
    console = Console(quiet=options.as_json, highlight=False)
    try:
        figures = await _play(options, console)
    except (Refused, ServerFailed, MaogaError) as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", soft_wrap=True, markup=False)
        return REFUSED if isinstance(error, Refused) else BAD
    if options.as_json:
        sys.stdout.write(orjson.dumps(figures.wire()).decode() + "\n")
    return GOOD if figures.good else BAD


async def _play(options: DemoOptions, console: Console) -> Figures:
    figures = Figures(options.players)
    connector = aiohttp.TCPConnector(limit=0)
    async with _server(options, console, figures) as url, aiohttp.ClientSession(connector=connector) as http:
        catalogue = await MaogaRest(url, http).games()
        if not catalogue:
            raise Refused("this server's catalogue has no game to play: `maoga seed` fills it")
        story = Story(console, options.players, {game["id"]: game["name"] for game in catalogue})
        loop = asyncio.get_running_loop()
        since = loop.time()
        stage = Stage(url, http, story, figures, options.seed, since + options.timeout_s)
        players = [Player(part, stage) for part in cast(catalogue, options.players, options.seed)]
        async with asyncio.TaskGroup() as group:
            for player in players:
                group.create_task(player.play())
                await asyncio.sleep(1 / ARRIVALS_PER_S)
        figures.seconds = loop.time() - since
        for problem in broken_promises([player.memory for player in players]):
            figures.error("BROKEN_PROMISE", problem)
    story.ends(figures.wire())
    return figures


@asynccontextmanager
async def _server(options: DemoOptions, console: Console, figures: Figures) -> AsyncIterator[str]:
    """The address to play against. What the demo's own servers log as errors counts as errors."""
    if options.url is not None:
        if options.instances > 1:
            raise Refused("--url names a server that runs; --instances starts some: choose one of them")
        yield options.url
        return
    settings = _storage(options.instances)
    scale = max(1, ceil(options.players / PLAYERS_PER_SCALE))
    console.print(f"starting {options.instances} server(s), rate limits times {scale} (all players share one address)")
    async with started(options.instances, {**settings, "MAOGA_RATE_LIMIT_SCALE": str(scale)}) as servers:
        console.print(f"playing against {servers.url}")
        yield servers.url
        await servers.stop()
        for fault in servers.faults():
            figures.error("SERVER", fault)


def _storage(instances: int) -> dict[str, str]:
    """Where the servers keep their data: one has its own, several share what the environment names."""
    if instances == 1:
        return {"MAOGA_DATABASE_URL": "", "MAOGA_REDIS_URL": "memory://"}
    try:
        settings = Settings()
    except ValidationError as error:
        raise Refused(f"the settings are refused: {error}") from None
    if settings.embedded:
        raise Refused(
            f"the embedded default serves one process: for --instances {instances} set MAOGA_DATABASE_URL to "
            "mongodb://... and MAOGA_REDIS_URL to redis://..."
        )
    return {
        "MAOGA_DATABASE_URL": settings.database_url.get_secret_value(),
        "MAOGA_REDIS_URL": settings.redis_url.get_secret_value(),
    }
