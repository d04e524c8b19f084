"""What REST costs on one core, beside a bare aiohttp handler in the same run; and what logins do to the event loop.

    .venv/bin/python bench/rest.py [--seconds 3] [--rounds 3] [--storage servers|embedded] [--json FILE]

`GET /health/live` and `GET /users/me` at 32 connections, with authentication, limits, logs and metrics on; of one
player, and of 1,500 in turn, so that hardly anybody asks twice in a second. The servers have one CPU, everything else
the other. The goals: half of the bare handler per CPU second, and the event loop at most 20 ms late (p99) while 32
players log in at once.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository, before this folder

import aiohttp
import bcrypt

from bench.harness.build import BASELINES
from bench.harness.http_load import Load, cpu_seconds, load
from bench.harness.machine import describe, forget_settings, take_cpus
from bench.harness.plan import say
from bench.harness.servers import MAOGA, Contender, Instance, Site, running
from tests.support.services import mongod, redis_server

CONNECTIONS = 32
LOGINS = 32
PLAYERS = 1500
PASSWORD = "plough kiwi tundra"
RATIO_GOAL, LAG_GOAL_S = 0.5, 0.02

BARE = Contender(
    "bare", "bare aiohttp", lambda site: [sys.executable, str(BASELINES / "bare_aiohttp.py"), str(site.port)]
)


def _env(site: Site) -> dict[str, str]:
    """As in production: everything is logged, limited and counted. The work of the matchmaking is another's."""
    ours = {"MAOGA_ROLE": "gateway", "MAOGA_BENCH": "0", "MAOGA_LOG_LEVEL": "INFO", "MAOGA_LOG_FORMAT": "json"}
    return {**MAOGA.env(site), **ours}


LOGGING = replace(MAOGA, env=_env)


