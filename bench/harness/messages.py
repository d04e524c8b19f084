"""W1, W2, W3 and W5: messages per CPU second of the server, and latency at a rate that all are given alike."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.harness.generator import LoadFailed, Phase, load
from bench.harness.plan import Plan, Result, median, ratio, say, warn_if_disturbed
from bench.harness.servers import MAOGA, NODE, CannotStart, Contender, running

NAMESPACE = "/bench"


@dataclass(frozen=True, slots=True)
class Messages:
    """clients, in rooms of `room_size` (0: in one). window: messages outstanding when saturated. ack: echo instead.

    rate_share: of the saturated rate of Node that the open loop offers to everybody.
    """

    clients: int
    room_size: int = 0
    window: int = 4
    ack: bool = False
    rate_share: float = 0.5

    @property
    def per_message(self) -> int:
        """Deliveries, or acks, that a message causes."""
        return 1 if self.ack else self.room_size or self.clients


@dataclass(frozen=True, slots=True)
class Backends:
    """What the instances share; one alone, with nothing to share, by default."""

    redis_urls: tuple[str | None, ...] = (None,)
    database_url: str | None = None


Run = dict[str, Phase]
Runs = dict[str, list[Run]]
"""The runs of each contender, by its key."""


def compare(name: str, workload: Messages, plan: Plan, contenders: Sequence[Contender], backends: Backends) -> Result:
    """Runs the contenders in turn, so that a busy minute of the machine meets them all."""
    runs: Runs = defaultdict(list)
    rate: float | None = None
    for turn in range(plan.runs):
        for contender in contenders:
            try:
                phases = _run(contender, workload, plan, backends, rate)
            except (CannotStart, LoadFailed) as error:
                say(f"{name}: {contender.title} failed: {error}")
                continue
            rate = rate or phases["saturated"]["done_s"] / workload.per_message * workload.rate_share
            runs[contender.key].append(phases)
            _tell(f"{name} {turn + 1}/{plan.runs} {contender.title}", phases, alone=len(backends.redis_urls) == 1)
    return _result(runs)


def _run(contender: Contender, workload: Messages, plan: Plan, backends: Backends, rate: float | None) -> Run:
    """rate: of the open loop in messages per second; None takes it from this very run."""
    fixed = {"rate": rate, "rate_for": plan.seconds}
    own = {"half": plan.seconds, "half_percent": workload.rate_share * 100}
    with running(contender, plan.cpus.server, backends.redis_urls, backends.database_url) as instances:
        phases = load(
            instances,
            label=contender.key,
            namespaces=NAMESPACE,
            clients=workload.clients,
            room_size=workload.room_size,
            window=workload.window,
            ack=workload.ack,
            sleep=len(instances) > 1,  # Redis has to get its share of the generator's CPU
            warm=plan.warm_s,
            saturate=plan.seconds,
            **(fixed if rate else own),
        )
    if phases["saturated"]["stalled"]:
        raise LoadFailed("messages were lost: not all clients were reached")
    return phases


def _tell(title: str, phases: Run, alone: bool) -> None:
    saturated, opened = phases["saturated"], phases["open"]
    p50, p99 = _ms(opened, "p50_us"), _ms(opened, "p99_us")
    say(
        f"{title:32} {saturated['done_per_cpu_s']:9,.0f} per CPU s saturated (CPU {saturated['server_cpu']:.2f}, "
        f"generator {saturated['own_busy']:.2f}); open {opened['done_per_cpu_s']:9,.0f}, p50 {p50} ms, p99 {p99} ms"
        f"{'' if opened['kept_up'] else ', fell behind'}"
    )
    if alone:
        warn_if_disturbed(title, saturated, opened)


def _ms(phase: Phase, field: str) -> float:
    return round(float(phase[field]) / 1000, 2)


def _result(runs: Runs) -> Result:
    servers = {key: _medians(of_one) for key, of_one in runs.items()}
    ours, node = servers.get(MAOGA.key, {}), servers.get(NODE.key, {})
    result: Result = {"per_cpu_s": ours.get("per_cpu_s"), "open_per_cpu_s": ours.get("open_per_cpu_s")}
    for key, theirs in servers.items():
        if key != MAOGA.key:
            result[f"ratio_{key}"] = ratio(ours.get("per_cpu_s"), theirs["per_cpu_s"])
            result[f"open_ratio_{key}"] = ratio(ours.get("open_per_cpu_s"), theirs["open_per_cpu_s"])
    for field in ("p50", "p99"):
        result[f"{field}_ms"], result[f"{field}_node_ms"] = ours.get(f"{field}_ms"), node.get(f"{field}_ms")
    return {**result, "servers": servers}


def _medians(runs: list[Run]) -> dict[str, Any]:
    """A server that fell behind in most runs has no figures for the open loop: they would say what the queue held."""
    saturated = [run["saturated"] for run in runs]
    opened = [run["open"] for run in runs if run["open"]["kept_up"]]
    if len(opened) * 2 <= len(runs):
        opened = []
    return {
        "runs": len(runs),
        "per_cpu_s": median(phase["done_per_cpu_s"] for phase in saturated),
        "per_s": median(phase["done_s"] for phase in saturated),
        "waited": median(phase["server_waited"] for phase in saturated),
        "open_offered_s": median(run["open"]["offered_s"] for run in runs),
        "open_per_cpu_s": median(phase["done_per_cpu_s"] for phase in opened),
        "p50_ms": median(_ms(phase, "p50_us") for phase in opened),
        "p99_ms": median(_ms(phase, "p99_us") for phase in opened),
    }
