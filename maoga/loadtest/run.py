"""Runs a load test: the players come, play, and leave."""

import asyncio
import resource
import signal
from collections.abc import Callable
from contextlib import suppress

import aiohttp

from clients.python.rest import MaogaRest
from maoga.loadtest.figures import Figures
from maoga.loadtest.gauge import Generator, ServerProcess
from maoga.loadtest.options import BadOptions, LoadOptions
from maoga.loadtest.player import Player
from maoga.loadtest.report import Report
from maoga.loadtest.stage import Stage, Table, pool_of

WIND_DOWN_S = 20.0
"""How long players may take to leave."""

FILES = 100
"""Open files besides the players' sockets."""


async def run_load(options: LoadOptions, tell: Callable[[str], None]) -> Report:
    """Puts the load on, until it has lasted long enough or an interrupt; a second one leaves nobody time to part.

    Raises `BadOptions`, and `MaogaError` when there is no server. tell: is called with lines on how it gets on.
    """
    _open_files(options.players + FILES)
    servers = [_process(pid) for pid in options.pids]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        stage = await _stage(options, http)
        tell(
            f"{options.players} players, {options.ramp:g} a second, for {options.duration_s:g} s; who plays looks for "
            f"{stage.pool.game_id} {stage.pool.mode} in groups of {stage.pool.size}"
        )
        generator = Generator()
        interrupted = await _play(stage, generator, servers)
    if stage.figures.delayed:
        tell(
            f"{stage.figures.delayed} players had to wait for an account: the servers limit how many guests come from "
            "one address (docs/operations/loadtest.md says what to do)"
        )
    return Report(options, stage.figures, generator, servers, interrupted)


async def _stage(options: LoadOptions, http: aiohttp.ClientSession) -> Stage:
    for url in options.urls[1:]:
        await MaogaRest(url, http).games()  # rather refused now than by half of the players
    pool = pool_of(await MaogaRest(options.urls[0], http).games(), options.roles().count("play"))
    return Stage(options, http, pool, Figures())


async def _play(stage: Stage, generator: Generator, servers: list[ServerProcess]) -> bool:
    """Plays; whether it was interrupted."""
    loop = asyncio.get_running_loop()
    interrupts = 0

    def interrupt() -> None:
        nonlocal interrupts
        interrupts += 1
        stage.end()
        if interrupts > 1:
            for task in tasks:
                task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    watch = asyncio.create_task(generator.watch())
    end = loop.call_later(stage.options.duration_s, stage.end)
    began = loop.time()
    tasks: list[asyncio.Task[None]] = []
    try:
        await _let_in(stage, tasks)
        await stage.over.wait()
    finally:
        end.cancel()
        watch.cancel()
    stage.figures.seconds = loop.time() - began
    generator.stop()
    for server in servers:
        server.stop()
    await _see_off(stage, tasks)
    return interrupts > 0


async def _let_in(stage: Stage, tasks: list[asyncio.Task[None]]) -> None:
    talkers, table = 0, Table()
    for number, role in enumerate(stage.options.roles()):
        if role == "talk":  # those at a table have come one after the other, and so to different servers
            table = Table() if talkers % stage.pool.seats == 0 else table
            talkers += 1
        tasks.append(asyncio.create_task(Player(number, role, table, stage).play()))
        await stage.rest(1 / stage.options.ramp)
        if stage.over.is_set():
            return


async def _see_off(stage: Stage, tasks: list[asyncio.Task[None]]) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=WIND_DOWN_S)
    for task in late:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, asyncio.CancelledError):
            stage.figures.gone["LEFT_LATE"] += 1


def _process(pid: int) -> ServerProcess:
    try:
        return ServerProcess(pid)
    except OSError:
        raise BadOptions(f"--pid: there is no process {pid} on this machine") from None


def _open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise BadOptions(f"--players: they need {wanted} open files, and this process may have {hard} (ulimit -n)")
        with suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
