"""Whether the time of an answer tells who has an account: known and unknown ones are tried in random order.

    .venv/bin/python bench/auth_timing.py [--count 150] [--cost 8] [--plot FILE.png] [--json FILE]

Shown are the deciles of both distributions and the share of pairs in which the known account took longer: 0.5 says that
nothing can be told. Its interval is that of 99 % of shuffles in which there is nothing to tell. The lower the cost of
hashing the harder the test: at cost 8 a hash takes a sixteenth of the default's time, and hides that much less.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository, before this folder

import aiohttp
import numpy as np
from numpy.typing import NDArray

from bench.harness.machine import describe, forget_settings, take_cpus
from bench.harness.servers import MAOGA, Instance, Site, running

ACCOUNTS = 20
PASSWORD, WRONG = "plough kiwi tundra", "tundra kiwi plough"
SHUFFLES = 2000
WARM_UP = 10

Times = NDArray[np.float64]


def main() -> None:
    arguments = _arguments()
    cpus = take_cpus()

    def env(site: Site) -> dict[str, str]:
        return {**MAOGA.env(site), "MAOGA_BENCH": "0", "MAOGA_BCRYPT_COST": str(arguments.cost)}

    with tempfile.TemporaryDirectory() as folder:
        forget_settings(Path(folder))
        with running(replace(MAOGA, env=env), cpus.server) as (server,):
            times = asyncio.run(_measured(server, arguments.count))
    figures = {name: _figure(*pair) for name, pair in times.items()}
    _print(figures, arguments.cost)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if arguments.plot:
        _plot(times, arguments.plot)


async def _measured(server: Instance, count: int) -> dict[str, tuple[Times, Times]]:
    """Milliseconds of the answers by kind of request, for known and for unknown accounts."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}/api/v1/") as http:
        for n in range(ACCOUNTS):
            body = {"email": f"known-{n}@example.test", "username": f"known-{n}", "password": PASSWORD}
            await _asked(http, "auth/register", body, 201)
        kinds = [(kind, known) for kind in ("login", "login by email", "reset") for known in (True, False)]
        asked = kinds * count
        random.shuffle(asked)
        found: dict[tuple[str, bool], list[float]] = defaultdict(list)
        for kind, known in kinds * WARM_UP:
            await _one(http, kind, known)
        for kind, known in asked:
            found[kind, known].append(await _one(http, kind, known))
    return {kind: (np.array(found[kind, True]), np.array(found[kind, False])) for kind, known in kinds if known}


async def _one(http: aiohttp.ClientSession, kind: str, known: bool) -> float:
    name = f"{'known' if known else 'nobody'}-{random.randrange(ACCOUNTS)}"
    if kind == "reset":
        return await _asked(http, "auth/reset-password", {"email": f"{name}@example.test"}, 202)
    credential = name if kind == "login" else f"{name}@example.test"
    return await _asked(http, "auth/login", {"credential": credential, "password": WRONG}, 401)


async def _asked(http: aiohttp.ClientSession, path: str, body: dict[str, str], status: int) -> float:
    """How many milliseconds the answer took."""
    started = time.perf_counter()
    async with http.post(path, json=body) as response:
        text = await response.text()
        taken = time.perf_counter() - started
        assert response.status == status, text
    return taken * 1000


def _figure(known: Times, unknown: Times) -> dict[str, Any]:
    pooled, shuffled = np.concatenate([known, unknown]), np.random.default_rng(1)
    chance = []
    for _ in range(SHUFFLES):
        mixed = shuffled.permutation(pooled)
        chance.append(_longer(mixed[: len(known)], mixed[len(known) :]))
    low, high = np.quantile(chance, [0.005, 0.995])
    share = _longer(known, unknown)
    return {
        "known": [round(float(value), 2) for value in np.quantile(known, np.arange(0.1, 1, 0.1))],
        "unknown": [round(float(value), 2) for value in np.quantile(unknown, np.arange(0.1, 1, 0.1))],
        "known_longer": round(share, 3),
        "by_chance": [round(float(low), 3), round(float(high), 3)],
        "indistinguishable": bool(low <= share <= high),
    }


def _longer(one: Times, other: Times) -> float:
    """The share of pairs in which `one` took longer (the statistic of Mann and Whitney)."""
    below = np.searchsorted(np.sort(other), one, side="left").sum()
    until = np.searchsorted(np.sort(other), one, side="right").sum()
    return float((below + until) / 2 / (len(one) * len(other)))


def _print(figures: dict[str, Any], cost: int) -> None:
    print(f"{describe(None)}, bcrypt cost {cost}; deciles in ms")
    for name, figure in figures.items():
        for who in ("known", "unknown"):
            print(f"{name:15} {who:8}" + "".join(f"{value:9.2f}" for value in figure[who]))
        low, high = figure["by_chance"]
        told = "nothing can be told" if figure["indistinguishable"] else "IT CAN BE TOLD"
        print(f"{name:15} known took longer in {figure['known_longer']:.1%} of pairs ({low:.1%} to {high:.1%}): {told}")


def _plot(times: dict[str, tuple[Times, Times]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(times), figsize=(4 * len(times), 3), layout="constrained")
    for axis, (name, pair) in zip(axes, times.items(), strict=True):
        for who, values in zip(("known", "unknown"), pair, strict=True):
            axis.ecdf(values, label=who)
        axis.set(title=name, xlabel="ms", xlim=np.quantile(np.concatenate(pair), [0, 0.98]))
        axis.legend()
    figure.savefig(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=150, help="requests of each kind (150)")
    parser.add_argument("--cost", type=int, default=8, help="of bcrypt (8); servers use 12")
    parser.add_argument("--plot", type=Path, help="draw the distributions there")
    parser.add_argument("--json", type=Path, help="write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
