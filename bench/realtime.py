"""How fast the realtime engine is, beside Node's Socket.IO, stock python-socketio and a bare C server.

    .venv/bin/python bench/realtime.py [--only W1-1000,W2] [--quick] [--json FILE|-] [--markdown FILE|-]

docs/benchmarks.md says what the workloads are, how they are measured and what came out.
"""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository: `realtime` is its package, not this file

from bench.harness import connections, features, instances, report
from bench.harness.build import CACHE, CannotBuild, build_c, install_node
from bench.harness.machine import describe, forget_settings, output_of, raise_file_limit, take_cpus
from bench.harness.messages import Backends, Messages, compare
from bench.harness.plan import Plan, Result, say
from bench.harness.report import Results
from bench.harness.servers import CONTENDERS, NODE, Contender
from tests.support.services import ServiceMissing

OTHER_FILES = 500

ALONE = {
    "W1-200": Messages(clients=200),
    "W1-1000": Messages(clients=1000),
    "W1-5000": Messages(clients=5000),
    "W2": Messages(clients=1000, room_size=5, window=64),
    "W3": Messages(clients=200, window=64, ack=True, rate_share=0.25),
}
TOGETHER = {
    "W5-1000": Messages(clients=1000),
    "W5-rooms": Messages(clients=1000, room_size=5, window=64),
}
OTHERS: dict[str, Callable[[Plan], Result]] = {
    "W3-cost": features.cost_of_features,
    "W4-one": connections.connect_one,
    "W4-four": connections.connect_four,
    "W4-close": connections.close_many,
    "W5-curve": instances.curve,
}
NAMES = sorted([*ALONE, *TOGETHER, *OTHERS], key=lambda name: (name[:2], len(name), name))


def main() -> int:
    arguments = _arguments()
    chosen = [name for name in NAMES if name.startswith(tuple(arguments.only.split(",")))]
    if not chosen:
        say(f"no workload is called {arguments.only}; there are {', '.join(NAMES)}")
        return 2
    try:
        plan = _plan(arguments)
    except CannotBuild as error:
        say(str(error))
        return 1
    results = _earlier(arguments.json)
    for name in chosen:
        try:
            results[name] = _measure(name, plan)
        except ServiceMissing as error:
            say(f"{name} is left out: {error}")
        results = {name: results[name] for name in NAMES if name in results}
        if arguments.json and arguments.json != Path("-"):
            arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    _print(results, arguments)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="W", help=f"beginnings of names, comma-separated; of {', '.join(NAMES)}")
    every = ",".join(one.key for one in CONTENDERS)
    parser.add_argument("--servers", default=every, help=f"those to run, of {every}; rates come from the first")
    parser.add_argument("--runs", type=int, default=3, help="of each server; the figures are medians (3)")
    parser.add_argument("--quick", action="store_true", help="one short run each, and fewer connections: a rough idea")
    parser.add_argument("--json", type=_path, help="write the figures there, keeping those of workloads not run now")
    parser.add_argument("--markdown", type=_path, help="put the tables into this document, between its two marks")
    arguments = parser.parse_args()
    if unknown := set(arguments.servers.split(",")) - {one.key for one in CONTENDERS}:
        parser.error(f"no server is called {', '.join(unknown)}")
    return arguments


def _path(text: str) -> Path:
    """`-` stays what it is; the process will move to another folder."""
    return Path(text) if text == "-" else Path(text).absolute()


def _plan(arguments: argparse.Namespace) -> Plan:
    build_c()
    forget_settings(CACHE)
    files = raise_file_limit()
    plan = Plan(cpus=take_cpus(), contenders=_contenders(arguments.servers), runs=arguments.runs)
    if plan.cpus.server == plan.cpus.load:
        say("only one CPU: server and generator share it, and latencies mean little")
    if arguments.quick:
        plan = replace(plan, runs=1, warm_s=1, seconds=2, idle_s=5, connections=1000, closed=1000)
    if plan.connections + OTHER_FILES > files:
        say(f"`ulimit -Hn` is {files}: fewer connections are held than the {plan.connections:,} of the goals")
        plan = replace(plan, connections=files - OTHER_FILES, closed=min(plan.closed, files - OTHER_FILES))
    return plan


def _contenders(wanted: str) -> tuple[Contender, ...]:
    """Those that were asked for and can be had."""
    chosen = tuple(one for one in CONTENDERS if one.key in wanted.split(","))
    if NODE in chosen:
        try:
            install_node()
        except CannotBuild as error:
            say(f"Node is left out: {error}")
            chosen = tuple(one for one in chosen if one is not NODE)
    return chosen


def _measure(name: str, plan: Plan) -> Result:
    if name in ALONE:
        return compare(name, ALONE[name], plan, plan.contenders, Backends())
    if name in TOGETHER:
        return instances.two_instances(name, TOGETHER[name], plan)
    return OTHERS[name](plan)


def _earlier(file: Path | None) -> Results:
    with suppress(OSError, ValueError):
        if file and file != Path("-"):
            earlier: Results = json.loads(file.read_text())
            return earlier
    return {}


def _print(results: Results, arguments: argparse.Namespace) -> None:
    tables = report.markdown(results, describe(output_of("node", "--version")))
    if arguments.json == Path("-"):
        print(json.dumps(results))
    elif arguments.markdown != Path("-"):
        print(tables)
    if arguments.markdown == Path("-"):
        print(tables)
    elif arguments.markdown:
        arguments.markdown.write_text(report.insert(arguments.markdown.read_text("utf-8"), tables), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
