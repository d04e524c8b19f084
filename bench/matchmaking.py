"""How quick the matchmaking is and how good its matches are, beside a greedy baseline in the same run.

    .venv/bin/python bench/matchmaking.py [--quick] [--only PART,...] [--json FILE|-] [--markdown FILE|-]

docs/benchmarks.md says what is measured and how, and what came out.
"""

import argparse
import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository: `bench` is its package

from bench.harness.machine import describe
from bench.matching import pools, quality, report, throughput

Json = dict[str, Any]

SIZES = (1000, 3000, 10_000, 30_000, 100_000)
QUICK_SIZES = (1000, 3000)
SEEDS = 3
QUICK_SCENARIOS = ("steady", "premade-heavy")


def main() -> int:
    arguments = _arguments()
    parts: dict[str, Callable[[], Any]] = {
        "throughput": lambda: throughput.curve(QUICK_SIZES if arguments.quick else SIZES, _say),
        "optimum": lambda: list(pools.compare(pools=3 if arguments.quick else 10, seed=arguments.seed)),
        "quality": lambda: _quality(arguments.quick, arguments.seed),
    }
    chosen = arguments.only.split(",")
    if unknown := [name for name in chosen if name not in parts]:
        _say(f"there is no part {', '.join(unknown)}; there are {', '.join(parts)}")
        return 2
    results: Json = {"machine": describe(None)}
    for name in chosen:
        _say(f"{name} ...")
        results[name] = parts[name]()
    if arguments.json:
        _write(arguments.json, json.dumps(results, indent=2) + "\n")
    if arguments.markdown:
        report.renew(arguments.markdown, report.markdown(results))
    if not arguments.json and not arguments.markdown:
        print(report.markdown(results))
    return 0


def _quality(quick: bool, seed: int) -> list[Json]:
    """The scenarios, as many at once as there are processors: nothing here is timed."""
    names = QUICK_SCENARIOS if quick else tuple(quality.names())
    seeds = range(seed, seed + (1 if quick else SEEDS))
    play = partial(quality.over_seeds, seeds=seeds, players=1500 if quick else None)
    found = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        for one in processes.map(play, names):
            found.append(one)
            _say(f"  {one['scenario']}: at the same p95 wait {one['toPlainOverSeeds']} of the baseline's spread")
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small pools and two scenarios: a rough idea in minutes")
    parser.add_argument("--only", default="throughput,optimum,quality", help="parts to run, comma-separated")
    parser.add_argument("--seed", type=int, default=1, help="of the scenarios")
    parser.add_argument("--json", nargs="?", const=Path("-"), type=Path, help="write one object of the figures")
    parser.add_argument("--markdown", nargs="?", const=Path("-"), type=Path, help="renew the tables in this file")
    return parser.parse_args()


def _write(path: Path, text: str) -> None:
    if path == Path("-"):
        print(text, end="")
    else:
        path.write_text(text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
