"""What a load test came to: for people, as JSON, and in a word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from maoga.loadtest.figures import Calls, Figures, Times
from maoga.loadtest.gauge import Generator, ServerProcess
from maoga.loadtest.options import LoadOptions


@dataclass(frozen=True, slots=True)
class Report:
    """interrupted: before its time."""

    options: LoadOptions
    figures: Figures
    generator: Generator
    servers: Sequence[ServerProcess]
    interrupted: bool

    def problems(self) -> list[str]:
        """What was promised, or asked of the installation, and does not hold; in words."""
        return [*_broken(self.figures), *_beyond(self.figures, self.options)]

    def wire(self) -> dict[str, Any]:
        """As one JSON object."""
        options = self.options
        return {
            "urls": list(options.urls),
            "wanted": {
                "players": options.players,
                "ramp": options.ramp,
                "durationS": options.duration_s,
                "mix": dict(options.mix),
                "paceS": options.pace_s,
            },
            "interrupted": self.interrupted,
            **self.figures.wire(),
            "generator": self.generator.wire(),
            "servers": [server.wire() for server in self.servers],
            "problems": self.problems(),
        }

    def tables(self) -> Iterator[Table]:
        """For people."""
        yield self._times()
        yield self._counts()

    def _times(self) -> Table:
        figures = self.figures
        table = Table("answers", *("count", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms"), "refused")
        calls = {
            "connect": figures.connects,
            **dict(sorted(figures.rest.items())),
            **dict(sorted(figures.acks.items())),
        }
        for name, each in calls.items():
            table.add_row(*_row(name, each.times, figures.seconds), _counted(each))
        table.add_section()
        table.add_row(*_row("message seen by another", figures.delivery, figures.seconds), "")
        table.add_row(*_row("from search to lobby", figures.match, figures.seconds), "")
        for column in table.columns[1:-1]:
            column.justify = "right"
        return table

    def _counts(self) -> Table:
        figures, generator = self.figures, self.generator.wire()
        table = Table("what", "how much", show_header=False)
        table.add_row("players", f"{figures.entered} of {self.options.players} in, for {figures.seconds:.1f} s")
        table.add_row("players gone", _list(figures.gone))
        table.add_row("disconnects", _list(figures.disconnects))
        table.add_row("matches", f"{len(figures.matches)}, of which {len(figures.started)} started")
        table.add_row("messages acked", str(figures.acked))
        table.add_row("looked for in the history", f"{figures.checked}: {figures.lost} lost, {figures.unseen} unseen")
        lag = generator["loopLagMs"]["p99"]
        table.add_row("generator", f"{generator['cpu']:.0%} of a core, its loop late by {lag or 0:g} ms (p99)")
        for server in (each.wire() for each in self.servers):
            before, after = (mib / 2**20 for mib in server["rssBytes"].values())
            cpu = server["cpuSeconds"]
            table.add_row(
                f"server {server['pid']}", f"{cpu:g} s of CPU, {before:.0f} MiB before, {after:.0f} MiB after"
            )
        return table


def _broken(figures: Figures) -> Iterator[str]:
    if not figures.entered or not figures.acks:
        yield "nobody came in"
    if figures.lost:
        yield f"{figures.lost} messages that were acked are not in the history"
    if figures.unseen:
        yield f"of {figures.unseen} messages in the history somebody there was not told"
    for code, count in figures.gone.items():
        yield f"{count} players could not go on: {code}"
    for text, count in figures.faults.items():
        yield f"{count} times this program failed: {text}"


def _beyond(figures: Figures, options: LoadOptions) -> Iterator[str]:
    slowest = figures.slowest_p99()
    if options.max_p99_ms is not None and slowest and slowest[1] > options.max_p99_ms:
        yield f"p99 of {slowest[0]} is {slowest[1]:.1f} ms, more than {options.max_p99_ms:g} ms"
    if options.max_error_rate is not None and figures.error_rate > options.max_error_rate:
        yield f"{figures.error_rate:.2%} of the answers are errors, more than {options.max_error_rate:.2%}"


def _row(name: str, times: Times, seconds: float) -> list[str]:
    per_s = f"{times.count / seconds:.1f}" if seconds else "-"
    return [name, str(times.count), per_s, *("-" if ms is None else f"{ms:.1f}" for ms in times.wire().values())]


def _counted(calls: Calls) -> str:
    return ", ".join(f"{count} {code}" for code, count in calls.errors.most_common())


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "0"
