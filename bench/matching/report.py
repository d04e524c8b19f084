"""The tables of the matchmaking's figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

BEGIN, END = "<!-- matchmaking: begin -->", "<!-- matchmaking: end -->"

WORTH = {
    "spread": "skill spread",
    "gap": "predicted gap",
    "region": "region kept",
    "language": "language kept",
    "wait_p50": "wait p50",
    "wait_p95": "p95",
    "wait_max": "max",
    "decile_gap": "between skill deciles",
    "region_gap": "between regions",
    "matched": "matched",
}


def markdown(results: Json) -> str:
    """The tables of the parts there are."""
    parts = [f"Machine: {results['machine']}."]
    if found := results.get("throughput"):
        parts += [
            _throughput(found),
            f"Cost grows with n^{found['growthCold']} cold, n^{found['growthSteady']} steady.",
        ]
    if found := results.get("optimum"):
        parts.append(_optimum(found))
    if found := results.get("quality"):
        parts += [_equal(found), _worth(found)]
    return "\n\n".join(parts)


def renew(path: Path, text: str) -> None:
    """Puts the tables in the place of those in the file; raises `ValueError` where it has no such place."""
    if path == Path("-"):
        print(text)
        return
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no {BEGIN} ... {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _throughput(found: Json) -> str:
    fields = {"coldMs": "cold", "steadyMs": "steady", "leftMs": "left over", "mib": "MiB"}
    greedy = {"greedyColdMs": "greedy cold", "greedySteadyMs": "greedy steady"}
    return _table(
        ["tickets waiting", *(f"{name} (CPU ms)" if name != "MiB" else name for name in {**fields, **greedy}.values())],
        [
            [f"{row['tickets']:,}", *(_number(row.get(field)) for field in {**fields, **greedy})]
            for row in found["rows"]
        ],
    )


def _optimum(found: Sequence[Json]) -> str:
    fields = {"players": "players", "asMany": "pools with as many", "spreadOver": "more spread", "cpuMs": "CPU ms"}
    return _table(
        ["small pools of", "tickets", "pools proven"]
        + [f"{name} ({who})" for who in ("search", "matcher") for name in fields.values()],
        [
            [
                one["pool"],
                f"{one['tickets']}",
                f"{one['proven']}",
                *(_number(one[who][field]) for who in ("search", "matcher") for field in fields),
            ]
            for one in found
        ],
    )


def _equal(found: Sequence[Json]) -> str:
    head = ["scenario", "plain greedy: p95 wait (s)", "spread", "ours at that p95", "ratio", "over seeds"]
    return _table(
        [*head, "ours by default: p95 wait (s)", "spread", "held greedy at that p95", "ratio", "over seeds"],
        [
            [
                one["scenario"],
                _number(one["greedy"]["wait_p95"]),
                _number(one["greedy"]["spread"]),
                _number(one["oursAtPlainP95"]),
                *_ratio(one, "toPlain"),
                _number(one["ours"]["wait_p95"]),
                _number(one["ours"]["spread"]),
                _number(one["heldAtOurP95"]),
                *_ratio(one, "toHeld"),
            ]
            for one in found
        ],
    )


def _ratio(one: Json, field: str) -> list[str]:
    least, *_, most = one[f"{field}OverSeeds"] * 2
    return [f"{one[field]:.2f}", f"{least:.2f} to {most:.2f}"]


def _worth(found: Sequence[Json]) -> str:
    return _table(
        ["scenario", "by", *WORTH.values()],
        [
            [one["scenario"] if who == "ours" else "", who, *(_number(one[who][field]) for field in WORTH)]
            for one in found
            for who in ("ours", "greedy")
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"
