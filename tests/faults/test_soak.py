"""Soak: for minutes at half load nothing grows. `MAOGA_TEST_SOAK_S` says for how long, 600 by default."""

import asyncio
import os
import random
import statistics
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.python.client import MaogaClient
from clients.python.types import Send
from tests.e2e.conftest import Enter, Start, meet
from tests.faults.crowd import Crowd
from tests.support.server import MaogaServer
from tests.support.wait import eventually

SECONDS = float(os.environ.get("MAOGA_TEST_SOAK_S", "600"))
CROWD = 100
HALF = 0.5
TURN_S = 0.02
NEWCOMERS_PER_S = 10
MOST_MIB_PER_MIN = max(1.0, 600 / SECONDS)
"""A short run is still warming up in its second half."""
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """A server process at a moment. cpu_s: that it has used since its start."""

    at_s: float
    rss: int
    fds: int
    cpu_s: float
    tasks: int
    sockets: int


def sample(server: MaogaServer) -> Sample:
    """The process as it is now, seen from outside, and by its metrics."""
    process = Path(f"/proc/{server.process.pid}")
    pages = int((process / "statm").read_text().split()[1])
    ticks = (process / "stat").read_text().rpartition(")")[2].split()
    with urllib.request.urlopen(server.metrics_url, timeout=20) as response:
        lines = response.read().decode().splitlines()
    return Sample(
        at_s=time.monotonic(),
        rss=pages * os.sysconf("SC_PAGE_SIZE"),
        fds=len(list((process / "fd").iterdir())),
        cpu_s=(int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"),
        tasks=_sum(lines, "maoga_tasks"),
        sockets=_sum(lines, "maoga_sockets{"),
    )


def _sum(lines: Sequence[str], series: str) -> int:
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(series))


async def load(crowd: Crowd, server: MaogaServer, over: asyncio.Event) -> list[Sample]:
    """Lets the crowd talk so much that the server is half busy; a sample each second."""
    samples = [await asyncio.to_thread(sample, server)]
    messages = 10.0
    while not over.is_set():
        for _ in range(round(1 / TURN_S)):
            await crowd.talk(max(1, round(messages)))
            await asyncio.sleep(TURN_S)
        samples.append(await asyncio.to_thread(sample, server))
        busy = (samples[-1].cpu_s - samples[-2].cpu_s) / (samples[-1].at_s - samples[-2].at_s)
        messages *= min(1.2, max(0.8, HALF / max(busy, 0.01)))
    return samples


async def come_and_go(crowd: Crowd, over: asyncio.Event) -> None:
    """Replaces the crowd little by little."""
    while not over.is_set():
        await crowd.replace_one()
        await asyncio.sleep(1 / NEWCOMERS_PER_S)


async def chat(client: MaogaClient, channel: str, over: asyncio.Event) -> int:
    """Talks, with a line that breaks now and then; how many messages were acked."""
    said = 0
    while not over.is_set():
        name = f"{client.user_id}-{said}"
        message: Send = {"channelId": channel, "clientMessageId": name, "content": name}
        await client.call("chat", "send", message, repeat=True)
        said += 1
        if said % 50 == 0:
            client.cut()
        await asyncio.sleep(random.uniform(0.05, 0.15))
    return said


def slope(samples: Sequence[Sample]) -> float:
    """How fast the memory grows, in MiB per minute."""
    fit = statistics.linear_regression([s.at_s / 60 for s in samples], [s.rss / MIB for s in samples])
    return fit.slope


@pytest.mark.long
@pytest.mark.timeout(int(SECONDS) + 200)
async def test_nothing_grows_at_half_load(start: Start, enter: Enter, redis_url: str) -> None:
    server = start(MAOGA_REDIS_URL=redis_url, MAOGA_BENCH="1", MAOGA_RATE_LIMIT_SCALE="1000")
    ann, bob = await enter(server.url), await enter(server.url)
    channel = (await meet(ann, bob))["chatId"]
    crowd = Crowd(server.url, CROWD)
    await crowd.gather()  # all that is made at the first use is there
    await crowd.disperse()
    at_first = await settled(server, sockets=8)
    await crowd.gather()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        chats = [tasks.create_task(chat(client, channel, over)) for client in (ann, bob)]
        tasks.create_task(come_and_go(crowd, over))
        loading = tasks.create_task(load(crowd, server, over))
        await asyncio.sleep(SECONDS)
        over.set()
    samples = loading.result()
    await crowd.disperse()
    at_last = await settled(server, sockets=8)
    report(samples, crowd, sum(task.result() for task in chats), at_first, at_last)
    assert crowd.lost == 0
    assert slope(samples[len(samples) // 2 :]) < MOST_MIB_PER_MIN
    assert at_last.fds <= at_first.fds
    assert at_last.tasks <= at_first.tasks


async def settled(server: MaogaServer, *, sockets: int) -> Sample:
    """The server once it has only so many clients, and no task comes or goes."""

    async def calm() -> Sample | None:
        before = await asyncio.to_thread(sample, server)
        await asyncio.sleep(0.5)
        after = await asyncio.to_thread(sample, server)
        return after if after.sockets == sockets and before.tasks == after.tasks else None

    found = await eventually(calm, timeout=60)
    assert found
    return found


def report(samples: Sequence[Sample], crowd: Crowd, said: int, at_first: Sample, at_last: Sample) -> None:
    """Prints what was seen."""
    first, last = samples[0], samples[-1]
    seconds = last.at_s - first.at_s
    lines = [
        f"{seconds:.0f} s, {(last.cpu_s - first.cpu_s) / seconds:.2f} of a core, {crowd.said / seconds:,.0f} messages "
        f"a second to rooms of five, {crowd.came} connections in all, {said} chat messages",
        f"slope of RSS over the second half {slope(samples[len(samples) // 2 :]):+.3f} MiB a minute; "
        f"at first {at_first.rss / MIB:.1f}, at last {at_last.rss / MIB:.1f} MiB",
        "RSS in MiB: " + " ".join(f"{s.rss / MIB:.1f}" for s in samples[:: max(1, len(samples) // 20)]),
        f"files {at_first.fds} -> {at_last.fds}, at most {max(s.fds for s in samples)}; "
        f"tasks {at_first.tasks} -> {at_last.tasks}, at most {max(s.tasks for s in samples)}",
    ]
    print("\n".join(lines))  # noqa: T201
