"""The tables, and which goals are met. Everything is made from the JSON, so that it can be made again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.harness.plan import Result

Results = dict[str, Result]

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

MISSING = "-"
"""What a table shows for no figure."""


@dataclass(frozen=True, slots=True)
class Goal:
    """workload: its name, or a beginning that ends in `-`. met: None when the figures are missing."""

    workload: str
    text: str
    met: Callable[[Result], bool | None]


def _at_least(field: str, least: float) -> Callable[[Result], bool | None]:
    return lambda result: None if result.get(field) is None else result[field] >= least


def _at_most(field: str, most: float) -> Callable[[Result], bool | None]:
    return lambda result: None if result.get(field) is None else result[field] <= most


def _p99_no_worse(result: Result) -> bool | None:
    ours, node = result.get("p99_ms"), result.get("p99_node_ms")
    return None if ours is None or node is None else ours <= node


def _flat(result: Result) -> bool | None:
    received = result.get("received_per_instance_s") or [None]
    return None if None in received or not max(received) else max(received) <= 1.2 * min(received)


GOALS = (
    Goal("W1-", "2.5 x Node saturated", _at_least("ratio_node", 2.5)),
    Goal("W1-", "10 x stock saturated", _at_least("ratio_stock", 10)),
    Goal("W1-", "1.5 x Node in the open loop", _at_least("open_ratio_node", 1.5)),
    Goal("W1-", "p99 no worse than Node's", _p99_no_worse),
    Goal("W2", "1.5 x Node saturated", _at_least("ratio_node", 1.5)),
    Goal("W2", "p99 no worse than Node's", _p99_no_worse),
    Goal("W3", "3 x stock", _at_least("ratio_stock", 3)),
    Goal("W3", "0.5 x Node", _at_least("ratio_node", 0.5)),
    Goal("W4-one", "1,500 connects per CPU second", _at_least("per_cpu_s", 1500)),
    Goal("W4-one", "14 KiB per idle connection", _at_most("kib_per_connection", 14)),
    Goal("W4-one", "idle CPU under 3 %", _at_most("idle_cpu", 0.03)),
    Goal("W4-four", "22 KiB per idle connection", _at_most("kib_per_connection", 22)),
    Goal("W4-close", "engine done within 1 s", _at_most("engine_s", 1)),
    Goal("W4-close", "effects within 5 s", _at_most("quiet_s", 5)),
    Goal("W5-1000", "2 x Node with its adapter", _at_least("ratio_node", 2)),
    Goal("W5-rooms", "2 x Node with its adapter", _at_least("ratio_node", 2)),
    Goal("W5-curve", "flat in the number of instances", _flat),
)

Row = list[str]


def markdown(results: Results, machine: str) -> str:
    """The tables of all workloads there are results for."""
    parts = [
        f"Machine: {machine}.",
        _table(["deliveries per CPU s", *_RATE_HEAD], _rate_rows(results)),
        _table(["open loop at the same rate", *_OPEN_HEAD], _open_rows(results)),
        _table(["CPU us per event", *_COST_FIELDS.values()], _cost_rows(results)),
        _table(["connections", "server", *_CONNECTION_FIELDS.values()], _connection_rows(results)),
        _table(["messages/s from Redis, each instance", *map(str, _instances(results))], _curve_rows(results)),
        _table(["workload", "goal", "met"], _goal_rows(results)),
    ]
    return "\n\n".join(part for part in parts if part)


def insert(document: str, tables: str) -> str:
    """The document with the tables between its two marks; raises `ValueError` when it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


_RATE_HEAD = ["Maoga", "Node", "stock", "stock, tuned GC", "C", "x Node", "x stock", "x tuned", "x C"]
_KEYS = ("maoga", "node", "stock", "stock_gc", "c")


def _rate_rows(results: Results) -> Iterator[Row]:
    for name, result in _of_messages(results):
        servers = result["servers"]
        rates = [_figure(servers.get(key, {}).get("per_cpu_s")) for key in _KEYS]
        yield [name, *rates, *(_figure(result.get(f"ratio_{key}"), 2) for key in _KEYS[1:])]


_OPEN_HEAD = ["offered/s", "x Node per CPU s", "p50 ms", "p99 ms", "Node p50 ms", "Node p99 ms", "C p50 ms", "C p99 ms"]


def _open_rows(results: Results) -> Iterator[Row]:
    for name, result in _of_messages(results):
        servers = result["servers"]
        offered = next((one["open_offered_s"] for one in servers.values()), None)
        latencies = [
            servers.get(key, {}).get(field) for key in ("maoga", "node", "c") for field in ("p50_ms", "p99_ms")
        ]
        yield [name, _figure(offered), _figure(result.get("open_ratio_node"), 2), *(_figure(ms, 2) for ms in latencies)]


_COST_FIELDS = {
    "event_us": "whole event",
    "auth_context_us": "auth context",
    "limits_us": "limits",
    "validation_us": "validation",
    "metrics_us": "metrics",
    "envelope_us": "envelope",
}


def _cost_rows(results: Results) -> Iterator[Row]:
    """The whole is what W3 found."""
    if cost := results.get("W3-cost"):
        per_cpu_s = results.get("W3", {}).get("per_cpu_s")
        whole = {"event_us": 1e6 / per_cpu_s if per_cpu_s else None}
        yield ["W3", *(_figure({**cost, **whole}[field], 2) for field in _COST_FIELDS)]


_CONNECTION_FIELDS = {
    "per_cpu_s": "connects per CPU s",
    "kib_per_connection": "KiB each",
    "idle_cpu": "idle CPU",
    "engine_s": "engine done s",
    "quiet_s": "quiet after s",
}


def _connection_rows(results: Results) -> Iterator[Row]:
    for name, result in results.items():
        if name.startswith("W4"):
            for key, figures in result["servers"].items():
                yield [name, key, *(_figure(figures.get(field), _digits(field)) for field in _CONNECTION_FIELDS)]


def _digits(field: str) -> int:
    return {"per_cpu_s": 0, "idle_cpu": 3}.get(field, 1)


def _instances(results: Results) -> list[int]:
    return list(results.get("W5-curve", {}).get("instances", []))


def _curve_rows(results: Results) -> Iterator[Row]:
    result = results.get("W5-curve", {})
    for title, field in (("Maoga", "received_per_instance_s"), ("Node", "received_per_instance_s_node")):
        if field in result:
            yield [title, *(_figure(value, 1) for value in result[field])]


def _goal_rows(results: Results) -> Iterator[Row]:
    words = {True: "yes", False: "**no**", None: MISSING}
    for name, result in results.items():
        for goal in GOALS:
            if name == goal.workload or (goal.workload.endswith("-") and name.startswith(goal.workload)):
                yield [name, goal.text, words[goal.met(result)]]


def _of_messages(results: Results) -> Iterator[tuple[str, Result]]:
    for name, result in results.items():
        if "open_per_cpu_s" in result:
            yield name, result


def _figure(value: Any, digits: int = 0) -> str:
    return MISSING if value is None else f"{value:,.{digits}f}"


def _table(head: Row, rows: Iterator[Row]) -> str:
    """Empty when there are no rows; columns are padded, so that it can be read as text too."""
    body = list(rows)
    if not body:
        return ""
    widths = [max(3, *map(len, column)) for column in zip(head, *body, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = ([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in (head, rule, *body))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)
