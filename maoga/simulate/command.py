"""`maoga simulate`: files in, files out, and what is wrong with them in words."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
from rich.table import Table

from domain.core.errors import ValidationFailed
from maoga.simulate.scenario import Scenario, not_json, read
from maoga.simulate.simulation import Line, Simulation

T = TypeVar("T")

SHOWN_FAULTS = 20

SHOWN = {
    "matches": "matches",
    "matched": "tickets matched",
    "cancelled": "tickets cancelled",
    "expired": "tickets expired",
    "stillWaiting": "tickets still waiting",
    "waitP50": "wait p50 (s)",
    "waitP95": "wait p95 (s)",
    "waitMax": "longest wait (s)",
    "skillSpreadMean": "skill spread, mean",
    "qualityMean": "quality, mean",
}
"""The figures that are compared, and what they are called."""


class BadInput(Exception):
    """What the files given cannot be used for, a line for each fault."""


def simulate(scenario: Path, out: Path, plot: Path | None) -> Line:
    """Plays the scenario, writes its lines to `out` (`-`: standard output) and the picture; the summary.

    Raises `BadInput`.
    """
    played = _load(scenario, read)
    with _output(out) as write:
        simulation = Simulation(played, write)
        summary = simulation.run()
    if plot:
        _draw(simulation, played.until, plot)
    return _counted(summary)


def replay(recording: Path, rules: Path | None, out: Path | None) -> dict[str, Line]:
    """Plays recorded tickets under their own rules and, if `rules` are given, under those; the summaries by name.

    out: where the lines of the runs go, each with the name of its run. Raises `BadInput`.
    """
    recorded = _load(recording, read)
    runs = {"recorded": recorded}
    if rules:
        runs["changed"] = _load(rules, lambda data: recorded.with_rules(_object(data)))
    summaries = {}
    with _output(out) as write:
        for name, scenario in runs.items():
            summaries[name] = _play(scenario, name, write)
    return summaries


def side_by_side(summaries: dict[str, Line]) -> Table:
    """The figures of the runs and, of two, by how much the second differs from the first."""
    runs = list(summaries.values())
    table = Table("", *summaries, *(["difference"] if len(runs) > 1 else []))
    for field, title in SHOWN.items():
        values = [run[field] for run in runs]
        table.add_row(title, *map(_number, values), *_difference(*values))
    return table


def _difference(before: float | None, *after: float | None) -> Iterator[str]:
    for value in after:
        yield "" if before is None or value is None else f"{value - before:+g}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _play(scenario: Scenario, name: str, write: Callable[[Line], None]) -> Line:
    summary = Simulation(scenario, lambda line: write({"run": name, **line})).run()
    return _counted(summary)


def _counted(summary: Line) -> Line:
    return {**summary, "stillWaiting": len(summary["waiting"])}


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise not_json(error) from None
    if not isinstance(found, dict):
        raise ValidationFailed([{"field": "(file)", "message": "must be one object: the fields of a rule set"}])
    return found


def _load(path: Path, understand: Callable[[bytes], T]) -> T:
    try:
        return understand(sys.stdin.buffer.read() if path == Path("-") else path.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from None
    except ValidationFailed as error:
        lines = [f"{path}: {fault['field']}: {fault['message']}" for fault in error.faults]
        more = [f"and {len(lines) - SHOWN_FAULTS} more"] if len(lines) > SHOWN_FAULTS else []
        raise BadInput("\n".join([*lines[:SHOWN_FAULTS], *more])) from None


@contextmanager
def _output(path: Path | None) -> Iterator[Callable[[Line], None]]:
    """Something that appends a line to the file."""
    if path is None:
        yield lambda line: None
        return
    try:
        file = sys.stdout.buffer if path == Path("-") else path.open("wb")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
    try:
        yield lambda line: _append(file, line)
        file.flush()
    except BrokenPipeError:
        raise BadInput(f"{path}: nobody reads on") from None
    finally:
        if path != Path("-"):
            file.close()


def _append(file: Any, line: Line) -> None:
    file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _draw(simulation: Simulation, until: float, path: Path) -> None:
    from maoga.simulate.plot import plot

    try:
        plot(simulation.figures, until, path)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