def main() -> None:
    arguments = _arguments()
    cpus = take_cpus()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        forget_settings(Path(folder))
        redis_url, database_url = stack.enter_context(_storage(arguments.storage))
        (bare,) = stack.enter_context(running(BARE, cpus.server))
        (maoga,) = stack.enter_context(running(LOGGING, cpus.server, (redis_url,), database_url))
        figures = {
            "machine": describe(None),
            "storage": arguments.storage,
            "requests": _requests(bare, maoga, arguments.rounds, arguments.seconds),
            "logins": asyncio.run(_logins(bare, maoga)),
        }
    _print(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def _requests(bare: Instance, maoga: Instance, rounds: int, seconds: float) -> dict[str, Any]:
    """Medians of each kind of request. They take turns, so that a busy moment meets them all."""
    asked = {
        "bare": (bare, "/health/live", [""]),
        "live": (maoga, "/health/live", [""]),
        "me": (maoga, "/api/v1/users/me", [asyncio.run(_registered(maoga))]),
        "many": (maoga, "/api/v1/users/me", asyncio.run(_guests(maoga))),
    }
    found: dict[str, list[Load]] = {name: [] for name in asked}
    for round_ in range(rounds + 1):  # the first one warms up
        for name, (server, path, tokens) in asked.items():
            part = load(server.pid, server.port, path, tokens=tokens, connections=CONNECTIONS, seconds=seconds)
            say(f"{name}: {part.rate:,.0f}/s, {part.per_cpu_s:,.0f} per CPU s, p99 {part.percentile_ms(0.99):.1f} ms")
            if round_:
                found[name].append(part)
    figures = {name: _summary(parts) for name, parts in found.items()}
    for name in ("live", "me", "many"):
        figures[name]["ratio"] = round(figures[name]["rate"] / figures["bare"]["rate"], 2)
        figures[name]["cpu_ratio"] = round(figures[name]["per_cpu_s"] / figures["bare"]["per_cpu_s"], 2)
        figures[name]["p99_ratio"] = round(figures["bare"]["p99_ms"] / figures[name]["p99_ms"], 2)
    return figures


def _summary(parts: list[Load]) -> dict[str, float]:
    return {
        "rate": round(statistics.median(part.rate for part in parts)),
        "per_cpu_s": round(statistics.median(part.per_cpu_s for part in parts)),
        "p50_ms": round(statistics.median(part.percentile_ms(0.5) for part in parts), 2),
        "p99_ms": round(statistics.median(part.percentile_ms(0.99) for part in parts), 2),
    }


async def _registered(server: Instance) -> str:
    """The access token of the new player `bench-0`."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}/api/v1/") as http:
        body = {"email": "bench-0@example.test", "username": "bench-0", "password": PASSWORD}
        async with http.post("auth/register", json=body) as response:
            return str((await response.json())["data"]["accessToken"])


async def _guests(server: Instance) -> list[str]:
    """The access tokens of new guests."""
    few_at_once = aiohttp.TCPConnector(limit=8)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}/api/v1/", connector=few_at_once) as http:

        async def enter() -> str:
            async with http.post("auth/guest", json={}) as response:
                return str((await response.json())["data"]["accessToken"])

        return await asyncio.gather(*(enter() for _ in range(PLAYERS)))


async def _logins(bare: Instance, server: Instance) -> dict[str, Any]:
    """32 players log in at once. How late the event loop was: by the server's own count, and as a probe saw it.

    The bare server has nothing to do meanwhile, and the same CPU: what its probe waits, the machine is to blame for.
    """
    hashing = time.thread_time()
    bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12))
    hashing = time.thread_time() - hashing
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}/api/v1/") as http:

        async def login() -> None:
            async with http.post("auth/login", json={"credential": "bench-0", "password": PASSWORD}) as response:
                assert response.status == 200, await response.text()

        lags, computed, started = _lags(server), cpu_seconds(server.pid), time.perf_counter()
        waited: dict[str, list[float]] = {"live": [], "bare": []}
        probes = [asyncio.create_task(_probe(one, waited[name])) for name, one in (("live", server), ("bare", bare))]
        await asyncio.gather(*(login() for _ in range(LOGINS)))
        for probe in probes:
            probe.cancel()
        seconds, computed = time.perf_counter() - started, cpu_seconds(server.pid) - computed
    counts = {bound: count - lags.get(bound, 0) for bound, count in _lags(server).items()}
    return {
        "seconds": round(seconds, 2),
        "cpu_s": round(computed, 2),
        "bcrypt_share": round(LOGINS * hashing / computed, 2),
        **{
            f"{name}_{share}_ms": round(statistics.quantiles(times, n=100)[at] * 1000, 1)
            for name, times in waited.items()
            for share, at in (("p50", 49), ("p99", 98))
        },
        "loop_samples": counts[float("inf")],
        "loop_lag_p99_at_most_s": next(b for b, count in counts.items() if count >= 0.99 * counts[float("inf")]),
    }


async def _probe(server: Instance, answered: list[float]) -> None:
    """How long `GET /health/live` takes, a hundred times a second, for ever."""
    async with aiohttp.ClientSession() as http:
        while True:
            asked = time.perf_counter()
            async with http.get(f"http://127.0.0.1:{server.port}/health/live") as response:
                await response.read()
            answered.append(time.perf_counter() - asked)
            await asyncio.sleep(0.01)


def _lags(server: Instance) -> dict[float, float]:
    """How many times the loop was at most so many seconds late, since the start."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    buckets = [line for line in lines if line.startswith("maoga_loop_lag_seconds_bucket")]
    return {float(line.split('"')[1]): float(line.rpartition(" ")[2]) for line in buckets}


@contextmanager
def _storage(kind: str) -> Iterator[tuple[str | None, str | None]]:
    if kind == "embedded":
        yield None, None
        return
    with mongod() as mongo, redis_server() as redis:
        yield redis.url, mongo.url.replace("/?", "/maoga?")


def _print(figures: dict[str, Any]) -> None:
    print(figures["machine"])
    print(f"{'':6} {'req/s':>8} {'per CPU s':>10} {'p50 ms':>7} {'p99 ms':>7}  of the bare handler (req/s, CPU, p99)")
    for name, one in figures["requests"].items():
        ratios = f"{one['ratio']} {one['cpu_ratio']} {one['p99_ratio']}" if name != "bare" else ""
        print(f"{name:6} {one['rate']:8,} {one['per_cpu_s']:10,} {one['p50_ms']:7} {one['p99_ms']:7}  {ratios}")
    for name in ("live", "me"):
        met = figures["requests"][name]["cpu_ratio"] >= RATIO_GOAL
        print(f"{name}: {'met' if met else 'NOT met'}: at least {RATIO_GOAL} of the bare handler per CPU second")
    logins = figures["logins"]
    met = logins["loop_lag_p99_at_most_s"] <= LAG_GOAL_S
    print(f"{LOGINS} logins at once: {logins}, {'met' if met else 'NOT met'}: at most {LAG_GOAL_S} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement (3)")
    parser.add_argument("--rounds", type=int, default=3, help="the figures are medians of so many (3)")
    parser.add_argument(
        "--storage", choices=("servers", "embedded"), default="servers", help="MongoDB and Redis, or not"
    )
    parser.add_argument("--json", type=Path, help="write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
