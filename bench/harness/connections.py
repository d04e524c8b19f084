"""W4: what a connection costs while it comes, while it does nothing, and when thousands go at once."""

import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.harness.generator import LoadFailed, Phase, load
from bench.harness.guests import write_tokens
from bench.harness.plan import Plan, Result, median, ratio, say, warn_if_disturbed
from bench.harness.servers import MAOGA, NODE, STOCK, CannotStart, Contender, Instance, running

REAL = "/matchmaking,/lobby,/chat,/social"
LOOK_EVERY_S = 0.05
CLOSE_LIMIT_S = 30.0

Figures = dict[str, float]


def connect_one(plan: Plan) -> Result:
    """Connects per CPU second, memory and idle CPU of many connections with one namespace each."""
    return _compare("W4-one", plan, _one_namespace, better="per_cpu_s")


def connect_four(plan: Plan) -> Result:
    """The same with the four namespaces of a real client; Maoga's clients are as many guests."""
    return _compare("W4-four", plan, _four_namespaces, better="per_cpu_s")


def close_many(plan: Plan) -> Result:
    """The time until a server has dealt with the loss of half of them at once."""
    return _compare("W4-close", plan, _mass_disconnect, better=None)


def _compare(name: str, plan: Plan, measure: Any, better: str | None) -> Result:
    """better: the figure that the ratios are made from, if any; more of it is better."""
    runs: dict[str, list[Figures]] = defaultdict(list)
    contenders = [contender for contender in plan.contenders if contender in {NODE, MAOGA, STOCK}]
    for turn in range(plan.runs):
        for contender in contenders:
            try:
                with running(contender, plan.cpus.server) as (instance,):
                    figures = measure(contender, instance, plan)
            except (CannotStart, LoadFailed) as error:
                say(f"{name}: {contender.title} failed: {error}")
                continue
            runs[contender.key].append(figures)
            say(f"{name} {turn + 1}/{plan.runs} {contender.title}: {_in_words(figures)}")
    servers = {key: _medians(of_one) for key, of_one in runs.items()}
    ours = servers.get(MAOGA.key, {})
    result: Result = dict(ours)
    for key, theirs in servers.items():
        if better and key != MAOGA.key:
            result[f"ratio_{key}"] = ratio(ours.get(better), theirs[better])
    return {**result, "servers": servers}


def _medians(runs: list[Figures]) -> dict[str, float | None]:
    return {name: median(run.get(name) for run in runs) for name in runs[0]}


def _in_words(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.2f}" for name, value in figures.items())


def _one_namespace(contender: Contender, instance: Instance, plan: Plan) -> Figures:
    return _held(load([instance], **_options(contender, plan), namespaces="/bench", idle=plan.idle_s), plan)


def _four_namespaces(contender: Contender, instance: Instance, plan: Plan) -> Figures:
    with _admission(contender, instance, plan.connections) as admission:
        phases = load([instance], **_options(contender, plan), namespaces=REAL, idle=plan.idle_s, **admission)
    return _held(phases, plan)


def _mass_disconnect(contender: Contender, instance: Instance, plan: Plan) -> Figures:
    options = {**_options(contender, plan), "clients": plan.closed}
    with _admission(contender, instance, plan.closed) as admission:
        if contender is not MAOGA:
            return _closed(load([instance], **options, namespaces=REAL, close=CLOSE_LIMIT_S, **admission))
        with _watching(instance) as gone_s:
            phases = load([instance], **options, namespaces=REAL, close=CLOSE_LIMIT_S, **admission)
        began_s = phases["close"]["began_s"]
        engine_s = next((at - began_s for at in gone_s if at > began_s), CLOSE_LIMIT_S)
        return {"engine_s": round(engine_s, 2), **_closed(phases)}


def _options(contender: Contender, plan: Plan) -> dict[str, Any]:
    return {"label": contender.key, "clients": plan.connections, "sleep": True}


@contextmanager
def _admission(contender: Contender, instance: Instance, count: int) -> Iterator[dict[str, Any]]:
    """What the generator needs to be let into the real namespaces; the baselines let everybody in."""
    if contender is not MAOGA:
        yield {"auth": '{"token":"none"}'}
        return
    with TemporaryDirectory(prefix="maoga-bench-") as folder:
        tokens = Path(folder) / "tokens"
        write_tokens(f"http://127.0.0.1:{instance.port}", count, tokens)
        yield {"auth": '{"token":"%s"}', "tokens": tokens}


def _held(phases: dict[str, Phase], plan: Plan) -> Figures:
    connect, idle = phases["connect"], phases["idle"]
    warn_if_disturbed(connect["label"], connect)
    if idle["up"] < plan.connections:
        raise LoadFailed(f"only {idle['up']} connections were held")
    return {
        "per_cpu_s": connect["up_per_cpu_s"],
        "p99_ms": round(connect["p99_us"] / 1000, 1),
        "kib_per_connection": idle["kib_per_client"],
        "idle_cpu": round(idle["server_cpu"], 4),
    }


def _closed(phases: dict[str, Phase]) -> Figures:
    return {"quiet_s": phases["close"]["quiet_s"], "cpu_s": phases["close"]["server_cpu_s"]}


@contextmanager
def _watching(instance: Instance) -> Iterator[list[float]]:
    """Notes in the list, by the monotonic clock, when the server counts no sockets any more; then it is left alone.

    To be asked for all its metrics twenty times a second takes a fifth of its CPU.
    """
    empty_at: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        occupied = False
        while not (occupied and empty_at) and not stop.wait(LOOK_EVERY_S):
            if _sockets(instance):
                occupied = True
            elif occupied:
                empty_at.append(time.monotonic())

    thread = threading.Thread(target=watch, name="sockets", daemon=True)
    thread.start()
    try:
        yield empty_at
    finally:
        stop.set()
        thread.join(timeout=CLOSE_LIMIT_S)


def _sockets(instance: Instance) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{instance.metrics_port}/metrics", timeout=CLOSE_LIMIT_S) as response:
        lines = response.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("maoga_sockets{"))
